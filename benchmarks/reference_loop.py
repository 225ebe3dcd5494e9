"""The practical limit: the workloads of `backtest.py` as one loop written by hand for numba, in floats."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from measuring import CASH, FEE, LOT, NOTIONAL, STOP, TARGET, WARM_UP


@numba.njit(cache=True, nogil=True)
def run(opens: Any, highs: Any, lows: Any, closes: Any, fast: int, slow: int) -> tuple[int, float]:
    """(closed trades, equity at the last close) of one pair of averages."""
    fast_weight, slow_weight = 2.0 / (fast + 1), 2.0 / (slow + 1)
    quick = steady = closes[0]
    cash, held, stop, target, wanted = CASH, 0.0, 0.0, 0.0, 0.0
    due = trades = 0
    for bar in range(len(closes)):
        opened = opens[bar]
        if due == 1:
            held, stop, target = wanted, opened * (1.0 - STOP), opened * (1.0 + TARGET)
            cash -= wanted * opened * (1.0 + FEE)
        elif due == -1:
            cash += held * opened * (1.0 - FEE)
            held = 0.0
            trades += 1
        due = 0
        if held > 0.0:
            price = 0.0
            if opened <= stop or opened >= target:
                price = opened
            elif lows[bar] <= stop:
                price = stop
            elif highs[bar] >= target:
                price = target
            if price > 0.0:
                cash += held * price * (1.0 - FEE)
                held = 0.0
                trades += 1
        close = closes[bar]
        quick_before, steady_before = quick, steady
        quick += fast_weight * (close - quick)
        steady += slow_weight * (close - steady)
        if bar >= WARM_UP:
            if held == 0.0:
                if quick_before <= steady_before and quick > steady:
                    due, wanted = 1, np.floor(NOTIONAL / close / LOT) * LOT
            elif quick_before >= steady_before and quick < steady:
                due = -1
    return trades, cash + held * closes[-1]
