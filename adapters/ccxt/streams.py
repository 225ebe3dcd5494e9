"""One WebSocket that comes back by itself: reconnect with backoff and jitter, a watchdog on silence, nothing cached.

Theory of operation. A frame is handed on in the loop step that received it, so none can be overwritten or forgotten
while nobody waits. Whatever ends a connection (close, reset, missing pong, silence, an expired key, a frame we can't
read) ends in the same way: `StreamLost` once, dialling until it works, `StreamOpened`. What happened in between is the
asker's to read by REST; the stream never claims to know. Where the exchange wants to be greeted (a login, a list of
topics) the stream is open when it has said yes to all of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from loguru import logger

from adapters.ccxt.session import Session
from adapters.redaction import redact
from engine.errors import DataError
from engine.messages.base import Message
from engine.messages.exchange import StreamLost, StreamOpened

LARGEST_FRAME = 4 * 1024 * 1024


class StreamEnded(DataError):
    """The exchange said that this stream will carry nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How one connection is reached and kept: its address, what is said first (each answered before the next), and
    what is said every `beat_s`. `answers` tells whether a frame answers a greeting; it raises StreamEnded at a no.
    """

    url: str = field(repr=False)
    greetings: tuple[str, ...] = field(default=(), repr=False)
    answers: Callable[[bytes | str], bool] = lambda data: False
    beat: str = ""
    beat_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a stream waits. `silence_s` None: long silence is normal, only pongs are watched."""

    silence_s: float | None
    heartbeat_s: float = 15.0
    dial_s: float = 10.0
    first_delay_s: float = 0.1
    longest_delay_s: float = 30.0
    settled_s: float = 10.0

    def delay_s(self, attempt: int) -> float:
        """Exponential, with full jitter so that instances don't dial in step."""
        return random.uniform(0.5, 1.0) * min(self.longest_delay_s, self.first_delay_s * 2.0 ** min(attempt, 16))


class Stream:
    """`line` is asked anew for each connection; `handle` gets every frame and may raise to end the connection."""

    def __init__(
        self,
        *,
        name: str,
        session: Session,
        line: Callable[[], Awaitable[Line]],
        handle: Callable[[bytes | str], None],
        push: Callable[[Message], None],
        patience: Patience,
    ) -> None:
        self.name = name
        self._session, self._line, self._handle, self._push = session, line, handle, push
        self._patience = patience
        self._task: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._first: asyncio.Future[Message] | None = None
        self._why = ""
        self._is_known_lost = False

    @property
    def is_open(self) -> bool:
        return self._socket is not None and not self._socket.closed

    async def open(self) -> Message:
        """Start, and answer with the outcome of the first dial; later changes are pushed."""
        if self._task is not None:
            return StreamOpened(stream=self.name) if self.is_open else self._lost("reconnecting")
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name=f"stream {self.name}")
        return await self._first

    async def restart(self, reason: str) -> None:
        """End this connection; the next one is dialled at once."""
        if self._socket is not None:
            self._why = reason
            await self._socket.close()

    async def close(self) -> None:
        """Stop for good."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop, attempt = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            reason = await self._one_connection()
            if not self._is_known_lost:
                self._is_known_lost = True
                self._tell(self._lost(reason))
            attempt = 0 if loop.time() - began > self._patience.settled_s else attempt + 1
            await asyncio.sleep(self._patience.delay_s(attempt))

    async def _one_connection(self) -> str:
        """Dial and read until the end; why it ended."""
        try:
            async with asyncio.timeout(self._patience.dial_s):
                line = await self._line()
                self._socket = await self._session.ws_connect(
                    line.url, heartbeat=self._patience.heartbeat_s, max_msg_size=LARGEST_FRAME
                )
                await self._greet(self._socket, line)
            self._is_known_lost = False
            self._tell(StreamOpened(stream=self.name))
            async with _kept(self._socket, line):
                return await self._read(self._socket)
        except Exception as error:  # noqa: BLE001 - whatever ended it, the stream must come back; the reason is told
            return redact(f"{type(error).__name__} {error}")[:300]
        finally:
            await self._hang_up()

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse, line: Line) -> None:
        for greeting in line.greetings:
            await socket.send_str(greeting)
            while not line.answers(data := await _frame(socket)):
                self._take(data)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        self._why = ""
        while True:
            try:
                frame = await socket.receive(timeout=self._patience.silence_s)
            except TimeoutError:
                return f"silent for {self._patience.silence_s} s"
            if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                return self._why or f"closed ({frame.type.name.lower()} {socket.close_code})"
            self._take(frame.data)

    def _take(self, data: bytes | str) -> None:
        try:
            self._handle(data)
        except DataError:
            logger.bind(channel="exchange").error("stream {}: frame kept: {!r}", self.name, data[:2_000])
            raise

    async def _hang_up(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    def _tell(self, message: Message) -> None:
        if self._first is not None and not self._first.done():
            self._first.set_result(message)
        else:
            self._push(message)

    def _lost(self, reason: str) -> StreamLost:
        return StreamLost(stream=self.name, reason=reason)


async def _frame(socket: aiohttp.ClientWebSocketResponse) -> bytes | str:
    frame = await socket.receive()
    if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        raise StreamEnded(f"closed ({frame.type.name.lower()} {socket.close_code}) before it was open")
    return frame.data  # type: ignore[no-any-return]


@asynccontextmanager
async def _kept(socket: aiohttp.ClientWebSocketResponse, line: Line) -> AsyncIterator[None]:
    """While inside, the exchange hears the line's beat."""
    task = asyncio.create_task(_beat(socket, line), name="beat") if line.beat else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _beat(socket: aiohttp.ClientWebSocketResponse, line: Line) -> None:
    while not socket.closed:
        await asyncio.sleep(line.beat_s)
        await socket.send_str(line.beat)
