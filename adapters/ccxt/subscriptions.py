"""Subscriptions: the account's stream and the market's stream of one instrument, as messages.

The user stream may be silent for hours, so besides pongs two things are watched. Where the exchange gives a listen key
it is renewed, and the stream made anew when the exchange no longer knows it. And each order we place must be heard of
within `ECHO_S`; if it is not, the stream is mute and is dialled again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from loguru import logger

from adapters.ccxt.connection import Connection
from adapters.ccxt.dialects.dialect import Dialect
from adapters.ccxt.errors import judge
from adapters.ccxt.streams import Line, Stream
from adapters.ccxt.translate import mapping
from engine.errors import MalformedMessage
from engine.messages.base import Message
from engine.messages.exchange import OrderUpdated, StreamLost
from engine.messages.market import BarClosed

BASE_TIMEFRAME = "1m"
ECHO_S = 5.0


class Subscriptions:
    """At most one user and one market stream; both come back by themselves until closed."""

    def __init__(self, connection: Connection, push: Callable[[Message], None], now_ns: Callable[[], int]) -> None:
        self._connection, self._push, self._now_ns = connection, push, now_ns
        self._user: Stream | None = None
        self._market: Stream | None = None
        self._upkeep: list[asyncio.Task[None]] = []
        self._awaited: dict[str, asyncio.TimerHandle] = {}
        self._last_bar_ns = 0
        self._restarts: set[asyncio.Task[None]] = set()

    async def open_user(self, symbol: str) -> Message:
        """Order and fill events of this account's `symbol`; the first dial's outcome."""
        dialect = await self._connection.dialect()
        if self._user is None:
            self._user = Stream(
                name="user",
                session=self._connection.session(),
                line=lambda: self._user_line(dialect, symbol),
                handle=lambda data: self._take_user(dialect, symbol, data),
                push=self._tell_of_user_stream,
                patience=self._connection.profile.user_patience,
            )
            self._upkeep = [
                asyncio.create_task(self._renew(dialect, self._user), name="listen key"),
                asyncio.create_task(self._connection.keep_warm(), name="keep warm"),
            ]
        return await self._user.open()

    async def open_market(self, symbol: str) -> Message:
        """Closed base bars and mark prices of `symbol`; the first dial's outcome."""
        dialect = await self._connection.dialect()
        if self._market is None:
            self._market = Stream(
                name="market",
                session=self._connection.session(),
                line=lambda: self._market_line(dialect, symbol),
                handle=lambda data: self._take_market(dialect, data),
                push=self._push,
                patience=self._connection.profile.market_patience,
            )
        return await self._market.open()

    def expect(self, client_order_id: str) -> None:
        """An order is about to be placed: the user stream must say so."""
        if self._user is not None and self._user.is_open and client_order_id not in self._awaited:
            later = asyncio.get_running_loop().call_later(ECHO_S, self._not_heard, client_order_id)
            self._awaited[client_order_id] = later

    async def close(self) -> None:
        """Stop both streams."""
        for timer in self._awaited.values():
            timer.cancel()
        for task in self._upkeep:
            task.cancel()
        await asyncio.gather(*self._upkeep, return_exceptions=True)
        for stream in (self._user, self._market):
            if stream is not None:
                await stream.close()

    def _take_user(self, dialect: Dialect, symbol: str, data: bytes | str) -> None:
        for message in dialect.events_of(_parsed(data), symbol):
            if isinstance(message, OrderUpdated):
                self.heard(message.report.client_order_id)
            self._push(message)

    def _tell_of_user_stream(self, message: Message) -> None:
        if isinstance(message, StreamLost):  # what came meanwhile is read by REST, no event of it is to be awaited
            for client_order_id in list(self._awaited):
                self.heard(client_order_id)
        self._push(message)

    def heard(self, client_order_id: str) -> None:
        """It was heard of, or no event of it is to be awaited."""
        if timer := self._awaited.pop(client_order_id, None):
            timer.cancel()

    def _not_heard(self, client_order_id: str) -> None:
        self._awaited.pop(client_order_id, None)
        if self._user is not None:
            task = asyncio.create_task(self._user.restart(f"mute: no event of order {client_order_id}"))
            self._restarts.add(task)
            task.add_done_callback(self._restarts.discard)

    async def _user_line(self, dialect: Dialect, symbol: str) -> Line:
        self._connection.must_be_welcome()
        await dialect.list_instrument(symbol)
        return await dialect.user_line()

    async def _market_line(self, dialect: Dialect, symbol: str) -> Line:
        self._connection.must_be_welcome()
        self._last_bar_ns = 0  # an exchange that was restarted may begin at an earlier market time
        return await dialect.market_line(symbol, BASE_TIMEFRAME)

    def _take_market(self, dialect: Dialect, data: bytes | str) -> None:
        for message in dialect.market_events_of(_parsed(data), self._now_ns()):
            if isinstance(message, BarClosed) and not self._is_next(message):
                continue
            self._push(message)

    def _is_next(self, message: BarClosed) -> bool:
        if message.bar.open_time_ns <= self._last_bar_ns:
            logger.bind(channel="exchange").warning("bar {} came again or late", message.bar.open_time_ns)
            return False
        self._last_bar_ns = message.bar.open_time_ns
        return True

    async def _renew(self, dialect: Dialect, stream: Stream) -> None:
        while dialect.renewal_s is not None:
            await asyncio.sleep(dialect.renewal_s)
            try:
                await dialect.renew_user_stream()
            except Exception as error:  # noqa: BLE001 - whatever it was, a new stream gets a new key
                await stream.restart(f"listen key not renewed: {judge(error)}")


def _parsed(data: bytes | str) -> dict[str, object]:
    try:
        return dict(mapping(orjson.loads(data)))
    except orjson.JSONDecodeError as error:
        raise MalformedMessage(f"not JSON: {error}") from error
