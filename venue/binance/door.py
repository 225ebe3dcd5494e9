"""The door: a REST request comes in, is weighed, checked, answered or sabotaged, and goes out with its headers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.answers import Answer
from venue.binance.call import Call
from venue.binance.errors import WireError, from_refusal
from venue.binance.routes import Endpoint, endpoint_for
from venue.binance.sabotage import sabotage
from venue.binance.security import Security, account_for, check_signed
from venue.core.refusal import Refused
from venue.faults import REQUEST_KINDS
from venue.hub import Hub
from venue.visit import Visit as AnyVisit

if TYPE_CHECKING:
    from venue.venue import Venue

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


async def serve_rest(venue: "Venue", request: web.Request) -> web.StreamResponse:
    endpoint = endpoint_for(request.method, request.path)
    if endpoint is None:
        text = f"Path {request.path}, Method {request.method} is invalid"
        return refusal_answer(WireError(-5000, text, 404)).response()
    visit = await arrive(venue, request, endpoint)
    try:
        admit(visit)
    except WireError as error:
        answer = refusal_answer(error)
        visit.done(answer)
        answer.headers |= visit.headers()
        return answer.response()
    return await answer_visit(visit)


async def arrive(venue: "Venue", request: web.Request, endpoint: Endpoint) -> Visit:
    body = (await request.read()).decode("utf-8", errors="replace")
    query = request.rel_url.raw_query_string
    params = dict(parse_qsl(query, keep_blank_values=True)) | dict(parse_qsl(body, keep_blank_values=True))
    key = request.headers.get("X-MBX-APIKEY", "")
    call = Call(venue=venue, method=request.method, path=request.path, params=params, key=key)
    return Visit(
        venue=venue,
        request=request,
        endpoint=endpoint,
        call=call,
        payload=query + body,
        address=request.remote or "",
        number=venue.next_request(),
    )


def admit(visit: Visit) -> None:
    """Weight, key, time, signature, order count, in this order. Raises WireError."""
    venue, endpoint, now = visit.venue, visit.endpoint, visit.venue.clock.now_ms()
    visit.received()
    venue.limits.spend(visit.address, endpoint.weight(visit.call.params), now)
    if endpoint.security is not Security.NONE:
        visit.call.account_or_none = account_for(venue.floor, visit.call.key)
    if endpoint.security is Security.SIGNED:
        check_signed(visit.call.account, visit.call.params, visit.payload, now)
    if endpoint.orders:
        venue.limits.count_order(visit.call.account.name, now, endpoint.orders)


async def answer_visit(visit: Visit) -> web.StreamResponse:
    fault = visit.venue.faults.meet(REQUEST_KINDS, visit.target()) if visit.venue.faults.active else None
    if fault is not None:
        return await sabotage(visit, fault)
    return (await visit.honestly()).response()
