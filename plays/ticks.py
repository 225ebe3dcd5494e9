"""Prices of candles in whole ticks, which the kernel reads: all four prices in one pass over memory.

A price is divided by the tick through its reciprocal, which may be wrong in the last digits. That cannot matter except
near a half: such bars are rare and are done again with exact decimals.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from engine.backtest.layout import NEAR_HALF
from engine.candles import Candles
from engine.compiled import compile_with
from engine.instrument import Instrument
from plays.errors import BacktestError
from plays.paired import read_only

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ticks = NDArray[np.int32]


def prices_in_ticks(candles: Candles, instrument: Instrument) -> Ticks:
    """Open, high, low and close in whole ticks, as `Instrument.to_ticks` rounds: a row for each bar.

    Raises BacktestError for prices that do not fit the tick.
    """
    import numpy as np

    rows: Ticks = np.empty((len(candles), 4), np.int32)
    write_ticks(candles, instrument, rows)
    return rows


def write_ticks(candles: Candles, instrument: Instrument, rows: Ticks) -> None:
    """The same into `rows`, without any memory besides."""
    import numpy as np

    columns = [read_only(np.ascontiguousarray(one)) for one in (candles.open, candles.high, candles.low, candles.close)]
    per_tick = 1.0 / float(instrument.tick_size)
    unfit, near_half = compiled_round()(*columns, per_tick, rows)
    if unfit:
        raise BacktestError(
            f"prices of {candles.symbol} from {min(map(np.min, columns)):g} to {max(map(np.max, columns)):g} do not "
            f"fit a tick of {instrument.tick_size}: check the instrument's tick size"
        )
    if near_half:
        _round_exactly(columns, instrument, rows)


def _round_exactly(columns: list[Any], instrument: Instrument, rows: Ticks) -> None:
    """Does those prices again that lie near a half tick."""
    import numpy as np

    for number, prices in enumerate(columns):
        exact = prices / float(instrument.tick_size)
        for bar in np.flatnonzero(np.abs(exact - np.rint(exact)) > NEAR_HALF - 1e-6).tolist():
            rows[bar, number] = instrument.to_ticks(float(prices[bar]))


@cache
def compiled_round() -> Any:
    """`round_prices`, compiled."""
    from plays.tick_rounding import PARTS, round_prices  # it needs NumPy

    return compile_with(round_prices, PARTS, allocates=False)
