"""Candles: the bars of one instrument and timeframe as arrays, for everything that works on history at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.errors import MarketDataGap
from engine.market import Bar, timeframe_ns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


def gap_between(last_open_time_ns: int, next_open_time_ns: int, step_ns: int) -> MarketDataGap:
    """A bar does not follow the one before it. Remedy: fetch what is missing and feed from the anchor."""
    missing_ns = last_open_time_ns + step_ns
    text = f"after the bar of {utc(last_open_time_ns)} comes that of {utc(next_open_time_ns)}, not of {utc(missing_ns)}"
    return MarketDataGap(text, from_ns=missing_ns, to_ns=next_open_time_ns - step_ns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """OHLCV columns of closed bars, in order of time. `open_time_ns` is UTC; prices are floats as in `Bar`."""

    symbol: str
    timeframe: str
    open_time_ns: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.open_time_ns)

    def between(self, start_ns: int | None, end_ns: int | None) -> Candles:
        """The bars that opened in [start, end); None leaves that side open. No copy is made."""
        times = self.open_time_ns
        first = 0 if start_ns is None else int(times.searchsorted(start_ns))
        last = len(times) if end_ns is None else int(times.searchsorted(end_ns))
        return self.rows(first, last)

    def rows(self, first: int, last: int) -> Candles:
        """The bars [first, last) by position. No copy is made."""
        return self.take(slice(first, last))

    def take(self, positions: slice | Integers) -> Candles:
        """The bars at these positions."""
        return Candles(
            symbol=self.symbol, timeframe=self.timeframe, open_time_ns=self.open_time_ns[positions],
            open=self.open[positions], high=self.high[positions], low=self.low[positions],
            close=self.close[positions], volume=self.volume[positions],
        )  # fmt: skip

    def bars(self) -> Iterator[Bar]:
        """The same bars one by one, as a live feed would give them."""
        columns = (self.open_time_ns, self.open, self.high, self.low, self.close, self.volume)
        for time, open_, high, low, close, volume in zip(*(column.tolist() for column in columns), strict=True):
            yield Bar(open_time_ns=time, open=open_, high=high, low=low, close=close, volume=volume)

    def first_gap(self) -> int | None:
        """Position of the first bar that does not follow its predecessor; None when the candles are contiguous."""
        steps = self.open_time_ns[1:] - self.open_time_ns[:-1]
        wrong = (steps != timeframe_ns(self.timeframe)).nonzero()[0]
        return int(wrong[0]) + 1 if len(wrong) else None

    def require_contiguous(self) -> None:
        """Raises MarketDataGap at the first bar that does not follow its predecessor."""
        position = self.first_gap()
        if position is not None:
            last, following = self.open_time_ns[position - 1 : position + 1].tolist()
            raise gap_between(last, following, timeframe_ns(self.timeframe))


def candles_of(symbol: str, timeframe: str, bars: Sequence[Bar]) -> Candles:
    """The candles that hold exactly these bars."""
    import numpy as np

    def column(name: str) -> Floats:
        return np.array([getattr(bar, name) for bar in bars], dtype=np.float64)

    return Candles(
        symbol=symbol, timeframe=timeframe, open_time_ns=np.array([bar.open_time_ns for bar in bars], dtype=np.int64),
        open=column("open"), high=column("high"), low=column("low"), close=column("close"), volume=column("volume"),
    )  # fmt: skip


def utc(time_ns: int) -> str:
    """`time_ns` as people write it: 2026-11-21 08:00 UTC."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M UTC")
