"""The door: a REST request comes in, is counted, checked, answered or sabotaged: HTTP 200, and a retCode."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.answers import Answer
from venue.asking import as_text
from venue.bybit.call import CATEGORY, Call
from venue.bybit.errors import BybitError, JsonObject, envelope, from_refusal
from venue.bybit.routes import Endpoint, endpoint_for
from venue.bybit.sabotage import sabotage
from venue.bybit.security import account_for, check_signed
from venue.core.refusal import Refused
from venue.faults import REQUEST_KINDS
from venue.hub import Hub
from venue.visit import Visit as AnyVisit

if TYPE_CHECKING:
    from venue.venue import Venue

NEEDS_CATEGORY = re.compile(r"/v5/(order/(?!disconnected)|position/|execution/)")


@dataclass(slots=True, kw_only=True)
class Visit(AnyVisit):
    """One request on its way through."""

    call: Call
    endpoint: Endpoint
    payload: str

    @property
    def client_id(self) -> str:
        return self.call.params.get("orderLinkId", "")

    @property
    def hub(self) -> Hub:
        return self.venue.bybit.hub

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
        """What is left of the account's requests in this second."""
        account = self.call.account_or_none
        if account is None:
            return {}
        now = self.venue.clock.now_ms()
        return self.venue.bybit.limits.headers(account.name, self.call.path, self.endpoint.per_second, now)


def perform(venue: "Venue", call: Call, endpoint: Endpoint) -> Answer:
    """The handler's answer in its envelope; what it did is kept."""
    now = venue.clock.now_ms()
    try:
        result = answer_of(call, endpoint)
    except BybitError as error:
        return refusal_answer(error, now)
    except Refused as refusal:
        return refusal_answer(from_refusal(refusal), now)
    finally:
        if call.method != "GET":
            venue.commit(call.account_or_none)
    extra = result.pop("retExtInfo", {})
    return Answer(status=200, body={**envelope(result, now), "retExtInfo": extra})


def answer_of(call: Call, endpoint: Endpoint) -> JsonObject:
    """Only linear contracts are here: of the others there are none."""
    category = call.params.get("category", "" if NEEDS_CATEGORY.match(call.path) else CATEGORY)
    if category == CATEGORY:
        return endpoint.handler(call)
    if call.method == "GET" and category in ("spot", "inverse", "option"):
        return {"category": category, "list": [], "nextPageCursor": ""}
    raise BybitError(10001, "Illegal category")


def refusal_answer(error: BybitError, now_ms: int) -> Answer:
    return Answer(status=error.status, body=envelope({}, now_ms, error.code, error.text))


def code_of(answer: Answer) -> int:
    code = answer.body.get("retCode", 0) if isinstance(answer.body, dict) else 0
    assert isinstance(code, int), f"a retCode is a number, not {code!r}"
    return code


def text_of(answer: Answer) -> str:
    return str(answer.body.get("retMsg", "")) if isinstance(answer.body, dict) else ""


async def serve_v5(venue: "Venue", request: web.Request) -> web.StreamResponse:
    now, endpoint = venue.clock.now_ms(), endpoint_for(request.method, request.path)
    if endpoint is None:
        return refusal_answer(BybitError(10017, "Route not found.", 404), now).response()
    try:
        visit = await arrive(venue, request, endpoint)
    except BybitError as error:
        return refusal_answer(error, now).response()
    try:
        admit(visit)
    except BybitError as error:
        answer = refusal_answer(error, now)
        answer.headers |= visit.headers()
        visit.done(answer)
        return answer.response()
    fault = venue.faults.meet(REQUEST_KINDS, visit.target()) if venue.faults.active else None
    if fault is not None:
        return await sabotage(visit, fault)
    return (await visit.honestly()).response()


async def arrive(venue: "Venue", request: web.Request, endpoint: Endpoint) -> Visit:
    body = (await request.read()).decode("utf-8", errors="replace")
    query = request.rel_url.raw_query_string
    params = dict(parse_qsl(query, keep_blank_values=True)) if request.method == "GET" else read_json(body)
    key = request.headers.get("X-BAPI-API-KEY", "")
    call = Call(venue=venue, method=request.method, path=request.path, params=params, key=key)
    payload = query if request.method == "GET" else body
    return Visit(
        venue=venue, request=request, endpoint=endpoint, call=call, payload=payload, number=venue.next_request()
    )


def read_json(body: str) -> dict[str, str]:
    """Values as a query string would carry them; lists stay JSON."""
    try:
        found = json.loads(body or "{}")
    except (ValueError, RecursionError):
        raise BybitError(10001, "params error: body is not JSON") from None
    if not isinstance(found, dict):
        raise BybitError(10001, "params error: body is not a JSON object")
    return {str(k): json.dumps(v) if isinstance(v, list | dict) else as_text(v) for k, v in found.items()}


def admit(visit: Visit) -> None:
    """Address, key, time, signature, rate: in this order. Raises BybitError."""
    venue, endpoint, now = visit.venue, visit.endpoint, visit.venue.clock.now_ms()
    visit.received()
    venue.bybit.limits.count_address(visit.request.remote or "", now)
    if not endpoint.is_signed:
        return
    account = account_for(venue.floor, visit.call.key)
    visit.call.account_or_none = account
    check_signed(account, visit.request.headers, visit.payload, now)
    venue.bybit.limits.count(account.name, visit.call.path, endpoint.per_second, now)
