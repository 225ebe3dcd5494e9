"""Gaps of stored candles, filled when somebody who knows that nothing was traded asks for it."""

from __future__ import annotations

from adapters.candles.files import without_gaps
from adapters.candles.store import CandleStore
from engine.market import timeframe_ns


def fill_gaps(store: CandleStore, exchange: str, symbol: str, timeframe: str, most_bars: int) -> tuple[int, int]:
    """Fills the stored gaps of up to `most_bars` with flat bars; (gaps, bars) filled. Raises CandleError."""
    import numpy as np

    candles = store.load(exchange, symbol, timeframe)
    missing = np.diff(candles.open_time_ns) // timeframe_ns(timeframe) - 1
    gaps = np.flatnonzero((missing > 0) & (missing <= most_bars))
    for gap in gaps.tolist():
        store.append(exchange, without_gaps(candles.rows(gap, gap + 2)))
    return len(gaps), int(missing[gaps].sum())
