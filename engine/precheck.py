"""Pre-checks: everything that must hold before a position is opened (A14). The first that does not is the reason.

The gate looks once more at the moment of sending (`engine.gate`), at what may change without a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine import ledger as ledgers
from engine.book import Book
from engine.breaker import Level
from engine.limits import Limits

MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What the executor knows of the world besides its book. Times are our clock; None means never."""

    has_snapshot: bool = False
    user_stream_up: bool = False
    market_up: bool = True
    mark: Decimal | None = None
    mark_at_ns: int | None = None
    reconciled_at_ns: int | None = None
    leased_until_ns: int | None = None
    available_balance: Decimal = Decimal(0)


def entry_denial(book: Book, ready: Readiness, limits: Limits, now_ns: int) -> str | None:
    """Why no position may be opened now; None when it may."""
    checks = (
        (book.is_panicked, "panic"),
        (book.breaker.level is not Level.GREEN, f"breaker is {book.breaker.level}: {book.breaker.cause}"),
        (not ready.has_snapshot, "the exchange's state is not known yet"),
        (book.reconciliation != "HEALTHY", f"reconciliation is {book.reconciliation}"),
        (_old(ready.reconciled_at_ns, limits.reconciliation_valid_ms, now_ns), "reconciliation is too old"),
        (not ready.user_stream_up, "the user stream is down"),
        (not ready.market_up, "market data is not contiguous"),
        (_old(ready.mark_at_ns, limits.stale_data_ms, now_ns), "market data is stale"),
        (ready.leased_until_ns is None or ready.leased_until_ns <= now_ns, "the instrument is not leased to us"),
        (book.trade is not None, "a position is open"),
        (bool(book.open_orders()), "an order is open or unknown"),
        (book.entries_failed >= limits.most_entry_failures, "too many entries failed in a row"),
        (_lost_too_much(book, ready, limits), f"daily loss limit of {limits.max_daily_loss} reached"),
    )
    return next((reason for fails, reason in checks if fails), None)


def size_denial(notional: Decimal, leverage: int, ready: Readiness, limits: Limits) -> str | None:
    """Why an entry of this size may not be sent; None when it may."""
    if notional > limits.max_notional:
        return f"notional {notional} is above the limit of {limits.max_notional}"
    if notional / leverage > ready.available_balance:
        return f"margin {notional / leverage} is more than the available balance of {ready.available_balance}"
    return None


def _old(at_ns: int | None, limit_ms: int, now_ns: int) -> bool:
    return at_ns is None or now_ns - at_ns > limit_ms * MS


def _lost_too_much(book: Book, ready: Readiness, limits: Limits) -> bool:
    now = ledgers.equity(book.ledger, ready.mark)
    return book.day_start_equity is not None and book.day_start_equity - now >= limits.max_daily_loss
