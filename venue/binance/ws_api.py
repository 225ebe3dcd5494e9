"""Orders over a socket (ws-fapi): the same calls as over REST, asked and answered as JSON messages."""

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from venue.answers import Answer
from venue.binance import account, algo, orders, public
from venue.binance.call import Call
from venue.binance.errors import JsonObject, WireError, from_refusal
from venue.binance.orders import as_text
from venue.binance.routes import Endpoint, keyed, order_entry, public_call, signed
from venue.binance.security import Security, account_for, check_signed
from venue.binance.visit import refusal_answer
from venue.core.refusal import Refused
from venue.faults import REQUEST_KINDS, Fault, Target

if TYPE_CHECKING:
    from venue.venue import Venue

LARGEST_MESSAGE = 65_536
METHODS: dict[str, tuple[str, str, Endpoint]] = {
    "order.place": ("POST", "/fapi/v1/order", order_entry(orders.post_order, 0, count=1)),
    "order.modify": ("PUT", "/fapi/v1/order", order_entry(orders.put_order, 1, count=1)),
    "order.cancel": ("DELETE", "/fapi/v1/order", order_entry(orders.delete_order, 1)),
    "order.status": ("GET", "/fapi/v1/order", signed(orders.get_order, 1)),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder", order_entry(algo.post_algo, 0, count=1)),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder", order_entry(algo.delete_algo, 1)),
    "account.balance": ("GET", "/fapi/v2/balance", signed(account.get_balance, 5)),
    "v2/account.balance": ("GET", "/fapi/v3/balance", signed(account.get_balance, 5)),
    "account.status": ("GET", "/fapi/v2/account", signed(account.get_account, 5)),
    "v2/account.status": ("GET", "/fapi/v3/account", signed(account.get_account, 5)),
    "account.position": ("GET", "/fapi/v2/positionRisk", signed(account.get_position_risk, 5)),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk", signed(account.get_position_risk, 5)),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey", keyed(account.post_listen_key, 1)),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey", keyed(account.put_listen_key, 1)),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey", keyed(account.delete_listen_key, 1)),
    "ticker.price": ("GET", "/fapi/v1/ticker/price", public_call(public.get_ticker_price, 1)),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker", public_call(public.get_book_ticker, 2)),
    "depth": ("GET", "/fapi/v1/depth", public_call(public.get_depth, 5)),
    "ping": ("GET", "/fapi/v1/ping", public_call(public.get_ping, 1)),
    "time": ("GET", "/fapi/v1/time", public_call(public.get_time, 1)),
}


async def serve_ws_api(venue: "Venue", request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE, compress=False)
    await socket.prepare(request)
    async for message in socket:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            reply = await answer_request(venue, request, message.data)
            if reply is None:
                if request.transport is not None:
                    request.transport.abort()
                break
            await socket.send_str(json.dumps(reply))
    return socket


async def answer_request(venue: "Venue", request: web.Request, data: str | bytes) -> JsonObject | None:
    """None: the answer is lost and the connection with it."""
    identity, answer = await consider(venue, request.remote or "", data)
    if answer is None:
        return None
    body: JsonObject = {"id": identity, "status": answer.status}
    body["result" if answer.status == 200 else "error"] = answer.body
    return {**body, "rateLimits": rate_limits(venue, request.remote or "")}


async def consider(venue: "Venue", address: str, data: str | bytes) -> tuple[object, Answer | None]:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return None, refusal_answer(WireError(-1000, "Malformed request: not JSON."))
    identity = message.get("id") if isinstance(message, dict) else None
    try:
        call, endpoint = admit(venue, address, message)
    except WireError as error:
        return identity, refusal_answer(error)
    return identity, await perform(venue, call, endpoint)


def admit(venue: "Venue", address: str, message: object) -> tuple[Call, Endpoint]:
    """Raises WireError, as the door of REST does."""
    params = message.get("params", {}) if isinstance(message, dict) else None
    name = message.get("method") if isinstance(message, dict) else None
    if not isinstance(params, dict) or not isinstance(name, str) or name not in METHODS:
        raise WireError(-1130, "Unknown method.")
    method, path, endpoint = METHODS[name]
    given = {str(k): as_text(v) for k, v in params.items()}
    call = Call(venue=venue, method=method, path=path, params=given, key=given.get("apiKey", ""))
    now = venue.clock.now_ms()
    venue.limits.spend(address, endpoint.weight(given), now)
    if endpoint.security is not Security.NONE:
        call.account_or_none = account_for(venue.floor, call.key)
    if endpoint.security is Security.SIGNED:
        check_signed(call.account, given, payload_of(given), now)
    if endpoint.orders:
        venue.limits.count_order(call.account.name, now, endpoint.orders)
    return call, endpoint


def payload_of(params: dict[str, str]) -> str:
    """What is signed over a socket: all parameters in the order of their names."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")


async def perform(venue: "Venue", call: Call, endpoint: Endpoint) -> Answer | None:
    account_name = call.account_or_none.name if call.account_or_none else ""
    client_id = call.params.get("newClientOrderId") or call.params.get("clientAlgoId") or ""
    symbol = call.params.get("symbol", "")
    if endpoint.is_order_entry:
        venue.truth.tell(
            "order.received", account=account_name, path="ws-fapi", symbol=symbol, client_order_id=client_id
        )
    target = Target(
        endpoint="/ws-fapi" + call.path, method=call.method, symbol=symbol, client_id=client_id, account=account_name
    )
    fault = venue.faults.meet(REQUEST_KINDS, target) if venue.faults.active else None
    if fault is not None and fault.kind in ("timeout_before", "lose_response", "timeout_after"):
        await vanish(call, endpoint, fault)
        return None
    answer = execute(call, endpoint)
    await venue.hub.flush_user(account_name)
    return answer


async def vanish(call: Call, endpoint: Endpoint, fault: Fault) -> None:
    """Executed or not: nobody is told."""
    if fault.kind != "timeout_before":
        execute(call, endpoint)
    await asyncio.sleep(0 if fault.kind == "lose_response" else fault.delay_s(60_000))


def execute(call: Call, endpoint: Endpoint) -> Answer:
    try:
        body = endpoint.handler(call)
    except WireError as error:
        return refusal_answer(error)
    except Refused as refusal:
        return refusal_answer(from_refusal(refusal))
    finally:
        call.venue.commit(call.account_or_none)
    return Answer(status=200, body=body)


def rate_limits(venue: "Venue", address: str) -> list[JsonObject]:
    used = venue.limits.used(address, venue.clock.now_ms())
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return [{**limit, "limit": venue.limits.weight_limit or 2400, "count": used}]
