"""Book: everything an instance knows of its money, as a fold over its journal. `apply` is the only way it changes.

The executor decides, journals the decision as events, and folds the very same events; after a crash the fold of the
journal is the state again. So there is nothing to restore by other means, and nothing in memory that is not on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.book import fills, open_trade, orders, standing
from engine.book.state import Book
from engine.errors import InvariantViolated
from engine.frozen import replace
from engine.messages import events as ev
from engine.messages import facts
from engine.messages.base import Message
from engine.order import OrderStatus


def apply(book: Book, event: Message, now_ns: int) -> Book:
    """The book after `event`, which was journaled at `now_ns`. Raises InvariantViolated for what can't be."""
    handler = _HANDLERS.get(type(event))
    if handler is None:
        raise InvariantViolated(f"the book knows no {type(event).__name__}")
    return replace(handler(book, event, now_ns), sequence=book.sequence + 1)


_HANDLERS: Mapping[type[Message], Callable[[Book, Any, int], Book]] = {
    ev.InstanceStarted: standing.started,
    ev.AnchorRecorded: standing.anchored,
    ev.WalletAnchored: standing.wallet_anchored,
    ev.SignalReceived: standing.signal,
    ev.SignalFiltered: standing.filtered,
    ev.SignalWaits: standing.waits,
    ev.OrderIntended: orders.intended,
    ev.OrderAccepted: orders.moves_to(OrderStatus.ACCEPTED),
    ev.OrderTriggered: orders.moves_to(OrderStatus.TRIGGERED),
    ev.OrderRejected: orders.moves_to(OrderStatus.REJECTED),
    ev.OrderDenied: orders.moves_to(OrderStatus.DENIED),
    ev.OrderBecameUnknown: orders.moves_to(OrderStatus.UNKNOWN),
    ev.OrderCancelled: orders.moves_to(OrderStatus.CANCELLED),
    ev.OrderExpired: orders.moves_to(OrderStatus.EXPIRED),
    ev.OrderFilled: fills.filled,
    ev.ForeignFillSeen: fills.foreign,
    ev.ReducedElsewhere: fills.reduced_elsewhere,
    ev.FundingBooked: open_trade.funding_booked,
    ev.PositionOpened: open_trade.position_opened,
    ev.ProtectionAdvanced: open_trade.advanced,
    ev.PositionProtected: open_trade.protected,
    ev.ExitWanted: open_trade.exit_wanted,
    ev.TradeClosed: open_trade.trade_closed,
    ev.NotificationDelivered: standing.delivered,
    ev.BreakerTripped: standing.tripped,
    ev.BreakerEased: standing.eased,
    ev.BreakerReset: standing.reset,
    ev.ReconciliationChanged: standing.reconciliation,
    ev.PanicObserved: standing.panicked,
    ev.DayBegan: standing.day_began,
    **dict.fromkeys((ev.ActorChanged, ev.StreamChanged, ev.InstanceStopped, *facts.ALL), standing.unchanged),
}
KINDS = frozenset(_HANDLERS)
