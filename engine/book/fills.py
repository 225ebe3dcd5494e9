"""The book's chapter of executions: the money of each is taken in once, whoever's order it was."""

from __future__ import annotations

from engine import ledger as ledgers
from engine import order as lifecycle
from engine import trade as trades
from engine.book import open_trade
from engine.book.orders import with_order
from engine.book.state import Book
from engine.errors import InvariantViolated
from engine.fill import ADOPTED, Fill
from engine.frozen import replace
from engine.messages import events as ev

KEPT_FILLS = 2_000  # trade ids kept to recognise repetitions; snapshots ask for far fewer


def filled(book: Book, event: ev.OrderFilled, now_ns: int) -> Book:
    fill, order = event.fill, book.orders[event.client_order_id]
    book = with_order(book, lifecycle.after_fill(order, fill, now_ns))
    if book.trade is None:
        is_new = order.trade_number > book.trade_count and not fill.trade_id.startswith(ADOPTED)
        first = 0 if is_new else book.sequence
        book = replace(book, trade=open_trade.new_trade(order, fill, now_ns, book.trade_count, first))
    return _taken_in(book, fill)


def reduced_elsewhere(book: Book, event: ev.ReducedElsewhere, _: int) -> Book:
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


def foreign(book: Book, event: ev.ForeignFillSeen, _: int) -> Book:
    return _seen(book, event.fill)


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
