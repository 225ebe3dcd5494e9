"""Alarms: what makes the instance distrust itself. Outcomes are counted over a sliding window; the level follows.

`after_event` is fed every fact, live and on recovery, so a restart forgets nothing; `noted` what is no fact (a call
that failed without effect). `due` says what must happen to the breaker: YELLOW (no entries) eases by itself after a
quiet while, RED stands until a person resets it. The thresholds are in `Limits`; what is no outcome but a value of now
(`engine.safety.host`, `engine.safety.strain`) is judged by its newest reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from engine import ledger as ledgers
from engine.book.state import Book
from engine.frozen import replace
from engine.messages import events as ev
from engine.messages import facts
from engine.messages.base import Message
from engine.messages.host import HostRead
from engine.order import OrderPurpose
from engine.safety import host, risk, strain
from engine.safety.breaker import SEVERITY, Alarm, Level
from engine.safety.limits import Limits

MS = 1_000_000
KEPT = 100
WARN_AGAIN_NS = 3_600_000 * MS


class Kind(StrEnum):
    """An outcome that is no reason for alarm once, and one when repeated."""

    UNKNOWN_ORDER = "orders became unknown"
    REFUSAL = "orders were refused"
    UNAVAILABLE = "calls failed"
    STREAM_LOSS = "stream losses"
    EMERGENCY = "emergency exits"
    PARTIAL_FILL = "entries were filled in part only"
    RESTART = "actors died"
    CLOCK_STEP = "clock steps"
    CLOSED_SYMBOL = "refusals because the instrument is not traded"


KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """When each kind happened lately, when the exchange was heard last (or first awaited), and the newest readings.

    `read_in_ns` is how long the newest reading of the account took; `closes` and `profits` are of bars and trades.
    """

    times: Mapping[Kind, tuple[int, ...]] = field(default_factory=dict)
    heard_at_ns: int | None = None
    slippage: Decimal = Decimal(0)
    slipped_at_ns: int = 0
    raised_at_ns: int = 0
    host: HostRead | None = None
    clock_offset_ns: int = 0
    read_in_ns: int = 0
    closes: tuple[float, ...] = ()
    profits: tuple[Decimal, ...] = ()
    warned_at_ns: int | None = None

    def count(self, kind: Kind, window_ms: int, now_ns: int) -> int:
        window_ns = window_ms * MS
        return len([at for at in self.times.get(kind, ()) if now_ns - at < window_ns])


def noted(vitals: Vitals, kind: Kind, at_ns: int) -> Vitals:
    """After one more of this kind."""
    return replace(vitals, times={**vitals.times, kind: (*vitals.times.get(kind, ())[-KEPT:], at_ns)})


def heard(vitals: Vitals, at_ns: int) -> Vitals:
    """The exchange said something."""
    return replace(vitals, heard_at_ns=at_ns)


def after_reading(vitals: Vitals, reading: HostRead, limits: Limits, at_ns: int) -> Vitals:
    """The guard says how the machine fares."""
    vitals = replace(vitals, host=reading)
    return noted(vitals, Kind.CLOCK_STEP, at_ns) if host.is_clock_step(reading, limits.host) else vitals


def after_bar(vitals: Vitals, close: float, limits: Limits) -> Vitals:
    """A bar closed."""
    return replace(vitals, closes=(*vitals.closes[-limits.volatility_bars :], close))


def after_event(vitals: Vitals, event: Message, book: Book, at_ns: int) -> Vitals:
    """After a fact; `book` is the one it led to."""
    match event:
        case ev.BreakerReset():
            return replace(vitals, times={}, slippage=Decimal(0), slipped_at_ns=0, raised_at_ns=0)
        case ev.BreakerTripped():
            return replace(vitals, raised_at_ns=at_ns)
        case ev.TradeClosed(profit=profit):
            return replace(vitals, profits=(*vitals.profits[-KEPT:], profit))
        case facts.RiskWarned():
            return replace(vitals, warned_at_ns=at_ns)
        case ev.OrderCancelled(client_order_id=name) | ev.OrderExpired(client_order_id=name):
            return noted(vitals, Kind.PARTIAL_FILL, at_ns) if _is_part_of_an_entry(book, name) else vitals
        case ev.PositionOpened():
            return replace(vitals, slippage=_slippage_of_entry(book), slipped_at_ns=at_ns)
    kind = _kind_of(event)
    return vitals if kind is None else noted(vitals, kind, at_ns)


def _kind_of(event: Message) -> Kind | None:
    match event:
        case ev.OrderBecameUnknown():
            return Kind.UNKNOWN_ORDER
        case ev.OrderRejected(reason="symbol_closed"):
            return Kind.CLOSED_SYMBOL
        case ev.OrderRejected(reason=reason) if reason != "not_found":
            return Kind.REFUSAL
        case ev.StreamChanged(is_up=False):
            return Kind.STREAM_LOSS
        case ev.ExitWanted(reason="emergency_exit"):
            return Kind.EMERGENCY
        case ev.ActorChanged(what="died"):
            return Kind.RESTART
        case _:
            return None


def _is_part_of_an_entry(book: Book, client_order_id: str) -> bool:
    ended = book.orders[client_order_id]
    return ended.purpose is OrderPurpose.ENTRY and Decimal(0) < ended.filled_quantity < ended.quantity


def _slippage_of_entry(book: Book) -> Decimal:
    filled = [o.slippage for o in book.orders.values() if o.purpose is OrderPurpose.ENTRY and o.filled_quantity]
    return filled[-1] if filled else Decimal(0)


def due(
    vitals: Vitals, book: Book, limits: Limits, mark: Decimal | None, now_ns: int
) -> ev.BreakerTripped | ev.BreakerEased | None:
    """What must happen to the breaker now; None when it stands as it should."""
    level = book.breaker.level
    if level is Level.RED:
        return None
    alarms = [alarm for alarm in _alarms(vitals, book, limits, mark, now_ns) if alarm is not None]
    worst = max(alarms, key=lambda alarm: SEVERITY[alarm.level]) if alarms else None
    if worst is not None and SEVERITY[worst.level] > SEVERITY[level]:
        return ev.BreakerTripped(level=worst.level.value, cause=worst.cause, text=worst.text)
    if level is Level.YELLOW and worst is None and _is_quiet(vitals, limits, now_ns):
        return ev.BreakerEased()
    return None


def warning(vitals: Vitals, limits: Limits, now_ns: int) -> facts.RiskWarned | None:
    """What a person should think about while trading goes on; at most once an hour."""
    if vitals.warned_at_ns is not None and now_ns - vitals.warned_at_ns < WARN_AGAIN_NS:
        return None
    text = strain.poor_results(vitals.profits, limits)
    return None if text is None else facts.RiskWarned(cause="poor results", text=text)


def _is_quiet(vitals: Vitals, limits: Limits, now_ns: int) -> bool:
    newest = max((times[-1] for times in vitals.times.values() if times), default=0)
    return now_ns - max(newest, vitals.raised_at_ns) >= limits.quiet_ms * MS


def _alarms(vitals: Vitals, book: Book, limits: Limits, mark: Decimal | None, now_ns: int) -> tuple[Alarm | None, ...]:
    equity = ledgers.equity(book.ledger, mark)
    return (
        *[_repeated(vitals, limits, kind, now_ns) for kind in KINDS if kind in vitals.times],
        _silence(vitals, limits, now_ns),
        _slipped(vitals, limits, now_ns),
        _rush(book, limits, now_ns),
        _disabled(book, limits),
        _daily_loss(book, limits, equity),
        _drawdown(book, limits, equity),
        strain.position_size(book, limits, mark),
        strain.volatility(vitals.closes, limits),
        strain.slow_exchange(vitals.read_in_ns, limits),
        host.clock_alarm(vitals.clock_offset_ns, limits.host),
        *(host.alarms(vitals.host, limits.host) if vitals.host else ()),
    )


def _repeated(vitals: Vitals, limits: Limits, kind: Kind, now_ns: int) -> Alarm | None:
    yellow, red = _THRESHOLDS[kind](limits)
    if len(vitals.times[kind]) < yellow:
        return None  # there are not so many, whenever they were
    window_ms = _window_ms(kind, limits)
    count = vitals.count(kind, window_ms, now_ns)
    if count < yellow:
        return None
    level, limit = (Level.RED, red) if count >= red else (Level.YELLOW, yellow)
    text = f"{count} {kind} within {window_ms // 1_000} s; the limit is {limit}"
    return Alarm(level=level, cause=kind.value, text=text)


def _window_ms(kind: Kind, limits: Limits) -> int:
    if kind is Kind.PARTIAL_FILL:
        return limits.slow_window_ms
    return limits.restarts_window_ms if kind in (Kind.RESTART, Kind.CLOCK_STEP) else limits.alarm_window_ms


_THRESHOLDS: Mapping[Kind, Callable[[Limits], tuple[int, int]]] = {
    Kind.UNKNOWN_ORDER: lambda limits: (limits.unknown_orders_yellow, limits.unknown_orders_red),
    Kind.REFUSAL: lambda limits: (limits.refusals_yellow, limits.refusals_red),
    Kind.UNAVAILABLE: lambda limits: (limits.unavailable_yellow, limits.unavailable_red),
    Kind.STREAM_LOSS: lambda limits: (limits.stream_losses_yellow, limits.stream_losses_red),
    Kind.EMERGENCY: lambda limits: (limits.emergencies_yellow, limits.emergencies_red),
    Kind.PARTIAL_FILL: lambda limits: (limits.partial_fills_yellow, limits.partial_fills_red),
    Kind.RESTART: lambda limits: (limits.restarts_yellow, limits.restarts_red),
    Kind.CLOCK_STEP: lambda limits: (limits.clock_steps_yellow, limits.clock_steps_red),
    Kind.CLOSED_SYMBOL: lambda limits: (limits.closed_symbol_yellow, limits.closed_symbol_red),
}


def _silence(vitals: Vitals, limits: Limits, now_ns: int) -> Alarm | None:
    if vitals.heard_at_ns is None or now_ns - vitals.heard_at_ns < limits.silence_ms * MS:
        return None
    text = f"no word of the exchange for {limits.silence_ms // 1_000} s"
    return Alarm(level=Level.RED, cause="network blocked", text=text)


def _slipped(vitals: Vitals, limits: Limits, now_ns: int) -> Alarm | None:
    is_over = now_ns - vitals.slipped_at_ns >= limits.slippage_pause_ms * MS
    if vitals.slippage <= limits.max_slippage or is_over:
        return None
    is_huge = vitals.slippage > limits.huge_slippage
    level, limit = (Level.RED, limits.huge_slippage) if is_huge else (Level.YELLOW, limits.max_slippage)
    text = f"the entry was filled {vitals.slippage:.4%} worse than decided; the limit is {limit:.2%}"
    return Alarm(level=level, cause="slippage", text=text)


def _rush(book: Book, limits: Limits, now_ns: int) -> Alarm | None:
    """Twice the usual number of orders: a play may have gone wild."""
    if len(book.pace.recent) < limits.rush_orders:
        return None  # there are not so many, whenever they were
    sent, usual = book.pace.orders_a_minute(now_ns), book.pace.usual_orders_a_minute(now_ns)
    if not usual or sent < limits.rush_orders or sent <= limits.rush_factor * usual:
        return None
    text = f"{sent} orders within a minute; usual are {usual:.1f}"
    return Alarm(level=Level.YELLOW, cause="order rate", text=text)


def _disabled(book: Book, limits: Limits) -> Alarm | None:
    if book.entries_failed < limits.most_entry_failures:
        return None
    text = f"{book.entries_failed} entries failed in a row"
    return Alarm(level=Level.RED, cause="disabled itself", text=text)


def _daily_loss(book: Book, limits: Limits, equity: Decimal) -> Alarm | None:
    lost = risk.lost_today(book, equity)
    if lost < limits.max_daily_loss:
        return None
    return Alarm(level=Level.RED, cause="daily loss", text=f"{lost:.2f} lost today; limit {limits.max_daily_loss}")


def _drawdown(book: Book, limits: Limits, equity: Decimal) -> Alarm | None:
    drawdown = risk.drawdown_of(book, equity)
    if drawdown < limits.max_drawdown:
        return None
    return Alarm(level=Level.RED, cause="drawdown", text=f"drawdown of {drawdown:.2%}; limit {limits.max_drawdown:.2%}")
