"""Market data between the data actor and those who trade on it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.market import Bar, MarkPrice
from engine.messages.base import Message
from engine.signal import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWanted(Message):
    """Strategy to data: bars from `from_open_time_ns` on, or (when None) the last `at_least` closed ones."""

    from_open_time_ns: int | None
    at_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryDelivered(Message):
    """A contiguous run of closed bars, oldest first. `is_last` ends the answer; `BarClosed` goes on from there."""

    bars: tuple[Bar, ...]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BarClosed(Message):
    """A base bar closed. `observed_at_ns` is our wall clock at its arrival."""

    bar: Bar
    observed_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPriceChanged(Message):
    """Conflated: only the newest matters. Its silence is what stale data means."""

    mark: MarkPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDataLost(Message):
    """The stream is down or silent; entries wait."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDataRestored(Message):
    """The stream is up and the bars are contiguous again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReady(Message):
    """Strategy to executor: one immutable snapshot per closed bar: the bar and what the play says of it."""

    bar: Bar
    signal: Signal
    observed_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorChosen(Message):
    """Strategy to executor: the first bar ever fed; a restart feeds from here again, so the state is the same."""

    open_time_ns: int
