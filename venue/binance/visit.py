"""One request on its way through Binance's door: its order's name, its answer, its headers."""

from dataclasses import dataclass

from venue.answers import Answer
from venue.binance.call import Call
from venue.binance.errors import WireError, from_refusal
from venue.binance.routes import Endpoint
from venue.binance.security import Security
from venue.core.refusal import Refused
from venue.hub import Hub
from venue.visit import Visit as AnyVisit

CLIENT_ID_NAMES = ("newClientOrderId", "origClientOrderId", "clientAlgoId")


@dataclass(slots=True, kw_only=True)
class Visit(AnyVisit):
    """One request on its way through."""

    call: Call
    endpoint: Endpoint
    payload: str
    address: str

    @property
    def client_id(self) -> str:
        return next((self.call.params[n] for n in CLIENT_ID_NAMES if self.call.params.get(n)), "")

    @property
    def hub(self) -> Hub:
        return self.venue.hub

    @property
    def is_signed(self) -> bool:
        return self.endpoint.security is Security.SIGNED

    @property
    def is_order_entry(self) -> bool:
        return self.endpoint.is_order_entry

    def execute(self) -> Answer:
        answer = self._answer()
        if self.call.method != "GET":
            self.venue.commit(self.call.account_or_none)
        return answer

    def _answer(self) -> Answer:
        try:
            return Answer(status=200, body=self.endpoint.handler(self.call))
        except WireError as error:
            return self._refused(error)
        except Refused as refusal:
            return self._refused(from_refusal(refusal))

    def _refused(self, error: WireError) -> Answer:
        self.refused(error.code, error.msg)
        return refusal_answer(error)

    def code_of(self, answer: Answer) -> int | None:
        body = answer.body if answer.status >= 400 and isinstance(answer.body, dict) else {}
        code = body.get("code")
        return code if isinstance(code, int) else None

    def headers(self) -> dict[str, str]:
        now = self.venue.clock.now_ms()
        found = {"X-MBX-USED-WEIGHT-1M": str(self.venue.limits.used(self.address, now))}
        if self.endpoint.orders:
            ten, minute = self.venue.limits.order_counts(self.account_name, now)
            found |= {"X-MBX-ORDER-COUNT-10S": str(ten), "X-MBX-ORDER-COUNT-1M": str(minute)}
        return found


def refusal_answer(error: WireError) -> Answer:
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Answer(status=error.status, body=error.body(), headers=headers)
