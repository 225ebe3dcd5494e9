"""Prices to whole ticks, compiled. Imported by what compiles it alone: NumPy is needed for the bits of a number.

Within a block the prices are first judged, a vector at a time, and then written: in one loop nothing would be a vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.layout import CLOSE, HIGH, LOW, MOST_TICKS, NEAR_HALF, OPEN

# a float to which this is added has no digits after the point left: the processor has rounded it, and the last 32 bits
# are those of the whole number
ROUNDER = 1.5 * 2.0**52
# so many bars stay next to the processor from judging to writing
BLOCK = 512


def rounded(value: float) -> float:
    """The nearest whole number."""
    return (value + ROUNDER) - ROUNDER


def rest(value: float) -> float:
    """How far a value is from the nearest whole number."""
    return abs(value - rounded(value))


def whole(value: float) -> Any:
    """The nearest whole number, as 32 bits."""
    return np.int32(np.float64(value + ROUNDER).view(np.int64))


def fits(value: float) -> bool:
    """Whether a price in ticks is one; NaN is none."""
    return (value >= 0.5) & (value < MOST_TICKS)


def judged(opens: Any, highs: Any, lows: Any, closes: Any, per_tick: float) -> tuple[int, int]:
    """(bars with a price that does not fit, bars with one near a half tick)."""
    unfit = near_half = 0
    for bar in range(len(opens)):
        opened, high = opens[bar] * per_tick, highs[bar] * per_tick
        low, close = lows[bar] * per_tick, closes[bar] * per_tick
        unfit += 1 - int(fits(opened) & fits(high) & fits(low) & fits(close))
        near_half += int(max(rest(opened), rest(high), rest(low), rest(close)) > NEAR_HALF)
    return unfit, near_half


def write_whole(opens: Any, highs: Any, lows: Any, closes: Any, per_tick: float, rows: Any) -> None:
    """Fills `rows`."""
    for bar in range(len(rows)):
        rows[bar, OPEN], rows[bar, HIGH] = whole(opens[bar] * per_tick), whole(highs[bar] * per_tick)
        rows[bar, LOW], rows[bar, CLOSE] = whole(lows[bar] * per_tick), whole(closes[bar] * per_tick)


def round_prices(opens: Any, highs: Any, lows: Any, closes: Any, per_tick: float, rows: Any) -> tuple[int, int]:
    """Fills `rows`; says what `judged` does."""
    unfit = near_half = 0
    for first in range(0, len(rows), BLOCK):
        part = slice(first, first + BLOCK)
        block = opens[part], highs[part], lows[part], closes[part]
        more_unfit, more_near = judged(*block, per_tick)
        unfit, near_half = unfit + more_unfit, near_half + more_near
        write_whole(*block, per_tick, rows[part])
    return unfit, near_half


# what `round_prices` calls, in order of use
PARTS = (rounded, rest, whole, fits, judged, write_whole)
