"""The door: a REST request comes in, is weighed, checked, answered or sabotaged, and goes out with its headers."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from venue.binance.call import Call
from venue.binance.errors import WireError
from venue.binance.routes import Endpoint, endpoint_for
from venue.binance.sabotage import sabotage
from venue.binance.security import Security, account_for, check_signed
from venue.binance.visit import Visit, refusal_answer
from venue.visit import answer_visit, refuse_visit

if TYPE_CHECKING:
    from venue.venue import Venue


async def serve_rest(venue: "Venue", request: web.Request) -> web.StreamResponse:
    endpoint = endpoint_for(request.method, request.path)
    if endpoint is None:
        text = f"Path {request.path}, Method {request.method} is invalid"
        return refusal_answer(WireError(-5000, text, 404)).response()
    visit = await arrive(venue, request, endpoint)
    try:
        admit(visit)
    except WireError as error:
        return refuse_visit(visit, refusal_answer(error))
    return await answer_visit(visit, sabotage)


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
