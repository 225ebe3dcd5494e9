"""Order lifecycle. Everything that changes an order's status lives in this file.

Theory of operation. An order is INTENDED from the moment its intent is durable: from then on it may or may not have
reached the exchange. ACCEPTED, TRIGGERED, FILLED, CANCELLED, EXPIRED and REJECTED are the exchange's word; DENIED is
ours, given before anything was sent. UNKNOWN is what a time-out leaves behind, and only the exchange's word ends it.
A conditional order (stop, take-profit) is TRIGGERED when the exchange turned it into an ordinary one; its fills follow.
Fills may arrive before, after or without the acknowledgement, so they are allowed from every state in which the order
may exist at the exchange, even from the final ones that only say that no more can come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from engine.errors import InvariantViolated
from engine.fill import Fill
from engine.frozen import replace

ZERO = Decimal(0)


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderKind(StrEnum):
    """How an order is executed. The last two rest at the exchange as conditional orders."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    TAKE_PROFIT_MARKET = "take_profit_market"

    @property
    def is_conditional(self) -> bool:
        return self in (OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET)


class OrderPurpose(StrEnum):
    """Why an order exists. All but ENTRY can only reduce a position."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    EMERGENCY_EXIT = "emergency_exit"

    @property
    def opens_position(self) -> bool:
        return self is OrderPurpose.ENTRY


class OrderStatus(StrEnum):
    """Where an order stands, as far as we know."""

    INTENDED = "intended"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DENIED = "denied"


S = OrderStatus
UNRESOLVED = frozenset({S.INTENDED, S.UNKNOWN})
WORKING = frozenset({S.ACCEPTED, S.TRIGGERED, S.PARTIALLY_FILLED})
FINAL = frozenset({S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.DENIED})

NEXT: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    S.INTENDED: frozenset({S.UNKNOWN, S.ACCEPTED, S.TRIGGERED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.DENIED}),
    S.UNKNOWN: frozenset({S.ACCEPTED, S.TRIGGERED, S.CANCELLED, S.EXPIRED, S.REJECTED}),
    S.ACCEPTED: frozenset({S.TRIGGERED, S.CANCELLED, S.EXPIRED, S.REJECTED}),
    S.TRIGGERED: frozenset({S.CANCELLED, S.EXPIRED, S.REJECTED}),
    S.PARTIALLY_FILLED: frozenset({S.TRIGGERED, S.CANCELLED, S.EXPIRED}),
    S.FILLED: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.REJECTED: frozenset(),
    S.DENIED: frozenset(),
}
MAY_FILL = frozenset(S) - {S.DENIED, S.FILLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of ours. `quantity` and fills are positive; `side` says the direction.

    `trade_number` names the trade (entry to flat) this order belongs to; `price` is a limit order's limit,
    `trigger_price` a conditional order's trigger, `reference_price` what the decision saw (slippage is measured from
    it); `created_at_ns` and `changed_at_ns` are our wall clock.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic, never changed

    client_order_id: str
    symbol: str
    side: Side
    kind: OrderKind
    purpose: OrderPurpose
    quantity: Decimal
    trade_number: int
    bar_open_time_ns: int
    is_reduce_only: bool = False
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    reason: str = ""
    status: OrderStatus = OrderStatus.INTENDED
    venue_order_id: str = ""
    filled_quantity: Decimal = ZERO
    filled_notional: Decimal = ZERO
    created_at_ns: int = 0
    changed_at_ns: int = 0
    reference_price: Decimal | None = None

    @property
    def leaves_quantity(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def average_price(self) -> Decimal | None:
        """Average price of its fills; None before the first (never 0)."""
        return self.filled_notional / self.filled_quantity if self.filled_quantity else None

    @property
    def slippage(self) -> Decimal:
        """How much worse than the price of the decision it was filled, as a share of it; 0 where there is none."""
        average, reference = self.average_price, self.reference_price
        return self.side.sign * (average - reference) / reference if average and reference else ZERO

    @property
    def is_unresolved(self) -> bool:
        return self.status in UNRESOLVED

    @property
    def is_working(self) -> bool:
        return self.status in WORKING

    @property
    def is_open(self) -> bool:
        """May still trade, as far as we know."""
        return self.status not in FINAL


def after_status(order: Order, status: OrderStatus, now_ns: int, venue_order_id: str = "") -> Order:
    """The order after the exchange's (or the gate's) word. Raises InvariantViolated when there is no such step."""
    if status not in NEXT[order.status]:
        raise InvariantViolated(f"order {order.client_order_id}: no step from {order.status} to {status}")
    if status is S.REJECTED and order.filled_quantity:
        raise InvariantViolated(f"order {order.client_order_id}: rejected after filling {order.filled_quantity}")
    return replace(order, status=status, venue_order_id=venue_order_id or order.venue_order_id, changed_at_ns=now_ns)


def can_become(order: Order, status: OrderStatus) -> bool:
    """Whether `status` is news for this order: a legal step, not a repetition or something older."""
    return status in NEXT[order.status] and not (status is S.REJECTED and order.filled_quantity)


def after_fill(order: Order, fill: Fill, now_ns: int) -> Order:
    """The order after one new fill (the caller has dropped repeated trade ids)."""
    if order.status not in MAY_FILL:
        raise InvariantViolated(f"order {order.client_order_id}: a fill of {fill.quantity} while {order.status}")
    if fill.quantity > order.leaves_quantity:
        raise InvariantViolated(
            f"order {order.client_order_id}: fill {fill.quantity} is larger than what leaves, {order.leaves_quantity}"
        )
    filled = order.filled_quantity + fill.quantity
    status = _status_when_filled(order, filled)
    return replace(
        order,
        status=status,
        filled_quantity=filled,
        filled_notional=order.filled_notional + fill.quantity * fill.price,
        venue_order_id=order.venue_order_id or fill.venue_order_id,
        changed_at_ns=now_ns,
    )


def _status_when_filled(order: Order, filled: Decimal) -> OrderStatus:
    if filled == order.quantity:
        return S.FILLED
    final = order.status in (S.CANCELLED, S.EXPIRED)
    return order.status if final or order.status is S.TRIGGERED else S.PARTIALLY_FILLED
