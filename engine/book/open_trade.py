"""The book's chapter of the open trade: how its opening, protection, funding, leaving and closing change the book."""

from __future__ import annotations

from engine import ledger as ledgers
from engine.book.state import Book
from engine.errors import InvariantViolated
from engine.fill import Fill
from engine.frozen import replace
from engine.messages import events as ev
from engine.order import Order
from engine.trade import Trade


def new_trade(order: Order, fill: Fill, now_ns: int, trades_closed: int, first_intent: int) -> Trade:
    """What an order of a closed trade opens (the rest of an entry, told late; an exit that reduced what somebody else
    held) is a trade of its own: its number, under which its one message goes out, is used by no other. Its orders are
    numbered from `first_intent` on: it, or one that was adopted, shares its bar with what was traded before, and may
    not share its ids."""
    return Trade(
        intents=first_intent,
        number=max(order.trade_number, trades_closed + 1),
        direction=fill.sign,
        opened_at_ns=fill.occurred_at_ns,
        bar_open_time_ns=order.bar_open_time_ns,
        naked_since_ns=now_ns,
    )


def position_opened(book: Book, event: ev.PositionOpened, _: int) -> Book:
    return replace(book, protection=event.protection)


def advanced(book: Book, event: ev.ProtectionAdvanced, _: int) -> Book:
    return replace(book, protection=event.protection, last_bar_ns=event.bar_open_time_ns)


def protected(book: Book, event: ev.PositionProtected, _: int) -> Book:
    if book.trade is None:
        raise InvariantViolated("protected without a trade")
    return replace(book, trade=replace(book.trade, naked_since_ns=None, naked_ns=event.naked_ns))


def exit_wanted(book: Book, event: ev.ExitWanted, _: int) -> Book:
    if book.trade is None:
        raise InvariantViolated("an exit is wanted without a trade")
    return replace(book, trade=replace(book.trade, exit_reason=event.reason))


def funding_booked(book: Book, event: ev.FundingBooked, _: int) -> Book:
    return replace(book, ledger=ledgers.after_funding(book.ledger, event.payment))


def trade_closed(book: Book, event: ev.TradeClosed, _: int) -> Book:
    if not book.ledger.position.is_flat:
        raise InvariantViolated(f"trade {event.trade_number} closed while holding {book.position_quantity}")
    return replace(
        book,
        trade=None,
        protection=None,
        trade_count=book.trade_count + 1,
        peak_equity=max(book.peak_equity, book.ledger.wallet_balance),
        outbox={**book.outbox, event.trade_number: event.message},
    )
