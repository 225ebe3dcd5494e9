"""Stream sockets: /v5/public/linear for the market, /v5/private for one's own; auth, subscribe, ping."""

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSMessage, WSMsgType, web

from venue.bybit.errors import BybitError, JsonObject
from venue.bybit.feed import DEPTHS
from venue.bybit.market_render import NAMES
from venue.bybit.private import is_private_topic, stream_of
from venue.bybit.security import account_of_socket
from venue.core.account import Account
from venue.hub import Client

if TYPE_CHECKING:
    from venue.venue import Venue

LARGEST_MESSAGE = 65_536
MOST_TOPICS = 2000
MINUTE_S = 60
PUBLIC, PRIVATE = "/v5/public/linear", "/v5/private"


@dataclass(slots=True, kw_only=True)
class Guest:
    """One socket and whose it is."""

    venue: "Venue"
    client: Client
    is_private: bool
    account: Account | None = None

    @property
    def name(self) -> str:
        return f"conn-{self.client.client_id}"


async def serve_stream(venue: "Venue", request: web.Request) -> web.WebSocketResponse:
    """One client from its upgrade to its end."""
    socket = web.WebSocketResponse(autoping=False, max_msg_size=LARGEST_MESSAGE, compress=False)
    await socket.prepare(request)
    guest = Guest(venue=venue, client=venue.bybit.hub.join(request, socket), is_private=request.path == PRIVATE)
    writer = asyncio.create_task(venue.bybit.hub.write(guest.client))
    patience_s = venue.settings.ping_minutes * MINUTE_S
    end = venue.bybit.hub.cut_later(guest.client, patience_s)
    try:
        async for message in socket:
            end.cancel()
            end = venue.bybit.hub.cut_later(guest.client, patience_s)
            if not guest.client.is_half_open:
                await hear(guest, message)
    finally:
        end.cancel()
        venue.bybit.leave(guest.client, venue.floor)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
    return socket


async def hear(guest: Guest, message: WSMessage) -> None:
    """Answers pings itself, so that a half-open socket can leave them unanswered."""
    if message.type is WSMsgType.PING:
        await guest.client.socket.pong(message.data)
    elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        reply, fresh = answer_message(guest, message.data)
        guest.client.waiting.put_nowait(json.dumps(reply))
        for topic in fresh:
            begin(guest, topic)


def answer_message(guest: Guest, data: str | bytes) -> tuple[JsonObject, list[str]]:
    """The reply, and the topics that were subscribed with it."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return refused(guest, {}, "Params Error"), []
    if not isinstance(message, dict):
        return refused(guest, {}, "Params Error"), []
    args = message.get("args")
    names = args if isinstance(args, list) else []
    match message.get("op"):
        case "ping":
            return pong(guest, message), []
        case "auth":
            return authenticate(guest, message, names), []
        case "subscribe":
            return subscribe(guest, message, names)
        case "unsubscribe":
            for name in names:
                guest.venue.bybit.hub.unsubscribe(guest.client, stream_name(guest, str(name)))
            return accepted(guest, message, "unsubscribe"), []
        case _:
            return refused(guest, message, "error:invalid op"), []


def accepted(guest: Guest, message: JsonObject, op: str, text: str = "") -> JsonObject:
    reply: JsonObject = {"success": True, "ret_msg": text, "conn_id": guest.name, "op": op}
    return reply | ({"req_id": message["req_id"]} if "req_id" in message else {})


def refused(guest: Guest, message: JsonObject, text: str) -> JsonObject:
    op = message.get("op")
    return accepted(guest, message, op if isinstance(op, str) else "") | {"success": False, "ret_msg": text}


def pong(guest: Guest, message: JsonObject) -> JsonObject:
    """The two kinds of socket answer differently."""
    if not guest.is_private:
        return accepted(guest, message, "ping", "pong")
    reply: JsonObject = {"op": "pong", "args": [str(guest.venue.clock.now_ms())], "conn_id": guest.name}
    return reply | ({"req_id": message["req_id"]} if "req_id" in message else {})


def authenticate(guest: Guest, message: JsonObject, args: list[object]) -> JsonObject:
    try:
        guest.account = account_of_socket(guest.venue.floor, args, guest.venue.clock.now_ms())
    except BybitError as error:
        return refused(guest, message, error.text)
    guest.client.account = guest.account.name
    return accepted(guest, message, "auth")


def subscribe(guest: Guest, message: JsonObject, names: list[object]) -> tuple[JsonObject, list[str]]:
    """All of them or none."""
    if guest.is_private and guest.account is None:
        return refused(guest, message, "Request not authorized"), []
    for name in names:
        if not is_topic(guest, name):
            return refused(guest, message, f"error:handler not found,topic:{str(name)[:60]}"), []
    if not names or len(guest.client.names) + len(names) > MOST_TOPICS:
        return refused(guest, message, "Params Error"), []
    topics = [str(n) for n in names]
    for topic in topics:
        guest.venue.bybit.hub.subscribe(guest.client, stream_name(guest, topic))
    return accepted(guest, message, "subscribe", "" if guest.is_private else "subscribe"), topics


def is_topic(guest: Guest, name: object) -> bool:
    if not isinstance(name, str):
        return False
    if guest.is_private:
        return is_private_topic(name)
    parts = name.split(".")
    if parts[-1] not in guest.venue.floor.books:
        return False
    match parts[:-1]:
        case ["kline", interval]:
            return interval in NAMES
        case ["orderbook", depth]:
            return depth in DEPTHS
        case ["tickers" | "publicTrade" | "allLiquidation"]:
            return True
        case _:
            return False


def stream_name(guest: Guest, topic: str) -> str:
    return stream_of(guest.account.name, topic) if guest.account is not None else topic


def begin(guest: Guest, topic: str) -> None:
    """After the answer to subscribe comes how things are now."""
    if guest.account is None:
        lane = guest.venue.market.lanes[topic.rpartition(".")[2]]
        guest.venue.bybit_feed.snapshot(topic, lane)
    elif topic.startswith("dcp"):
        guest.venue.bybit.guard(guest.client, guest.account)
