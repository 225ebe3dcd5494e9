"""The terms of an instrument when no exchange is asked: what a backtest on stored candles assumes.

The terms of the larger contracts are Binance USDT-M's; others get fair ones. A tick coarser than the candles' prices
would move every price, so the tick is refined until the candles fit it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.backtest.layout import MOST_TICKS
from engine.candles import Candles
from engine.instrument import Instrument

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# symbol: tick size, lot size (also the smallest quantity), smallest notional
KNOWN = {
    "BTC/USDT:USDT": ("0.1", "0.001", "100"),
    "ETH/USDT:USDT": ("0.01", "0.001", "20"),
    "SOL/USDT:USDT": ("0.01", "0.01", "5"),
    "BNB/USDT:USDT": ("0.01", "0.01", "5"),
    "XRP/USDT:USDT": ("0.0001", "0.1", "5"),
    "DOGE/USDT:USDT": ("0.00001", "1", "5"),
}
OTHERS = ("0.01", "0.001", "5")
FINEST_DECIMALS = 8
SAMPLE = 5_000


def terms_for(symbol: str, candles: Candles) -> Instrument:
    """The instrument to backtest `symbol` with on these candles."""
    tick, lot, notional = (Decimal(text) for text in KNOWN.get(symbol, OTHERS))
    instrument = Instrument(
        symbol=symbol, tick_size=tick, lot_size=lot, minimum_quantity=lot, minimum_notional=notional
    )  # fmt: skip
    return replace(instrument, tick_size=min(tick, finest_tick(candles)))


def finest_tick(candles: Candles) -> Decimal:
    """The coarsest power of ten (down to 1e-8) of which all closes of a sample are multiples."""
    closes = candles.close[:: max(1, len(candles) // SAMPLE)]
    finest = min(FINEST_DECIMALS, int(math.log10(MOST_TICKS / float(candles.high.max()))))
    decimals = next((digits for digits in range(finest) if _fits(closes, digits)), finest)
    return Decimal(1).scaleb(-decimals)


def _fits(closes: Floats, decimals: int) -> bool:
    import numpy as np

    scaled = closes * 10.0**decimals
    return bool((np.abs(scaled - np.rint(scaled)) < 1e-6 * np.maximum(1.0, scaled * 1e-6)).all())
