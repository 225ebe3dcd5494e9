"""backtesting.py on W1. Imports nothing of ours.

What cannot be said to it: stop and target are given with the order, so they hang off the signal's close, not the fill.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import backtesting.backtesting
import numpy as np
import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest
from measuring import CASH, FAST, FEE, LOT, NOTIONAL, SLOW, STOP, TARGET, WARM_UP, columns, main, tell, timed

warnings.filterwarnings("ignore")  # of a position that is open at the end
backtesting.backtesting._tqdm = lambda bars, **_: bars  # no progress bar within the measurement


def average(series: Any, period: int) -> Any:
    return pd.Series(series).ewm(span=period, adjust=False).mean().to_numpy()


class Averages(Strategy):  # type: ignore[misc]
    def init(self) -> None:
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)

    def next(self) -> None:
        if len(self.fast) <= WARM_UP:
            return
        (fast_before, fast), (slow_before, slow) = self.fast[-2:], self.slow[-2:]
        if self.position:
            if fast_before >= slow_before and fast < slow:
                self.position.close()
        elif fast_before <= slow_before and fast > slow and not self.orders:
            close = self.data.Close[-1]
            self.buy(size=int(np.floor(NOTIONAL / close)), sl=close * (1 - STOP), tp=close * (1 + TARGET))


def w1(folder: Path) -> None:
    names = ("Open", "High", "Low", "Close", "Volume")
    bars = pd.DataFrame(dict(zip(names, columns(folder), strict=True)))
    bars.index = pd.date_range("2020-01-01", periods=len(bars), freq="1min")
    run = FractionalBacktest(bars, Averages, fractional_unit=LOT, cash=CASH, commission=FEE)
    result, seconds = timed(run.run, 1, warm=False)
    equity = round(float(result["Equity Final [$]"]), 2)
    tell("backtesting.py", len(bars), seconds, trades=int(result["# Trades"]), equity=equity)


if __name__ == "__main__":
    main({"w1": w1})
