"""Market data as we think of it: bars, and what the exchange marks a position at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

MINUTE_NS = 60_000_000_000
TIMEFRAME_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "12h": 720, "1d": 1440,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """OHLCV of one closed period. Prices are floats as indicators see them; orders round them to the tick.

    `open_time_ns` is UTC market time; the bar closed at `open_time_ns` plus its timeframe.
    """

    open_time_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPrice:
    """The price the exchange values positions and triggers stops at."""

    price: Decimal
    observed_at_ns: int


def timeframe_ns(timeframe: str) -> int:
    """Length of `timeframe` in nanoseconds. Raises KeyError for one we do not know."""
    return TIMEFRAME_MINUTES[timeframe] * MINUTE_NS


def first_gap(bars: Sequence[Bar], step_ns: int = MINUTE_NS) -> int | None:
    """Index of the first bar that does not follow its predecessor by exactly `step_ns`; None when contiguous."""
    for index in range(1, len(bars)):
        if bars[index].open_time_ns - bars[index - 1].open_time_ns != step_ns:
            return index
    return None
