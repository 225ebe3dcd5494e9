"""One WebSocket that comes back by itself: reconnect with backoff and jitter, a watchdog on silence, nothing cached.

Theory of operation. A frame is handed on in the loop step that received it, so none can be overwritten or forgotten
while nobody waits. Whatever ends a connection (close, reset, missing pong, silence, an expired key, a frame we can't
read) ends in the same way: `StreamLost` once, dialling until it works, `StreamOpened`. What happened in between is the
asker's to read by REST; the stream never claims to know.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from loguru import logger

from adapters.ccxt_session import Session
from adapters.redaction import redact
from engine.errors import DataError
from engine.messages.base import Message
from engine.messages.exchange import StreamLost, StreamOpened

LARGEST_FRAME = 4 * 1024 * 1024


class StreamEnded(DataError):
    """The exchange said that this stream will carry nothing more."""


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
    """`address` is asked anew for each connection; `handle` gets every frame and may raise to end the connection."""

    def __init__(
        self,
        *,
        name: str,
        session: Session,
        address: Callable[[], Awaitable[str]],
        handle: Callable[[bytes | str], None],
        push: Callable[[Message], None],
        patience: Patience,
    ) -> None:
        self.name = name
        self._session, self._address, self._handle, self._push = session, address, handle, push
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
                url = await self._address()
                self._socket = await self._session.ws_connect(
                    url, heartbeat=self._patience.heartbeat_s, max_msg_size=LARGEST_FRAME
                )
            self._is_known_lost = False
            self._tell(StreamOpened(stream=self.name))
            return await self._read(self._socket)
        except Exception as error:  # noqa: BLE001 - whatever ended it, the stream must come back; the reason is told
            return redact(f"{type(error).__name__} {error}")[:300]
        finally:
            await self._hang_up()

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
