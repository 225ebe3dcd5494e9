"""Orders over a socket (/v5/trade): the same calls as over REST, asked and answered as JSON messages."""

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from venue.asking import as_text
from venue.bybit.call import Call
from venue.bybit.errors import BybitError, JsonObject
from venue.bybit.routes import ROUTES
from venue.bybit.sabotage import ERRORS, own_error
from venue.bybit.security import account_of_socket, check_time
from venue.bybit.visit import perform
from venue.core.account import Account
from venue.faults import EXECUTED, REQUEST_KINDS, Fault, Target

if TYPE_CHECKING:
    from venue.venue import Venue

LARGEST_MESSAGE = 65_536
TRADE = "/v5/trade"
OPS = {f"order.{verb}": f"/v5/order/{verb}" for verb in ("create", "amend", "cancel")}
SILENT = ("lose_response", "timeout_after", "timeout_before")


@dataclass(slots=True)
class Desk:
    """One trade socket and who sits at it."""

    venue: "Venue"
    request: web.Request
    account: Account | None = None


async def serve_trade(venue: "Venue", request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE, compress=False)
    await socket.prepare(request)
    desk = Desk(venue, request)
    async for message in socket:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            reply = await answer(desk, message.data)
            if reply is None:
                if request.transport is not None:
                    request.transport.abort()
                break
            await socket.send_str(json.dumps(reply))
    return socket


async def answer(desk: Desk, data: str | bytes) -> JsonObject | None:
    """None: the answer is lost and the connection with it."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        return told("", None, BybitError(10001, "Params Error"))
    op, identity, args = str(message.get("op")), message.get("reqId"), message.get("args")
    given = args if isinstance(args, list) else []
    try:
        if op == "ping":
            return {"op": "pong", "args": [str(desk.venue.clock.now_ms())], "connId": "trade", "retCode": 0}
        if op == "auth":
            desk.account = account_of_socket(desk.venue.floor, given, desk.venue.clock.now_ms())
            return {"retCode": 0, "retMsg": "OK", "op": "auth", "connId": "trade"}
        call = read_call(desk, op, message.get("header"), given)
    except BybitError as error:
        return told(op, identity, error)
    return await carry_out(desk, call, op, identity)


def told(op: str, identity: object, error: BybitError) -> JsonObject:
    reply: JsonObject = {"retCode": error.code, "retMsg": error.text, "op": op, "data": {}, "connId": "trade"}
    return reply if identity is None else {"reqId": identity, **reply}


def read_call(desk: Desk, op: str, header: object, args: list[object]) -> Call:
    if desk.account is None:
        raise BybitError(10004, "Request not authorized")
    if op not in OPS or not args or not isinstance(args[0], dict) or not isinstance(header, dict):
        raise BybitError(10001, "Params Error")
    sent, window = as_text(header.get("X-BAPI-TIMESTAMP")), as_text(header.get("X-BAPI-RECV-WINDOW"))
    check_time(sent, window, desk.venue.clock.now_ms())
    params = {str(k): as_text(v) for k, v in args[0].items()}
    path = OPS[op]
    now, per_second = desk.venue.clock.now_ms(), ROUTES[("POST", path)].per_second
    desk.venue.bybit.limits.count(desk.account.name, path, per_second, now)
    return Call(venue=desk.venue, method="POST", path=path, params=params, account_or_none=desk.account)


async def carry_out(desk: Desk, call: Call, op: str, identity: object) -> JsonObject | None:
    venue, endpoint, name = desk.venue, ROUTES[("POST", call.path)], call.account.name
    symbol, client_id = call.params.get("symbol", ""), call.params.get("orderLinkId", "")
    venue.truth.tell("order.received", account=name, path="/v5/trade", symbol=symbol, client_order_id=client_id)
    target = Target(endpoint="/v5/trade" + call.path, method="POST", symbol=symbol, client_id=client_id, account=name)
    fault = venue.faults.meet(REQUEST_KINDS, target) if venue.faults.active else None
    if fault is not None and fault.kind not in EXECUTED and fault.kind != "timeout_before":
        if fault.executes:
            perform(venue, call, endpoint)
        return told(op, identity, ERRORS.get(fault.kind) or own_error(fault))
    if fault is not None and fault.kind in SILENT:
        await vanish(call, fault)
        return None
    reply = perform(venue, call, endpoint).body
    await venue.bybit.hub.flush_user(name)
    assert isinstance(reply, dict), f"an answer is an object, not {reply!r}"
    body = {"retCode": reply["retCode"], "retMsg": reply["retMsg"], "op": op, "data": reply["result"]}
    header = {"Timenow": str(venue.clock.now_ms())}
    return {"reqId": identity, **body, "retExtInfo": reply["retExtInfo"], "header": header, "connId": "trade"}


async def vanish(call: Call, fault: Fault) -> None:
    """Executed or not: nobody is told."""
    if fault.kind != "timeout_before":
        perform(call.venue, call, ROUTES[("POST", call.path)])
    await asyncio.sleep(0 if fault.kind == "lose_response" else fault.delay_s(60_000))
