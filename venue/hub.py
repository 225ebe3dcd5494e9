"""Who listens to what: stream sockets, their subscriptions, and the delivery of messages with the faults on the way."""

import asyncio
import gzip
import json
from dataclasses import dataclass, field
from itertools import count

from aiohttp import WSCloseCode, web

from venue.faults import STREAM_KINDS, Fault, Faults, Target

MOST_WAITING = 20_000  # messages; a client slower than this is cut off
FLUSH_S = 0.25

Payload = dict[str, object]
Message = str | bytes  # text, or text compressed with gzip
QueueItem = Message | Fault


@dataclass(slots=True, kw_only=True)
class Client:
    """One socket. `names` maps a stream in lower case to what the client called it."""

    client_id: int
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    path: str
    is_wrapped: bool
    names: dict[str, str] = field(default_factory=dict)
    zipped: set[str] = field(default_factory=set)  # streams whose messages this client wants compressed
    account: str | None = None
    listen_key: str = ""
    waiting: asyncio.Queue[QueueItem] = field(default_factory=asyncio.Queue)
    silent_until: float = 0.0
    is_half_open: bool = False
    held_back: Message | None = None
    gap_left: int = 0

    def envelope(self, stream: str, text: str) -> Message:
        if stream in self.zipped:
            return gzip.compress(text.encode())
        name = json.dumps(self.names.get(stream, stream))
        return f'{{"stream":{name},"data":{text}}}' if self.is_wrapped else text


class Hub:
    """All sockets of the venue."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._ids = count(1)
        self.clients: dict[int, Client] = {}
        self._listeners: dict[str, dict[int, Client]] = {}

    def join(self, request: web.Request, socket: web.WebSocketResponse) -> Client:
        """A client on a path with `stream` in it gets each message in an envelope that names its stream."""
        client = Client(
            client_id=next(self._ids),
            socket=socket,
            transport=request.transport,
            path=request.path,
            is_wrapped="stream" in request.path.split("/"),
        )
        self.clients[client.client_id] = client
        return client

    def leave(self, client: Client) -> None:
        self.clients.pop(client.client_id, None)
        for stream in list(client.names):
            self.unsubscribe(client, stream)

    def subscribe(self, client: Client, name: str) -> None:
        stream = name.lower()
        client.names[stream] = name
        self._listeners.setdefault(stream, {})[client.client_id] = client

    def unsubscribe(self, client: Client, name: str) -> None:
        stream = name.lower()
        client.names.pop(stream, None)
        listeners = self._listeners.get(stream, {})
        listeners.pop(client.client_id, None)
        if not listeners:
            self._listeners.pop(stream, None)

    def has(self, stream: str) -> bool:
        """Does anybody listen? If not, nobody needs to render it."""
        return stream in self._listeners

    def wanted(self, prefix: str) -> list[str]:
        return [s for s in self._listeners if s.startswith(prefix)]

    def publish(self, stream: str, payload: Payload | list[Payload], called: str = "") -> None:
        """`called` is what a fault aims at when that is more than the stream's name."""
        listeners = self._listeners.get(stream)
        if listeners:
            text = json.dumps(payload, separators=(",", ":"))
            for client in list(listeners.values()):
                self.send(client, called or stream, client.envelope(stream, text), payload)

    def publish_user(self, account: str, payload: Payload) -> None:
        text, name = json.dumps(payload, separators=(",", ":")), user_stream_name(account, payload)
        for client in list(self.clients.values()):
            if client.account == account:
                self.send(client, name, client.envelope(client.listen_key, text), payload)

    def send(self, client: Client, stream: str, text: Message, about: object = None) -> None:
        """Puts a message on its way, unless a fault changes that; a fault may aim at what it is about."""
        if client.is_half_open or client.silent_until > asyncio.get_running_loop().time():
            return
        if client.gap_left > 0:
            client.gap_left -= 1
            return
        fault = self._meet(client, stream, about)
        if fault is None:
            self._put(client, text)
        else:
            self._misdeliver(client, fault, text)

    def _meet(self, client: Client, stream: str, about: object) -> Fault | None:
        if not self._faults.active:
            return None
        account = client.account or ""
        symbol, client_id = aim_of(about)
        target = Target(stream=stream, account=account, endpoint=client.path, symbol=symbol, client_id=client_id)
        return self._faults.meet(STREAM_KINDS, target)

    def _misdeliver(self, client: Client, fault: Fault, text: Message) -> None:
        loop = asyncio.get_running_loop()
        match fault.kind:
            case "stream_silence":
                client.silent_until = loop.time() + (fault.delay_s(0) or float("inf"))
            case "stream_half_open":
                client.is_half_open = True
            case "stream_gap":
                client.gap_left = fault.ticks - 1
            case "stream_duplicate":
                self._put(client, text)
                self._put(client, text)
            case "stream_reorder":
                client.held_back = text
            case "stream_delay":
                loop.call_later(fault.delay_s(1000), self._put, client, text)
            case _:
                client.waiting.put_nowait(fault)

    def _put(self, client: Client, text: Message) -> None:
        if client.waiting.qsize() > MOST_WAITING:
            client.waiting.put_nowait(Fault(kind="stream_abort"))
            return
        client.waiting.put_nowait(text)
        if client.held_back is not None:
            held, client.held_back = client.held_back, None
            client.waiting.put_nowait(held)

    async def write(self, client: Client) -> None:
        """Delivers a client's messages until its socket is gone."""
        while True:
            item = await client.waiting.get()
            try:
                if isinstance(item, Fault):
                    await self._cut(client, item)
                    return
                await (client.socket.send_str(item) if isinstance(item, str) else client.socket.send_bytes(item))
            except ConnectionError:
                return
            finally:
                client.waiting.task_done()

    async def _cut(self, client: Client, fault: Fault) -> None:
        self.leave(client)
        if fault.kind == "stream_abort" and client.transport is not None:
            client.transport.abort()
        else:
            await client.socket.close(code=WSCloseCode.GOING_AWAY)

    def cut_later(self, client: Client, seconds: float) -> asyncio.TimerHandle:
        """Closes the socket after so long, unless the handle is cancelled; what waits is delivered first."""
        return asyncio.get_running_loop().call_later(seconds, client.waiting.put_nowait, Fault(kind="stream_drop"))

    async def flush_user(self, account: str) -> None:
        """Waits until this account's events are on the wire: they come before the REST answer."""
        for client in list(self.clients.values()):
            if client.account == account and not client.waiting.empty():
                try:
                    await asyncio.wait_for(client.waiting.join(), FLUSH_S)
                except TimeoutError:
                    continue  # a slow reader gets them later, as in reality

    async def close(self) -> None:
        for client in list(self.clients.values()):
            await client.socket.close(code=WSCloseCode.GOING_AWAY)


ORDERS = ("ORDER_TRADE_UPDATE", "ALGO_UPDATE", "TRADE_LITE")  # elsewhere `c` is a price


def aim_of(payload: object) -> tuple[str, str]:
    """(symbol, client order id) of what a message tells, in whichever dialect; empty where it has none."""
    if not isinstance(payload, dict):
        return "", ""
    data = payload.get("data")
    inner = data[0] if isinstance(data, list) and data else data if isinstance(data, dict) else payload.get("o")
    body = inner if isinstance(inner, dict) else payload
    symbol = body.get("s") or body.get("symbol") or payload.get("symbol") or ""
    name = body.get("orderLinkId") or body.get("externalOid") or ""
    if payload.get("e") in ORDERS:
        name = body.get("caid") or body.get("c") or ""
    return str(symbol).replace("_", ""), str(name)


def user_stream_name(account: str, payload: Payload) -> str:
    """What a stream fault can aim at: user:account-1:ORDER_TRADE_UPDATE:TRADE, user:account-1:ALGO_UPDATE:NEW."""
    body = payload.get("o")
    detail = body.get("x") or body.get("X") if isinstance(body, dict) else ""
    return f"user:{account}:{payload['e']}:{detail}".rstrip(":")
