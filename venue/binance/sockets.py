"""Stream sockets: which path means what, and SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import WSMessage, WSMsgType, web

from venue.binance.errors import JsonObject
from venue.binance.public_streams import is_stream_name
from venue.hub import Client

if TYPE_CHECKING:
    from venue.venue import Venue

MOST_STREAMS = 1024
LARGEST_MESSAGE = 65_536
PING_S = 180
MINUTE_S = 60


async def serve_socket(venue: "Venue", request: web.Request) -> web.WebSocketResponse:
    """One client from its upgrade to its end."""
    socket = web.WebSocketResponse(autoping=False, max_msg_size=LARGEST_MESSAGE, compress=False)
    await socket.prepare(request)
    client = venue.hub.join(request, socket)
    subscribe_by_path(venue, client, request)
    writer = asyncio.create_task(venue.hub.write(client))
    pinger = asyncio.create_task(ping(client))
    end = venue.hub.cut_later(client, venue.settings.socket_minutes * MINUTE_S)
    try:
        async for message in socket:
            if not client.is_half_open:
                await hear(venue, client, message)
    finally:
        end.cancel()
        venue.hub.leave(client)
        for task in (writer, pinger):
            task.cancel()
        await asyncio.gather(writer, pinger, return_exceptions=True)
    return socket


async def hear(venue: "Venue", client: Client, message: WSMessage) -> None:
    """Answers pings itself, so that a half-open socket can leave them unanswered."""
    if message.type is WSMsgType.PING:
        await client.socket.pong(message.data)
    elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        client.waiting.put_nowait(json.dumps(answer_message(venue, client, message.data)))


async def ping(client: Client) -> None:
    """The server pings every three minutes, as Binance does."""
    while True:
        await asyncio.sleep(PING_S)
        try:
            await client.socket.ping()
        except ConnectionError:
            return


def subscribe_by_path(venue: "Venue", client: Client, request: web.Request) -> None:
    """/ws/a/b, /stream?streams=a/b, ?listenKey=K and /ws/K; a number (ccxt's socket index) means nothing."""
    tail = request.path.partition("/ws")[2] if "/ws" in request.path else ""
    names = [n for n in tail.split("/") if n] + request.query.get("streams", "").split("/")
    for name in [*names, request.query.get("listenKey", "")]:
        if name and not name.isdigit():
            follow(venue, client, name)


def follow(venue: "Venue", client: Client, name: str) -> bool:
    """Subscribes to a stream or, when it is a listen key, to that account's events."""
    account = venue.listen_keys.account_of(name)
    if account is not None:
        client.account, client.listen_key = account, name
        return True
    if not is_stream_name(name, venue.floor.books) or len(client.names) >= MOST_STREAMS:
        return False
    venue.hub.subscribe(client, name)
    return True


def answer_message(venue: "Venue", client: Client, data: str | bytes) -> JsonObject:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return error_json(3, "Invalid JSON: expected value at line 1 column 1")
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return error_json(2, "Invalid request: missing field `method` at line 1 column 1")
    identity = message.get("id")
    if not isinstance(identity, (int, str)) or isinstance(identity, bool):
        return error_json(2, "Invalid request: request ID must be an unsigned integer")
    return {**answer_method(venue, client, message["method"], message.get("params")), "id": identity}


def answer_method(venue: "Venue", client: Client, method: str, params: object) -> JsonObject:
    if method == "LIST_SUBSCRIPTIONS":
        return {"result": list(client.names.values())}
    if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
        known = "expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`"
        return error_json(2, f"Invalid request: unknown variant `{method[:40]}`, {known}")
    if not isinstance(params, list) or not all(isinstance(p, str) for p in params):
        return error_json(2, "Invalid request: invalid type, expected a sequence of strings")
    for name in params:
        if method == "SUBSCRIBE":
            follow(venue, client, name)  # Binance accepts names of nothing, and sends nothing
        else:
            venue.hub.unsubscribe(client, name)
    return {"result": None}


def error_json(code: int, text: str) -> JsonObject:
    return {"error": {"code": code, "msg": text}}
