"""The bars that several instruments have in common: one row of times on which each has its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from engine.candles import Candles, utc
from engine.market import timeframe_ns
from plays.errors import BacktestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """`bars` bars of `timeframe`, from the one that opens at `first_open_time_ns` on."""

    timeframe: str
    first_open_time_ns: int
    bars: int

    @cached_property
    def open_time_ns(self) -> Integers:
        """The open time of every bar."""
        import numpy as np

        times: Integers = np.arange(self.bars, dtype=np.int64)
        times *= timeframe_ns(self.timeframe)
        times += self.first_open_time_ns
        return times

    def place_of(self, candles: Candles) -> slice:
        """Where contiguous candles lie. Raises BacktestError when they have another timeframe or lie elsewhere."""
        if candles.timeframe != self.timeframe:
            raise BacktestError(
                f"the run needs bars of {self.timeframe}, those of {candles.symbol} are of {candles.timeframe}"
            )
        first = int(candles.open_time_ns[0])
        offset, rest = divmod(first - self.first_open_time_ns, timeframe_ns(self.timeframe))
        if rest or offset < 0 or offset + len(candles) > self.bars:
            raise BacktestError(
                f"the {len(candles)} bars of {candles.symbol} from {utc(first)} on are not among the run's: "
                f"{self.bars} bars of {self.timeframe} from {utc(self.first_open_time_ns)} on"
            )
        return slice(offset, offset + len(candles))


def timeline_over(spans: Iterable[tuple[int, int]], timeframe: str) -> Timeline:
    """The timeline that holds all of these spans, each (first open time, last open time) in ns."""
    firsts, lasts = zip(*spans, strict=True)
    bars = (max(lasts) - min(firsts)) // timeframe_ns(timeframe) + 1
    return Timeline(timeframe=timeframe, first_open_time_ns=min(firsts), bars=bars)


def span_of(candles: Candles) -> tuple[int, int]:
    """(first open time, last open time)."""
    return int(candles.open_time_ns[0]), int(candles.open_time_ns[-1])
