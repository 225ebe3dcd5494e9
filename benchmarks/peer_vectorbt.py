"""vectorbt on the workloads, with its compiled engine (vectorbt-rust) where installed. Imports nothing of ours.

A signal acts at the next bar's open; sizes are whole steps of 1e-6 at the signal's close, as in the loop by hand.
What cannot be said to it: it looks at stops before a signal's exit at that bar's open, and not on the entry bar.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from measuring import (
    CASH,
    FAST,
    FEE,
    LOT,
    NOTIONAL,
    PAIRS,
    SEEDS,
    SLOW,
    STOP,
    TARGET,
    WARM_UP,
    columns,
    main,
    tell,
    timed,
)

HAS_RUST = find_spec("vectorbt_rust") is not None
ENGINE = {"engine": "rust"} if HAS_RUST else {}
NAME = "vectorbt, rust" if HAS_RUST else "vectorbt, numba"
AT_ONCE = 40  # pairs in one call: more need more memory than a small machine has


def frame(folder: Path, seed: int = 7) -> Any:
    opened, high, low, close, _ = columns(folder, seed)
    index = pd.date_range("2020-01-01", periods=len(close), freq="1min")
    return pd.DataFrame({"open": opened, "high": high, "low": low, "close": close}, index=index)


def delayed(values: Any, first: Any) -> Any:
    """One bar later."""
    result = np.empty_like(values)
    result[0], result[1:] = first, values[:-1]
    return result


def averages(close: Any, periods: list[int]) -> Any:
    each = sorted(set(periods))
    found = vbt.MA.run(close, window=each, ewm=True, adjust=False).ma.to_numpy().reshape(len(close), -1)
    return found[:, [each.index(period) for period in periods]]


def signals(close: Any, pairs: list[tuple[int, int]]) -> tuple[Any, Any]:
    """(entries, exits) for each pair, at the bars that act on them."""
    fast, slow = averages(close, [pair[0] for pair in pairs]), averages(close, [pair[1] for pair in pairs])
    above, below = fast > slow, fast < slow
    entries, exits = np.zeros(above.shape, bool), np.zeros(above.shape, bool)
    entries[1:], exits[1:] = above[1:] & ~above[:-1], below[1:] & ~below[:-1]
    entries[:WARM_UP] = exits[:WARM_UP] = False
    return delayed(entries, False), delayed(exits, False)


def sizes(close: Any) -> Any:
    return delayed(np.floor(NOTIONAL / close.to_numpy() / LOT) * LOT, 0.0)


def simulated(bars: Any, entries: Any, exits: Any, size: Any, **more: Any) -> Any:
    return vbt.Portfolio.from_signals(
        bars["close"], entries, exits, open=bars["open"], high=bars["high"], low=bars["low"], price=bars["open"],
        size=size, fees=FEE, init_cash=CASH, sl_stop=STOP, tp_stop=TARGET, stop_entry_price="fillprice",
        stop_exit_price="stoplimit", direction="longonly", freq="1min", **ENGINE, **more,
    )  # fmt: skip


def run_pairs(bars: Any, pairs: list[tuple[int, int]]) -> Any:
    names = pd.MultiIndex.from_tuples(pairs, names=["fast", "slow"])
    entries, exits = (pd.DataFrame(one, index=bars.index, columns=names) for one in signals(bars["close"], pairs))
    return simulated(bars, entries, exits, pd.Series(sizes(bars["close"]), index=bars.index))


def run_one(bars: Any) -> tuple[int, float]:
    entries, exits = (pd.Series(one[:, 0], index=bars.index) for one in signals(bars["close"], [(FAST, SLOW)]))
    result = simulated(bars, entries, exits, sizes(bars["close"]))
    return int(result.trades.closed.count()), round(float(result.final_value()), 2)


def w1(folder: Path) -> None:
    bars = frame(folder)
    (trades, equity), seconds = timed(lambda: run_one(bars), 15)
    tell(NAME, len(bars), seconds, trades=trades, equity=equity)


def w2(folder: Path) -> None:
    bars = frame(folder)
    run_pairs(bars.iloc[:2_000], PAIRS[:2])  # what it compiles is not counted

    def run() -> int:
        parts = [PAIRS[first : first + AT_ONCE] for first in range(0, len(PAIRS), AT_ONCE)]
        return sum(int(run_pairs(bars, part).trades.closed.count().sum()) for part in parts)

    total, seconds = timed(run, 1, warm=False)
    tell(NAME, len(bars) * len(PAIRS), seconds, trades=total)


def run_shared(histories: list[Any]) -> tuple[int, float]:
    found = [signals(bars["close"], [(FAST, SLOW)]) for bars in histories]
    bars = {name: pd.concat([one[name] for one in histories], axis=1, keys=range(len(histories)))
            for name in ("open", "high", "low", "close")}  # fmt: skip
    close = bars["close"]
    size, entries, exits = (
        pd.DataFrame(np.column_stack(parts), index=close.index, columns=close.columns)
        for parts in ([sizes(one["close"]) for one in histories], *zip(*found, strict=True))
    )
    result = simulated(bars, entries, exits, size, cash_sharing=True, group_by=True)
    return int(np.sum(result.trades.closed.count())), round(float(np.sum(result.final_value())), 2)


def w3(folder: Path) -> None:
    histories = [frame(folder, seed) for seed in SEEDS]
    run_shared([bars.iloc[:2_000] for bars in histories])
    (trades, equity), seconds = timed(lambda: run_shared(histories), 2, warm=False)
    tell(NAME, sum(map(len, histories)), seconds, trades=trades, equity=equity)


def process(folder: Path) -> None:
    """All a person waits for: start, import, load, run, its own table of figures."""
    bars = frame(folder)
    entries, exits = (pd.Series(one[:, 0], index=bars.index) for one in signals(bars["close"], [(FAST, SLOW)]))
    sys.stdout.write(str(simulated(bars, entries, exits, sizes(bars["close"])).stats()) + "\n")


if __name__ == "__main__":
    main({"w1": w1, "w2": w2, "w3": w3, "process": process})
