"""The book's chapter of orders: what is intended, and how the exchange's answers move it through its lifecycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import order as lifecycle
from engine.book.state import Book
from engine.errors import InvariantViolated
from engine.frozen import replace
from engine.messages import events as ev
from engine.order import Order, OrderPurpose, OrderStatus
from engine.safety import pace as paces
from engine.trade import Trade

KEPT_ORDERS = 64  # finished orders kept for late fills; ids of older ones are unknown to us and would be foreign


def intended(book: Book, event: ev.OrderIntended, now_ns: int) -> Book:
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
    return with_order(book, stamped)


def _counted(trade: Trade | None, order: Order) -> Trade | None:
    return replace(trade, intents=trade.intents + 1) if trade and trade.number == order.trade_number else trade


def moves_to(status: OrderStatus) -> Callable[[Book, Any, int], Book]:
    def handle(book: Book, event: Any, now_ns: int) -> Book:
        order = book.orders[event.client_order_id]
        changed = lifecycle.after_status(order, status, now_ns, getattr(event, "venue_order_id", ""))
        return _note_failure(_note_naked(with_order(book, changed), changed, now_ns), changed)

    return handle


def with_order(book: Book, order: Order) -> Book:
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
