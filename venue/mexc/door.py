"""The door: a REST request comes in, is counted, checked, answered or sabotaged: HTTP 200, success or a code."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.answers import Answer
from venue.asking import as_text
from venue.core.refusal import Refused
from venue.faults import REQUEST_KINDS
from venue.hub import Hub
from venue.mexc.call import Call
from venue.mexc.contracts import venue_symbol
from venue.mexc.errors import MexcError, failure, from_refusal, success
from venue.mexc.routes import Endpoint, endpoint_for
from venue.mexc.sabotage import sabotage
from venue.mexc.security import account_for, check_signed
from venue.mexc.spot import serve_spot
from venue.visit import Visit as AnyVisit

if TYPE_CHECKING:
    from venue.venue import Venue

SPOT = "/api/v3/"
NO_SUCH_PATH = MexcError(404, "Not Found", 404)


@dataclass(slots=True, kw_only=True)
class Visit(AnyVisit):
    """One request on its way through."""

    call: Call
    endpoint: Endpoint
    payload: str

    @property
    def client_id(self) -> str:
        return self.call.params.get("externalOid", "")

    @property
    def symbol(self) -> str:
        """As the venue calls it, so that a fault aims at one instrument whatever the dialect."""
        named = self.call.params.get("symbol", "")
        return venue_symbol(named) if named else ""

    @property
    def hub(self) -> Hub:
        return self.venue.mexc.hub

    @property
    def is_signed(self) -> bool:
        return self.endpoint.is_signed

    @property
    def is_order_entry(self) -> bool:
        return self.endpoint.is_order_entry

    def execute(self) -> Answer:
        answer = perform(self.venue, self.call, self.endpoint)
        if code_of(answer):
            self.refused(code_of(answer), text_of(answer))
        return answer

    def code_of(self, answer: Answer) -> int:
        return code_of(answer)

    def headers(self) -> dict[str, str]:
        return {}


def perform(venue: "Venue", call: Call, endpoint: Endpoint) -> Answer:
    """The handler's answer in its envelope; what it did is kept."""
    try:
        return Answer(status=200, body=success(endpoint.handler(call)))
    except MexcError as error:
        return refusal_answer(error)
    except Refused as refusal:
        return refusal_answer(from_refusal(refusal))
    finally:
        if call.method != "GET":
            venue.commit(call.account_or_none)


def refusal_answer(error: MexcError) -> Answer:
    return Answer(status=error.status, body=failure(error.code, error.text))


def code_of(answer: Answer) -> int:
    code = answer.body.get("code", 0) if isinstance(answer.body, dict) else 0
    assert isinstance(code, int), f"a code is a number, not {code!r}"
    return code


def text_of(answer: Answer) -> str:
    return str(answer.body.get("message", "")) if isinstance(answer.body, dict) else ""


async def serve_v1(venue: "Venue", request: web.Request) -> web.StreamResponse:
    if request.path.startswith(SPOT):
        return serve_spot(venue, request)
    found = endpoint_for(request.method, request.path)
    if found is None:
        return refusal_answer(NO_SUCH_PATH).response()
    try:
        visit = await arrive(venue, request, *found)
    except MexcError as error:
        return refusal_answer(error).response()
    try:
        admit(visit)
    except MexcError as error:
        answer = refusal_answer(error)
        visit.done(answer)
        return answer.response()
    fault = venue.faults.meet(REQUEST_KINDS, visit.target()) if venue.faults.active else None
    if fault is not None:
        return await sabotage(visit, fault)
    return (await visit.honestly()).response()


async def arrive(venue: "Venue", request: web.Request, endpoint: Endpoint, parts: dict[str, str]) -> Visit:
    """What stands in the path counts more than what else says the same."""
    body = (await request.read()).decode("utf-8", errors="replace")
    query = request.rel_url.raw_query_string
    is_post = request.method == "POST"
    named, rows = read_json(body) if is_post else (dict(parse_qsl(query, keep_blank_values=True)), [])
    call = Call(
        venue=venue,
        method=request.method,
        path=request.path,
        params=named | parts,
        key=request.headers.get("ApiKey", ""),
        rows=rows,
    )
    payload = body if is_post else query
    return Visit(
        venue=venue, request=request, endpoint=endpoint, call=call, payload=payload, number=venue.next_request()
    )


def read_json(body: str) -> tuple[dict[str, str], list[object]]:
    """Values as a query string would carry them, numbers exactly as written; or the rows of a list."""
    try:
        found = json.loads(body or "{}", parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise MexcError(601, "Data parsing error") from None
    if isinstance(found, list):
        return {}, found
    if not isinstance(found, dict):
        raise MexcError(601, "Data parsing error")
    return {str(k): json.dumps(v) if isinstance(v, list | dict) else as_text(v) for k, v in found.items()}, []


def admit(visit: Visit) -> None:
    """Key, time, signature, rate: in this order. Raises MexcError."""
    venue, endpoint, now = visit.venue, visit.endpoint, visit.venue.clock.now_ms()
    visit.received()
    if not endpoint.is_signed:
        venue.mexc.limits.count_address(visit.request.remote or "", endpoint.route, endpoint.rate, now)
        return
    account = account_for(venue.floor, visit.call.key)
    visit.call.account_or_none = account
    check_signed(account, visit.request.headers, visit.payload, now)
    venue.mexc.limits.count_account(account.name, endpoint.route, endpoint.rate, now)
