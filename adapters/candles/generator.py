"""Candles made from a seed: a walk with fat tails and small open gaps, for trying things out where there is no data."""

from __future__ import annotations

from engine.candles import Candles
from engine.market import timeframe_ns

FIRST_PRICE = 30_000.0
SPREAD_PER_BAR = 0.002


def generate_candles(
    symbol: str, timeframe: str, start_ns: int, bars: int, seed: int = 7, *, first_price: float = FIRST_PRICE,
    spread_per_bar: float = SPREAD_PER_BAR, decimals: int = 2,
) -> Candles:  # fmt: skip
    """`bars` candles from `start_ns` on; the same arguments give the same candles. Prices are rounded to `decimals`."""
    import numpy as np

    random = np.random.default_rng(seed)
    step = random.standard_t(3, bars) * (spread_per_bar / np.sqrt(3.0))
    gap = random.normal(0.0, spread_per_bar * 0.1, bars)
    up = random.exponential(spread_per_bar * 0.5, bars)
    down = random.exponential(spread_per_bar * 0.5, bars)
    volume = np.round(random.lognormal(2.0, 1.0, bars), 3)
    close = first_price * np.exp(np.cumsum(step))
    opened = np.full(bars, first_price)
    opened[1:] = close[:-1] * np.exp(gap[1:])
    high = np.maximum(opened, close) * (1.0 + up)
    low = np.minimum(opened, close) * (1.0 - down)
    return Candles(
        symbol=symbol, timeframe=timeframe, open_time_ns=start_ns + np.arange(bars) * timeframe_ns(timeframe),
        open=np.round(opened, decimals), high=np.round(high, decimals), low=np.round(low, decimals),
        close=np.round(close, decimals), volume=volume,
    )  # fmt: skip
