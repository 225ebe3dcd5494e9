"""The book's chapter of how the instance stands: its beginnings, bars seen, breaker, panic, day and mail."""

from __future__ import annotations

from engine import ledger as ledgers
from engine.book.state import Book
from engine.frozen import replace
from engine.messages import events as ev
from engine.messages.base import Message
from engine.reconcile import Verdict, kind_in
from engine.safety import breaker as breakers


def started(book: Book, event: ev.InstanceStarted, now_ns: int) -> Book:
    ledger = book.ledger if book.instrument else ledgers.opened(event.starting_equity, event.instrument)
    return replace(
        book,
        epoch=event.epoch,
        instrument=event.instrument,
        ledger=ledger,
        began_at_ns=book.began_at_ns or now_ns,
        peak_equity=max(book.peak_equity, ledger.wallet_balance),
    )


def anchored(book: Book, event: ev.AnchorRecorded, _: int) -> Book:
    return replace(book, anchor_ns=event.open_time_ns, last_bar_ns=event.live_from_ns - 1)


def wallet_anchored(book: Book, event: ev.WalletAnchored, _: int) -> Book:
    return replace(book, wallet_anchor=event.wallet_balance)


def signal(book: Book, event: ev.SignalReceived, _: int) -> Book:
    return replace(book, last_bar_ns=event.signal.bar_open_time_ns)


def waits(book: Book, event: ev.SignalWaits, _: int) -> Book:
    return replace(book, waiting_bar_ns=event.bar_open_time_ns)


def filtered(book: Book, event: ev.SignalFiltered, _: int) -> Book:
    return replace(book, waiting_bar_ns=None if book.waiting_bar_ns == event.bar_open_time_ns else book.waiting_bar_ns)


def unchanged(book: Book, _event: Message, _: int) -> Book:
    return book


def delivered(book: Book, event: ev.NotificationDelivered, _: int) -> Book:
    return replace(book, outbox={n: text for n, text in book.outbox.items() if n != event.trade_number})


def tripped(book: Book, event: ev.BreakerTripped, _: int) -> Book:
    return replace(book, breaker=breakers.tripped(book.breaker, breakers.Level(event.level), event.cause))


def eased(book: Book, _event: ev.BreakerEased, _: int) -> Book:
    return replace(book, breaker=breakers.eased(book.breaker))


def reset(book: Book, _event: ev.BreakerReset, _: int) -> Book:
    peak = book.ledger.wallet_balance  # a person looked: the drawdown is measured from here
    return replace(book, breaker=breakers.reset(), is_panicked=False, entries_failed=0, peak_equity=peak)


def reconciliation(book: Book, event: ev.ReconciliationChanged, _: int) -> Book:
    return replace(book, reconciliation=event.state, unexplained=_unexplained(book, event))


def _unexplained(book: Book, event: ev.ReconciliationChanged) -> tuple[str, ...]:
    """Only agreement ends a difference: a WARNING (the exchange cannot be read, say) tells nothing of it."""
    if event.state != Verdict.CRITICAL:
        return () if event.state == Verdict.HEALTHY else book.unexplained
    found = {kind_in(text): text for text in (*book.unexplained, *event.differences)}
    return tuple(found.values())


def panicked(book: Book, _event: ev.PanicObserved, _: int) -> Book:
    return replace(book, is_panicked=True)


def day_began(book: Book, event: ev.DayBegan, _: int) -> Book:
    peak = max(book.peak_equity, event.equity)
    return replace(book, day=event.day, day_start_equity=event.equity, peak_equity=peak)
