"""Market data between the data actor and those who trade on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
    """A base bar closed. `observed_at_ns` is our wall clock at its arrival.

    Of one that was read afterwards it is when the stream was last heard before: it closed since. None: nobody knows.
    """

    bar: Bar
    observed_at_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPriceChanged(Message):
    """Conflated: only the newest matters. Its silence is what stale data means."""

    is_conflated: ClassVar[bool] = True
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
    """Strategy to executor: one immutable snapshot per closed bar: the bar and what the play says of it.

    `observed_at_ns` is that of `BarClosed`; None for a bar read from the past, which is never entered on. `anchor_ns`
    is the first bar this play was fed: what one that began elsewhere says is not the instance's signal.
    """

    bar: Bar
    signal: Signal
    observed_at_ns: int | None
    anchor_ns: int | None = None

    def began_elsewhere(self, anchor_ns: int | None) -> bool:
        """Its play was not fed from the recorded anchor: the word of it was lost, or it began before that was known."""
        return self.anchor_ns is not None and self.anchor_ns != anchor_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendBars(Message):
    """Port `bars`: keep what this instance received; one already kept is left as it is. No answer, or `BarsNotKept`."""

    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsNotKept(Message):
    """Port `bars`: none of these could be written down, and why (a full disk, say)."""

    bars: tuple[Bar, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBars(Message):
    """Port `bars`: what this instance received from `from_open_time_ns` on. Answer: `BarsRead`."""

    from_open_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsRead(Message):
    """Oldest first."""

    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorChosen(Message):
    """Strategy to executor: the first bar ever fed, and the first one whose signal counts.

    A restart feeds from the anchor again, so the play's state is what it would have been. Said again to an executor
    that has no anchor yet.
    """

    open_time_ns: int
    live_from_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeWanted(Message):
    """Strategy to executor, at every start: where were we?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePoint(Message):
    """The recorded anchor (None: this instance never traded) and the newest bar the executor has dealt with."""

    anchor_ns: int | None
    last_bar_ns: int | None
