"""The door: a REST request comes in, is counted, checked, answered or sabotaged: HTTP 200, and a retCode."""

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.asking import as_text
from venue.bybit.call import Call
from venue.bybit.errors import BybitError
from venue.bybit.routes import Endpoint, endpoint_for
from venue.bybit.sabotage import sabotage
from venue.bybit.security import account_for, check_signed
from venue.bybit.visit import Visit, refusal_answer
from venue.visit import answer_visit, refuse_visit

if TYPE_CHECKING:
    from venue.venue import Venue


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
        return refuse_visit(visit, refusal_answer(error, now))
    return await answer_visit(visit, sabotage)


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
