"""Builders: the smallest order, fill, event and book a test needs; every field has a plain default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.book import fold
from engine.book.state import Book
from engine.fill import Fill
from engine.instrument import Instrument
from engine.messages import events as ev
from engine.messages.base import Message
from engine.order import Order, OrderKind, OrderPurpose, Side
from engine.protection import ProtectionState

D = Decimal
MS = 1_000_000
SECOND_NS = 1_000 * MS
NOW_NS = 1_700_000_000 * SECOND_NS
BAR_NS = 1_699_999_920 * SECOND_NS
SYMBOL = "BTC/USDT:USDT"
BTC = Instrument(
    symbol=SYMBOL, tick_size=D("0.10"), lot_size=D("0.001"), minimum_quantity=D("0.001"), minimum_notional=D(100)
)
KIND_OF = {
    OrderPurpose.ENTRY: OrderKind.MARKET,
    OrderPurpose.EXIT: OrderKind.MARKET,
    OrderPurpose.EMERGENCY_EXIT: OrderKind.MARKET,
    OrderPurpose.STOP: OrderKind.STOP_MARKET,
    OrderPurpose.TAKE_PROFIT: OrderKind.TAKE_PROFIT_MARKET,
}


def an_order(name: str = "entry", purpose: OrderPurpose = OrderPurpose.ENTRY, **fields: Any) -> Order:
    """A buy of 0.1 as an entry, a sell of 0.1 as anything else; triggers at 39,000 or 41,000 where it triggers."""
    triggers = {OrderPurpose.STOP: D(39_000), OrderPurpose.TAKE_PROFIT: D(41_000)}
    made = Order(
        client_order_id=name, symbol=SYMBOL, side=Side.BUY if purpose.opens_position else Side.SELL,
        kind=KIND_OF[purpose], purpose=purpose, quantity=D("0.1"), trade_number=1, bar_open_time_ns=BAR_NS,
        is_reduce_only=not purpose.opens_position, trigger_price=triggers.get(purpose),
    )  # fmt: skip
    return replace(made, **fields)


def a_fill(trade_id: str = "1", order: str = "entry", **fields: Any) -> Fill:
    """Bought 0.1 at 40,000 with a fee of 2."""
    made = Fill(
        trade_id=trade_id, symbol=SYMBOL, venue_order_id="", client_order_id=order, sign=1, quantity=D("0.1"),
        price=D(40_000), fee=D(2), fee_asset="USDT", is_maker=False, occurred_at_ns=NOW_NS,
    )  # fmt: skip
    return replace(made, **fields)


def started(**fields: Any) -> ev.InstanceStarted:
    """A new life, epoch 1, with 10,000."""
    made = ev.InstanceStarted(
        instance="live-1", play="a play", play_hash="abcdef", epoch=1, starting_equity=D(10_000), instrument=BTC
    )
    return replace(made, **fields)


def intended(order: Order) -> ev.OrderIntended:
    return ev.OrderIntended(order=order)


def accepted(name: str, venue_order_id: str = "") -> ev.OrderAccepted:
    return ev.OrderAccepted(client_order_id=name, venue_order_id=venue_order_id or f"v-{name}")


def filled(fill: Fill) -> ev.OrderFilled:
    return ev.OrderFilled(client_order_id=fill.client_order_id, fill=fill)


def protected_levels(stop: int = 390_000, take_profit: int = 0) -> ProtectionState:
    """Levels of a long from 40,000, in ticks of 0.10."""
    return ProtectionState(
        side=1, entry_ticks=400_000, stop_ticks=stop, take_profit_ticks=take_profit, best_ticks=400_000, bars_held=0,
        stop_moved=False,
    )  # fmt: skip


def opened(stop: int = 390_000, take_profit: int = 0) -> tuple[Message, ...]:
    """A long of 0.1 from 40,000, its levels known, nothing protecting it yet."""
    return (
        started(),
        intended(an_order()),
        accepted("entry"),
        filled(a_fill()),
        ev.PositionOpened(trade_number=1, protection=protected_levels(stop, take_profit)),
    )


def folded(events: Iterable[Message], now_ns: int = NOW_NS, book: Book | None = None) -> Book:
    """The book after these events, all recorded at `now_ns`."""
    book = Book() if book is None else book
    for event in events:
        book = fold.apply(book, event, now_ns)
    return book
