"""CcxtExchange: performs the calls of the exchange contract through ccxt, and pushes what its streams say.

Theory of operation. `perform` answers every call with a message and never raises for trouble at the exchange. Orders
and cancels are sent once: whatever is not surely without effect is answered as UNKNOWN, to be resolved by asking. Reads
are tried again, twice, when the network failed or the answer was nonsense. The request budget is not kept here (ccxt's
limiter is off); what the exchange's headers say is handed to `on_usage`, and after a 429 or a ban nothing is sent until
it is over. ccxt itself is imported by the first call.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from loguru import logger

from adapters.ccxt.access import Access
from adapters.ccxt.answers import kind_of, not_amended, not_cancelled, not_placed, unavailable
from adapters.ccxt.bars import closed_bars
from adapters.ccxt.connection import Connection
from adapters.ccxt.errors import judge, reason_of
from adapters.ccxt.subscriptions import Subscriptions
from engine.errors import (
    InvariantViolated,
    RateLimited,
    VenueError,
)
from engine.messages.base import Message
from engine.messages.budget import LeaveAlone, LeftAlone
from engine.messages.exchange import (
    NONSENSE,
    AmendDone,
    AmendOrder,
    AskTime,
    BarsFetched,
    CancelDone,
    CancelOrder,
    ExchangeUnavailable,
    FetchBars,
    FetchFills,
    FillsFetched,
    FindOrder,
    InstrumentPrepared,
    OpenMarketStream,
    OpenUserStream,
    OrderFound,
    OrderNotFound,
    OrderPlaced,
    PlaceOrder,
    PrepareInstrument,
    SnapshotTaken,
    TakeSnapshot,
    TimeTold,
    UsageObserved,
)
from engine.order import Order

READ_TRIES = 3
RETRY_PAUSE_S = (0.05, 0.2)
RETRY_REASONS = ("timeout", "connection_lost", NONSENSE, "clock")
CLOCK_VALID_S = 60.0


class CcxtExchange:
    """One account on one exchange. Everything happens in the event loop that first called `perform`."""

    def __init__(
        self,
        access: Access,
        push: Callable[[Message], None],
        on_usage: Callable[[UsageObserved], None],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._access = access
        self._connection = Connection(access, on_usage, now_ns)
        self._subscriptions = Subscriptions(self._connection, push, now_ns)
        self._clock_measured_s = 0.0
        self._clock_offset_ns = 0

    async def perform(self, call: Message) -> Message:
        """The answer to `call`. Raises InvariantViolated for a message that is no call of this contract."""
        if answer := self._while_quiet(call):
            return answer
        match call:
            case PlaceOrder(order=order):
                return await self._place(order)
            case CancelOrder():
                return await self._cancel(call)
            case AmendOrder(order=order):
                return await self._amend(order)
            case FindOrder():
                return await self._read(call, lambda: self._find(call), call.client_order_id)
            case AskTime():
                return await self._read(call, self._time)
            case TakeSnapshot():
                return await self._read(call, lambda: self._snapshot(call))
            case FetchFills():
                return await self._read(call, lambda: self._fills(call))
            case FetchBars():
                return await self._read(call, lambda: self._bars(call))
            case PrepareInstrument():
                return await self._read(call, lambda: self._prepare(call))
            case OpenUserStream() | OpenMarketStream():
                return await self._open(call)
            case _:
                raise InvariantViolated(f"{type(call).__name__} is no call of the exchange contract")

    async def close(self) -> None:
        """End streams and connections."""
        await self._subscriptions.close()
        await self._connection.close()

    async def _open(self, call: OpenUserStream | OpenMarketStream) -> Message:
        if isinstance(call, OpenUserStream):
            return await self._subscriptions.open_user(call.symbol)
        return await self._subscriptions.open_market(call.symbol)

    # --- writes: sent once -----------------------------------------------------------------------------------------

    async def _place(self, order: Order) -> Message:
        self._subscriptions.expect(order.client_order_id)  # its event may be here before the answer is
        try:
            async with asyncio.timeout(self._access.order_timeout_ms / 1_000):
                report = await (await self._connection.dialect()).place(order)
        except Exception as error:  # noqa: BLE001 - after sending, any surprise means that nobody knows
            return await self._not_placed(order.client_order_id, error)
        return OrderPlaced(
            client_order_id=report.client_order_id,
            venue_order_id=report.venue_order_id,
            status=report.status,
            filled_quantity=report.filled_quantity,
        )

    async def _not_placed(self, client_order_id: str, error: Exception) -> Message:
        self._subscriptions.heard(client_order_id)
        return not_placed(client_order_id, await self._judged("PlaceOrder", client_order_id, error))

    async def _cancel(self, call: CancelOrder) -> Message:
        name = call.client_order_id
        try:
            async with asyncio.timeout(self._access.order_timeout_ms / 1_000):
                await (await self._connection.dialect()).cancel(call)
        except Exception as error:  # noqa: BLE001 - after sending, any surprise means that nobody knows
            return not_cancelled(name, await self._judged("CancelOrder", name, error))
        return CancelDone(client_order_id=name)

    async def _amend(self, order: Order) -> Message:
        name = order.client_order_id
        if not order.is_reduce_only:
            raise InvariantViolated(f"{name} may open risk: it is cancelled and placed anew, never amended")
        try:
            async with asyncio.timeout(self._access.order_timeout_ms / 1_000):
                await (await self._connection.dialect()).amend(order)
        except Exception as error:  # noqa: BLE001 - after sending, any surprise means that nobody knows
            return not_amended(name, await self._judged("AmendOrder", name, error))
        return AmendDone(client_order_id=name)

    # --- reads: tried again when the network failed ------------------------------------------------------------------

    async def _find(self, call: FindOrder) -> Message:
        dialect = await self._connection.dialect()
        try:
            return OrderFound(report=await dialect.find(call))
        except Exception as error:  # ccxt's classes are loaded late; our table knows them
            if reason_of(error) == "unknown_order":
                return OrderNotFound(client_order_id=call.client_order_id)
            raise

    async def _read(self, call: Message, ask: Callable[[], Awaitable[Message]], detail: str = "") -> Message:
        name = type(call).__name__
        for tries_left in reversed(range(READ_TRIES)):
            try:
                async with asyncio.timeout(self._access.read_timeout_ms / 1_000):
                    return await ask()
            except InvariantViolated:
                raise
            except Exception as error:  # noqa: BLE001 - judged by the table; nothing unforeseen may kill the actor
                judged, reason = await self._judged(name, detail, error), reason_of(error)
            if not tries_left or reason not in RETRY_REASONS:
                break
            await asyncio.sleep(random.uniform(*RETRY_PAUSE_S))
        return unavailable(name, detail, judged, NONSENSE if reason == NONSENSE else "")

    async def _snapshot(self, call: TakeSnapshot) -> Message:
        if asyncio.get_running_loop().time() - self._clock_measured_s > CLOCK_VALID_S:
            await self._measure_clock()
        dialect = await self._connection.dialect()
        snapshot = await dialect.snapshot(call)
        return SnapshotTaken(snapshot=snapshot, clock_offset_ns=self._clock_offset_ns)

    async def _fills(self, call: FetchFills) -> Message:
        return FillsFetched(fills=await (await self._connection.dialect()).fills(call.symbol, call.since_ns))

    async def _bars(self, call: FetchBars) -> Message:
        return BarsFetched(bars=await closed_bars(await self._connection.dialect(), call))

    async def _prepare(self, call: PrepareInstrument) -> Message:
        dialect = await self._connection.dialect()
        offset_ns, _ = await self._measure_clock()
        await dialect.set_up(call.symbol, call.leverage)
        rules = await dialect.instrument(call.symbol)
        return InstrumentPrepared(instrument=rules, leverage=call.leverage, clock_offset_ns=offset_ns)

    async def _time(self) -> Message:
        offset_ns, round_trip_ns = await self._measure_clock()
        return TimeTold(clock_offset_ns=offset_ns, round_trip_ns=round_trip_ns)

    async def _measure_clock(self) -> tuple[int, int]:
        measured = await (await self._connection.dialect()).measure_clock()
        self._clock_offset_ns, self._clock_measured_s = measured[0], asyncio.get_running_loop().time()
        return measured

    # --- trouble -----------------------------------------------------------------------------------------------------

    async def _judged(self, name: str, detail: str, error: Exception) -> VenueError:
        """The error as one of ours, logged; what concerns the whole connection is seen to."""
        judged, reason = judge(error), reason_of(error)
        logger.bind(channel="exchange").warning("{} {} failed: {} {}", name, detail, type(judged).__name__, judged)
        if isinstance(judged, RateLimited) and not judged.is_of_orders:
            self._connection.be_quiet(kind_of(judged), judged.retry_after_ms)
        if reason == NONSENSE:
            self._connection.session().renew()
        if reason == "clock":
            await self._clock_again()
        return judged

    async def _clock_again(self) -> None:
        try:
            async with asyncio.timeout(self._access.read_timeout_ms / 1_000):
                await self._measure_clock()
        except Exception as error:  # noqa: BLE001 - the call that failed is answered anyway; the next measures again
            self._clock_measured_s = 0.0
            logger.bind(channel="exchange").warning("clock not measured: {}", judge(error))

    def _while_quiet(self, call: Message) -> Message | None:
        if isinstance(call, LeaveAlone):
            self._connection.be_quiet("banned", call.for_ms)
            return LeftAlone()
        left_ms, kind = self._connection.quiet()
        if not left_ms or isinstance(call, (OpenUserStream, OpenMarketStream)):  # streams wait by themselves
            return None
        detail = (
            call.order.client_order_id
            if isinstance(call, (PlaceOrder, AmendOrder))
            else getattr(call, "client_order_id", "")
        )
        text = f"{kind}: the exchange asked to be left alone; nothing was sent"
        return ExchangeUnavailable(
            call=type(call).__name__, detail=detail, kind=kind, text=text, retry_after_ms=left_ms
        )
