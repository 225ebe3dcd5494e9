"""Book: everything an instance knows of its money, as a fold over its journal. `apply` is the only way it changes.

The executor decides, journals the decision as events, and folds the very same events; after a crash the fold of the
journal is the state again. So there is nothing to restore by other means, and nothing in memory that is not on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from engine import book_trade as chapter
from engine import ledger as ledgers
from engine import order as lifecycle
from engine import trade as trades
from engine.errors import InvariantViolated
from engine.fill import Fill
from engine.instrument import Instrument
from engine.ledger import Ledger
from engine.messages import events as ev
from engine.messages import facts
from engine.messages.base import Message
from engine.order import Order, OrderPurpose, OrderStatus
from engine.protection import ProtectionState
from engine.safety import breaker as breakers
from engine.safety import pace as paces
from engine.safety.breaker import Breaker
from engine.safety.pace import Pace
from engine.trade import Trade

KEPT_ORDERS = 64  # finished orders kept for late fills; ids of older ones are unknown to us and would be foreign
KEPT_FILLS = 2_000  # trade ids kept to recognise repetitions; snapshots ask for far fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The state of one instance. `sequence` counts its events; `seen_fills` are trade ids, oldest first.

    `began_at_ns` is when the journal began: older executions of the account are history, not strangers.
    `peak_equity` is the highest of what trades closed and days began at; `waiting_bar_ns` the bar whose entry waits.
    """

    sequence: int = 0
    epoch: int = 0
    began_at_ns: int = 0
    instrument: Instrument | None = None
    ledger: Ledger = Ledger(starting_equity=Decimal(0))
    orders: Mapping[str, Order] = field(default_factory=dict)
    seen_fills: tuple[str, ...] = ()
    last_fill_at_ns: int = 0
    trade: Trade | None = None
    protection: ProtectionState | None = None
    trade_count: int = 0
    anchor_ns: int | None = None
    last_bar_ns: int | None = None
    wallet_anchor: Decimal | None = None
    breaker: Breaker = Breaker()
    reconciliation: str = "UNKNOWN"
    is_panicked: bool = False
    outbox: Mapping[int, str] = field(default_factory=dict)
    entries_failed: int = 0
    day: str = ""
    day_start_equity: Decimal | None = None
    peak_equity: Decimal = Decimal(0)
    pace: Pace = Pace()
    waiting_bar_ns: int | None = None

    @property
    def position_quantity(self) -> Decimal:
        return self.ledger.position.quantity

    @property
    def wallet_expected(self) -> Decimal | None:
        """What the exchange's wallet should hold, when this account is ours alone."""
        if self.wallet_anchor is None:
            return None
        return self.wallet_anchor + self.ledger.change

    def open_orders(self, *purposes: OrderPurpose) -> tuple[Order, ...]:
        """Orders that may still trade, oldest first; of these purposes only, when any are given."""
        return tuple(o for o in self.orders.values() if o.is_open and (not purposes or o.purpose in purposes))

    def order_of(self, fill: Fill) -> Order | None:
        """Whose fill it is: by client order id, else by the exchange's."""
        found = self.orders.get(fill.client_order_id)
        if found is not None or not fill.venue_order_id:
            return found
        return next((o for o in self.orders.values() if o.venue_order_id == fill.venue_order_id), None)


def apply(book: Book, event: Message, now_ns: int) -> Book:
    """The book after `event`, which was journaled at `now_ns`. Raises InvariantViolated for what can't be."""
    handler = _HANDLERS.get(type(event))
    if handler is None:
        raise InvariantViolated(f"the book knows no {type(event).__name__}")
    return replace(handler(book, event, now_ns), sequence=book.sequence + 1)


def _started(book: Book, event: ev.InstanceStarted, now_ns: int) -> Book:
    ledger = book.ledger if book.instrument else ledgers.opened(event.starting_equity, event.instrument)
    return replace(
        book,
        epoch=event.epoch,
        instrument=event.instrument,
        ledger=ledger,
        began_at_ns=book.began_at_ns or now_ns,
        peak_equity=max(book.peak_equity, ledger.wallet_balance),
    )


def _anchored(book: Book, event: ev.AnchorRecorded, _: int) -> Book:
    return replace(book, anchor_ns=event.open_time_ns, last_bar_ns=event.live_from_ns - 1)


def _wallet_anchored(book: Book, event: ev.WalletAnchored, _: int) -> Book:
    return replace(book, wallet_anchor=event.wallet_balance)


def _signal(book: Book, event: ev.SignalReceived, _: int) -> Book:
    return replace(book, last_bar_ns=event.signal.bar_open_time_ns)


def _waits(book: Book, event: ev.SignalWaits, _: int) -> Book:
    return replace(book, waiting_bar_ns=event.bar_open_time_ns)


def _filtered(book: Book, event: ev.SignalFiltered, _: int) -> Book:
    return replace(book, waiting_bar_ns=None if book.waiting_bar_ns == event.bar_open_time_ns else book.waiting_bar_ns)


def _unchanged(book: Book, _event: Message, _: int) -> Book:
    return book


def _intended(book: Book, event: ev.OrderIntended, now_ns: int) -> Book:
    made = event.order
    if made.client_order_id in book.orders:
        raise InvariantViolated(f"intended twice: {made.client_order_id}")
    finished = [o.client_order_id for o in book.orders.values() if not o.is_open]
    dropped = set(finished[: max(0, len(finished) - KEPT_ORDERS)])
    kept = {key: order for key, order in book.orders.items() if key not in dropped}
    stamped = replace(made, created_at_ns=now_ns, changed_at_ns=now_ns)
    opens = made.purpose.opens_position
    book = replace(
        book,
        orders=kept,
        trade=_counted(book.trade, made),
        pace=paces.after_intent(book.pace, now_ns, opens),
        waiting_bar_ns=None if opens else book.waiting_bar_ns,
    )
    return _with_order(book, stamped)


def _counted(trade: Trade | None, order: Order) -> Trade | None:
    return replace(trade, intents=trade.intents + 1) if trade and trade.number == order.trade_number else trade


def _moves_to(status: OrderStatus) -> Callable[[Book, Any, int], Book]:
    def handle(book: Book, event: Any, now_ns: int) -> Book:
        order = book.orders[event.client_order_id]
        changed = lifecycle.after_status(order, status, now_ns, getattr(event, "venue_order_id", ""))
        return _note_failure(_note_naked(_with_order(book, changed), changed, now_ns), changed)

    return handle


def _with_order(book: Book, order: Order) -> Book:
    return replace(book, orders={**book.orders, order.client_order_id: order})


def _note_failure(book: Book, order: Order) -> Book:
    if order.purpose is not OrderPurpose.ENTRY:
        return book
    if order.status is OrderStatus.REJECTED:
        return replace(book, entries_failed=book.entries_failed + 1)
    return replace(book, entries_failed=0) if order.status is OrderStatus.ACCEPTED else book


def _note_naked(book: Book, order: Order, now_ns: int) -> Book:
    """A stop that is gone while the position stands starts the naked clock again."""
    trade = book.trade
    lost = order.purpose is OrderPurpose.STOP and not order.is_open and trade and trade.naked_since_ns is None
    if not lost or not trade or any(stop.is_working for stop in book.open_orders(OrderPurpose.STOP)):
        return book
    return replace(book, trade=replace(trade, naked_since_ns=now_ns))


def _filled(book: Book, event: ev.OrderFilled, now_ns: int) -> Book:
    fill, order = event.fill, book.orders[event.client_order_id]
    book = _with_order(book, lifecycle.after_fill(order, fill, now_ns))
    if book.trade is None:
        book = replace(book, trade=chapter.new_trade(order, fill, now_ns))
    return _taken_in(book, fill)


def _taken_in(book: Book, fill: Fill) -> Book:
    """The money of one execution, once."""
    if fill.trade_id in book.seen_fills:
        raise InvariantViolated(f"fill {fill.trade_id} twice")
    assert book.trade is not None
    ledger = ledgers.after(book.ledger, fill)
    profit = ledger.realised_profit - book.ledger.realised_profit
    last_ns = max(book.last_fill_at_ns, fill.occurred_at_ns)
    trade = trades.after_fill(book.trade, fill, profit, ledger.fees - book.ledger.fees)
    return _seen(replace(book, ledger=ledger, trade=trade, last_fill_at_ns=last_ns), fill)


def _seen(book: Book, fill: Fill) -> Book:
    return replace(book, seen_fills=(*book.seen_fills[-KEPT_FILLS:], fill.trade_id))


def _reduced_elsewhere(book: Book, event: ev.ReducedElsewhere, _: int) -> Book:
    """Nobody's order of ours, but our position: the money is real. What it closed, it closed for its own reason."""
    if not is_reduction(book, event.fill) or book.trade is None:
        raise InvariantViolated(f"fill {event.fill.trade_id} does not reduce {book.position_quantity}")
    book = _taken_in(book, event.fill)
    assert book.trade is not None
    if book.position_quantity or book.trade.exit_reason:
        return book
    return replace(book, trade=replace(book.trade, exit_reason=event.reason))


def is_reduction(book: Book, fill: Fill) -> bool:
    """Whether this execution makes our position smaller, without turning it round."""
    held = book.position_quantity
    return held * fill.sign < 0 and fill.quantity <= abs(held)


def _foreign(book: Book, event: ev.ForeignFillSeen, _: int) -> Book:
    return _seen(book, event.fill)


def _delivered(book: Book, event: ev.NotificationDelivered, _: int) -> Book:
    return replace(book, outbox={n: text for n, text in book.outbox.items() if n != event.trade_number})


def _tripped(book: Book, event: ev.BreakerTripped, _: int) -> Book:
    return replace(book, breaker=breakers.tripped(book.breaker, breakers.Level(event.level), event.cause))


def _eased(book: Book, _event: ev.BreakerEased, _: int) -> Book:
    return replace(book, breaker=breakers.eased(book.breaker))


def _reset(book: Book, _event: ev.BreakerReset, _: int) -> Book:
    peak = book.ledger.wallet_balance  # a person looked: the drawdown is measured from here
    return replace(book, breaker=breakers.reset(), is_panicked=False, entries_failed=0, peak_equity=peak)


def _reconciliation(book: Book, event: ev.ReconciliationChanged, _: int) -> Book:
    return replace(book, reconciliation=event.state)


def _panicked(book: Book, _event: ev.PanicObserved, _: int) -> Book:
    return replace(book, is_panicked=True)


def _day_began(book: Book, event: ev.DayBegan, _: int) -> Book:
    peak = max(book.peak_equity, event.equity)
    return replace(book, day=event.day, day_start_equity=event.equity, peak_equity=peak)


_HANDLERS: Mapping[type[Message], Callable[[Book, Any, int], Book]] = {
    ev.InstanceStarted: _started,
    ev.AnchorRecorded: _anchored,
    ev.WalletAnchored: _wallet_anchored,
    ev.SignalReceived: _signal,
    ev.SignalFiltered: _filtered,
    ev.SignalWaits: _waits,
    ev.OrderIntended: _intended,
    ev.OrderAccepted: _moves_to(OrderStatus.ACCEPTED),
    ev.OrderTriggered: _moves_to(OrderStatus.TRIGGERED),
    ev.OrderRejected: _moves_to(OrderStatus.REJECTED),
    ev.OrderDenied: _moves_to(OrderStatus.DENIED),
    ev.OrderBecameUnknown: _moves_to(OrderStatus.UNKNOWN),
    ev.OrderCancelled: _moves_to(OrderStatus.CANCELLED),
    ev.OrderExpired: _moves_to(OrderStatus.EXPIRED),
    ev.OrderFilled: _filled,
    ev.ForeignFillSeen: _foreign,
    ev.ReducedElsewhere: _reduced_elsewhere,
    ev.FundingBooked: chapter.funding_booked,
    ev.PositionOpened: chapter.position_opened,
    ev.ProtectionAdvanced: chapter.advanced,
    ev.PositionProtected: chapter.protected,
    ev.ExitWanted: chapter.exit_wanted,
    ev.TradeClosed: chapter.trade_closed,
    ev.NotificationDelivered: _delivered,
    ev.BreakerTripped: _tripped,
    ev.BreakerEased: _eased,
    ev.BreakerReset: _reset,
    ev.ReconciliationChanged: _reconciliation,
    ev.PanicObserved: _panicked,
    ev.DayBegan: _day_began,
    **dict.fromkeys((ev.ActorChanged, ev.StreamChanged, ev.InstanceStopped, *facts.ALL), _unchanged),
}
