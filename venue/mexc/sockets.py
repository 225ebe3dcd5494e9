"""The one socket, /edge: ping, login, filters of one's own channels, market channels to subscribe to."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSMessage, WSMsgType, web

from venue.core.account import Account
from venue.hub import Client
from venue.mexc.contracts import venue_symbol
from venue.mexc.errors import JsonObject, MexcError
from venue.mexc.feed import FULL_DEPTHS, kline_stream
from venue.mexc.market_render import NAMES
from venue.mexc.private import FILTERS, stream_of
from venue.mexc.security import account_of_login

if TYPE_CHECKING:
    from venue.venue import Venue

EDGE = "/edge"
LARGEST_MESSAGE = 65_536
MOST_STREAMS = 2000
PER_SYMBOL = ("ticker", "deal", "depth", "funding.rate", "index.price", "fair.price")
NO_CONTRACT = MexcError(1001, "Contract doesn't exist!")
UNKNOWN_METHOD = MexcError(600, "Invalid method")
WRONG_PARAM = MexcError(600, "Param error")


@dataclass(slots=True, kw_only=True)
class Guest:
    """One socket and whose it is."""

    venue: "Venue"
    client: Client
    account: Account | None = None


async def serve_edge(venue: "Venue", request: web.Request) -> web.WebSocketResponse:
    """One client from its upgrade to its end."""
    socket = web.WebSocketResponse(autoping=False, max_msg_size=LARGEST_MESSAGE, compress=False)
    await socket.prepare(request)
    hub = venue.mexc.hub
    guest = Guest(venue=venue, client=hub.join(request, socket))
    writer = asyncio.create_task(hub.write(guest.client))
    try:
        async for message in socket:
            if not guest.client.is_half_open:
                await hear(guest, message)
    finally:
        hub.leave(guest.client)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
    return socket


async def hear(guest: Guest, message: WSMessage) -> None:
    """Answers pings itself, so that a half-open socket can leave them unanswered."""
    if message.type is WSMsgType.PING:
        await guest.client.socket.pong(message.data)
    elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        guest.client.waiting.put_nowait(json.dumps(answer_message(guest, message.data)))


def answer_message(guest: Guest, data: str | bytes) -> JsonObject:
    now = guest.venue.clock.now_ms()
    try:
        method, param, message = read_message(data)
        if method == "ping":
            return {"channel": "pong", "data": now}
        act(guest, method, param, message)
    except MexcError as error:
        return {"channel": "rs.error", "data": error.text, "ts": now}
    return {"channel": f"rs.{method}", "data": "success", "ts": now}


def read_message(data: str | bytes) -> tuple[str, Mapping[str, object], Mapping[str, object]]:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise WRONG_PARAM from None
    if not isinstance(message, dict):
        raise WRONG_PARAM
    method, param = message.get("method"), message.get("param") or message.get("params") or {}
    if not isinstance(method, str) or not isinstance(param, dict):
        raise WRONG_PARAM
    return method, param, message


def act(guest: Guest, method: str, param: Mapping[str, object], message: Mapping[str, object]) -> None:
    if method == "login":
        log_in(guest, param, is_silent=message.get("subscribe") is False)
    elif method == "personal.filter":
        choose(guest, param)
    elif method in ("unsub.kline", "unsub.depth.full") and not {"interval", "limit"} & set(param):
        forget_all(guest, method.removeprefix("unsub."), param)
    else:
        verb, _, channel = method.partition(".")
        listen(guest, verb, stream_for(guest, channel, param), is_zipped=message.get("gzip") is True)


def log_in(guest: Guest, param: Mapping[str, object], is_silent: bool) -> None:
    """All of one's own channels, unless told not to (`subscribe` false)."""
    forget_own(guest)
    guest.account = account_of_login(guest.venue.floor, param, guest.venue.clock.now_ms())
    guest.client.account = guest.account.name
    for channel in () if is_silent else FILTERS:
        guest.venue.mexc.hub.subscribe(guest.client, stream_of(guest.account.name, channel))


def forget_own(guest: Guest) -> None:
    for name in [n for n in guest.client.names if n.startswith("user:")]:
        guest.venue.mexc.hub.unsubscribe(guest.client, name)


def choose(guest: Guest, param: Mapping[str, object]) -> None:
    """From now on only these channels, of these symbols (`rules`; none: of all). No filters at all: every channel."""
    if guest.account is None:
        raise MexcError(401, "Not logged in")
    filters = param.get("filters", [])
    if not isinstance(filters, list):
        raise WRONG_PARAM
    wanted = [name for entry in filters for name in own_streams(guest.account.name, entry)]
    every = [stream_of(guest.account.name, channel) for channel in FILTERS]
    forget_own(guest)
    for name in wanted or every:
        guest.venue.mexc.hub.subscribe(guest.client, name)


def own_streams(account: str, entry: object) -> list[str]:
    if not isinstance(entry, dict) or entry.get("filter") not in FILTERS:
        raise WRONG_PARAM
    channel, rules = str(entry["filter"]), entry.get("rules") or []
    if not isinstance(rules, list) or len(rules) > MOST_STREAMS:
        raise WRONG_PARAM
    symbols = [venue_symbol(str(rule)) for rule in rules]
    return [stream_of(account, channel, symbol) for symbol in symbols] or [stream_of(account, channel)]


def forget_all(guest: Guest, channel: str, param: Mapping[str, object]) -> None:
    """Every interval or depth of one contract at once."""
    symbol = venue_symbol(str(param.get("symbol", ""))).lower()
    for name in [n for n in guest.client.names if n.startswith(f"{channel}.") and n.endswith(f".{symbol}")]:
        listen(guest, "unsub", name, is_zipped=False)


def stream_for(guest: Guest, channel: str, param: Mapping[str, object]) -> str:
    """The stream that a channel and its parameters mean. Raises MexcError."""
    if channel == "tickers":
        return channel
    symbol = venue_symbol(str(param.get("symbol", "")))
    if symbol not in guest.venue.floor.books:
        raise NO_CONTRACT
    if channel in PER_SYMBOL:
        return f"{channel}.{symbol}".lower()
    if channel == "kline" and param.get("interval") in NAMES:
        return kline_stream(symbol, str(param["interval"]))
    levels = param.get("limit", FULL_DEPTHS[-1])
    if channel == "depth.full" and isinstance(levels, int) and levels in FULL_DEPTHS:
        return f"depth.full.{levels}.{symbol}".lower()
    raise UNKNOWN_METHOD if channel not in ("kline", "depth.full") else WRONG_PARAM


def listen(guest: Guest, verb: str, stream: str, is_zipped: bool) -> None:
    hub = guest.venue.mexc.hub
    if verb == "unsub":
        hub.unsubscribe(guest.client, stream)
        guest.client.zipped.discard(stream)
        return
    if verb != "sub":
        raise UNKNOWN_METHOD
    if len(guest.client.names) >= MOST_STREAMS:
        raise WRONG_PARAM
    if stream.startswith("depth.") and not stream.startswith("depth.full."):
        guest.venue.mexc_feed.begin_book(guest.venue.market.lanes[stream.rpartition(".")[2].upper()])
    hub.subscribe(guest.client, stream)
    if is_zipped:
        guest.client.zipped.add(stream)
