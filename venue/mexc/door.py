"""The door: a REST request comes in, is counted, checked, answered or sabotaged: HTTP 200, success or a code."""

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.asking import as_text
from venue.mexc.call import Call
from venue.mexc.errors import MexcError
from venue.mexc.routes import Endpoint, endpoint_for
from venue.mexc.sabotage import sabotage
from venue.mexc.security import account_for, check_signed
from venue.mexc.spot import serve_spot
from venue.mexc.visit import Visit, refusal_answer
from venue.visit import answer_visit, refuse_visit

if TYPE_CHECKING:
    from venue.venue import Venue

SPOT = "/api/v3/"
NO_SUCH_PATH = MexcError(404, "Not Found", 404)


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
        return refuse_visit(visit, refusal_answer(error))
    return await answer_visit(visit, sabotage)


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
