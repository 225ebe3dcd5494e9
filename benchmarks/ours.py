"""Predator on the workloads: as a library (w1, w2, w3, w50m) and bar by bar (step)."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from measuring import CASH, PAIRS, SEEDS, START_NS, columns, main, tell, timed

from adapters.candles.store import CandleStore
from engine.candles import Candles
from engine.instrument import Instrument
from engine.market import timeframe_ns
from plays.backtest import Backtest
from plays.batch import SharedColumns
from plays.evaluator import Evaluator
from plays.loading import parse_play
from plays.portfolio import Portfolio
from plays.portfolio_result import PortfolioResult
from plays.sweep import grid, sweep
from plays.ticks import prices_in_ticks
from plays.timeline import span_of, timeline_over

SYMBOL = "BTC/USDT:USDT"
INSTRUMENT = Instrument(
    symbol=SYMBOL, tick_size=Decimal("0.01"), lot_size=Decimal("0.000001"), minimum_quantity=Decimal("0.000001"),
    minimum_notional=Decimal(5), taker_fee=Decimal("0.00055"),
)  # fmt: skip
PLAY = """
name: averages
why: It is the workload that every engine is measured with.
symbol: BTC/USDT:USDT
parameters:
  fast: {value: 20, low: 5, high: 24, step: 1}
  slow: {value: 50, low: 30, high: 75, step: 5}
entry: {long: ewma(fast) crosses above ewma(slow)}
exit: {long: ewma(fast) crosses below ewma(slow)}
sizing: {notional: 10000}
protection: {stoploss: 0.02, take_profit: 0.04}
"""
# what w50m is: four years of minutes
MANY, LONG = 25, 2_102_400
TERMS = (
    "ema(9)", "ema(21)", "rsi(14)", "atr(14)", "adx(14)", "cci(20)", "mfi(14)", "obv", "roc(10)", "willr(14)",
    "sma(30)", "wma(20)", "stddev(20)", "highest(20)", "lowest(20)", "bbands(20).upper", "macd.hist", "stoch.slowk",
    "sar", "trix(9)",
)  # fmt: skip


def candles_of(folder: Path, seed: int = 7, bars: int | None = None) -> Candles:
    opened, high, low, close, volume = (column[:bars] for column in columns(folder, seed))
    times = START_NS + np.arange(len(close)) * timeframe_ns("1m")
    return Candles(
        symbol=SYMBOL, timeframe="1m", open_time_ns=times, open=opened, high=high, low=low, close=close, volume=volume
    )


def symbol_of(seed: int) -> str:
    return f"C{seed}/USDT:USDT"


def w1(folder: Path) -> None:
    """Indicators, simulation, trades and final equity; the candles are loaded, checked and in ticks before."""
    candles, play, times = candles_of(folder), parse_play(PLAY), 25
    ticks = prices_in_ticks(candles, INSTRUMENT)
    ready = [SharedColumns(candles) for _ in range(times + 1)]  # no indicator is computed yet
    for shared in ready:
        shared.get(("ticks", str(INSTRUMENT.tick_size)), lambda: ticks)

    def run() -> tuple[int, Decimal]:
        result = Backtest(play, candles, INSTRUMENT, Decimal(CASH), shared=ready.pop()).run()
        return result.run.trade_count, result.final_equity

    (trades, equity), seconds = timed(run, times)
    tell("predator", len(candles), seconds, trades=trades, equity=round(float(equity), 2))


def w2(folder: Path) -> None:
    _sweep(folder, 1)


def w2_cores(folder: Path) -> None:
    _sweep(folder, 2)


def _sweep(folder: Path, threads: int) -> None:
    candles, play = candles_of(folder), parse_play(PLAY)
    pairs = grid(play)
    assert [(one["fast"], one["slow"]) for one in pairs] == PAIRS
    rows, seconds = timed(
        lambda: list(sweep(play, candles, INSTRUMENT, Decimal(CASH), pairs, threads=threads)), 5
    )  # fmt: skip
    name = "predator, one thread" if threads == 1 else f"predator, {threads} threads"
    tell(name, len(candles) * len(pairs), seconds, trades=sum(one.trades for one in rows))


def w3(folder: Path) -> None:
    """10 instruments on one account, from their candles on: signals, ticks, simulation."""
    play, histories = parse_play(PLAY), [candles_of(folder, seed) for seed in SEEDS]

    def run() -> PortfolioResult:
        timeline = timeline_over(map(span_of, histories), "1m")
        portfolio = Portfolio(play, Decimal(CASH), timeline, len(histories))
        for seed, candles in zip(SEEDS, histories, strict=True):
            portfolio.add(candles, replace(INSTRUMENT, symbol=symbol_of(seed)))
        return portfolio.run()

    result, seconds = timed(run, 5)
    equity = round(float(result.final_equity), 2)
    bars = sum(map(len, histories))
    tell("predator, one account", bars, seconds, trades=result.trade_count, equity=equity)


def w50m(folder: Path) -> None:
    """The candles of one instrument after the other from a candle store; then all on one account, with the report."""
    store, play = CandleStore(folder / "candles"), parse_play(PLAY).with_parameters({"fast": 240, "slow": 960})
    begun, cpu_begun = time.perf_counter(), time.process_time()
    timeline = timeline_over(
        [(START_NS, START_NS + (LONG - 1) * timeframe_ns("1m"))], "1m"
    )  # fmt: skip
    portfolio = Portfolio(play, Decimal(CASH), timeline, MANY, max_open_trades=10)
    for seed in range(MANY):
        portfolio.add(store.load("local", symbol_of(seed), "1m"), replace(INSTRUMENT, symbol=symbol_of(seed)))
    added = time.perf_counter() - begun
    result = portfolio.run()
    walked = time.perf_counter() - begun - added
    metrics = result.metrics
    seconds = {"wall_s": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu_begun}
    tell("predator, one account, 10 places", MANY * LONG, seconds, trades=metrics.trades,
         equity=round(metrics.final_equity, 2), load_and_signals_s=round(added, 2), walk_s=round(walked, 2),
         report_s=round(seconds["wall_s"] - added - walked, 2))  # fmt: skip


def step(folder: Path) -> None:
    """Microseconds a bar, by the number of indicators."""
    bars = list(candles_of(folder, bars=20_000).bars())
    for count in (1, 5, 10, 20):
        condition = " and ".join(f"{term} > 0" for term in TERMS[:count])
        evaluator = Evaluator(parse_play(PLAY.replace("ewma(fast) crosses above ewma(slow)", condition)))
        for bar in bars[:1_000]:
            evaluator.step(bar)
        fed = bars[1_000:]
        _, seconds = timed(lambda evaluator=evaluator, fed=fed: [evaluator.step(bar) for bar in fed], 1, warm=False)
        us = round(seconds["cpu_s"] / len(fed) * 1e6, 1)
        tell(f"predator, {count} indicators and 2 averages", len(fed), seconds, us_per_bar=us)


if __name__ == "__main__":
    main({"w1": w1, "w2": w2, "w2-cores": w2_cores, "w3": w3, "w50m": w50m, "step": step})
