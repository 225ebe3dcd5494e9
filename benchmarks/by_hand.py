"""The practical limit: the workloads as a loop written by hand for numba."""

from __future__ import annotations

from pathlib import Path

import reference_loop
from measuring import CASH, FAST, PAIRS, SEEDS, SLOW, columns, main, tell, timed


def w1(folder: Path) -> None:
    prices = columns(folder)[:4]
    (trades, equity), seconds = timed(lambda: reference_loop.run(*prices, FAST, SLOW), 25)
    tell("loop by hand", len(prices[0]), seconds, trades=trades, equity=round(equity, 2))


def w2(folder: Path) -> None:
    prices = columns(folder)[:4]
    total, seconds = timed(lambda: sum(reference_loop.run(*prices, *pair)[0] for pair in PAIRS), 3)
    tell("loop by hand, one thread", len(prices[0]) * len(PAIRS), seconds, trades=total)


def w3(folder: Path) -> None:
    """Ten accounts: the money of the shared one never binds in this workload."""
    histories = [columns(folder, seed)[:4] for seed in SEEDS]
    found, seconds = timed(lambda: [reference_loop.run(*prices, FAST, SLOW) for prices in histories], 5)
    equity = CASH + sum(one[1] - CASH for one in found)
    bars = sum(len(prices[0]) for prices in histories)
    tell("loop by hand, ten accounts", bars, seconds, trades=sum(one[0] for one in found), equity=round(equity, 2))


if __name__ == "__main__":
    main({"w1": w1, "w2": w2, "w3": w3})
