"""Backtests against the practical limit (a loop written by hand for numba) and, where installed, vectorbt.

    python benchmarks/backtest.py            all workloads: a table, and one JSON line each
    python benchmarks/backtest.py w1 step    some of them

W1: 525,600 one-minute bars, averages of 20 and 50 crossing, stop 2 %, target 4 %. W2: the same with 200 pairs.
W3: ten instruments, one account. process: W1 as a new process from the candle store to the report.
step: microseconds a bar of a live play.
Times are CPU seconds of this process (medians), steady on a busy machine; wall time in brackets.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import reference_loop

from adapters.candle_generator import generate_candles
from adapters.candle_store import CandleStore
from engine.candles import Candles
from engine.instrument import Instrument
from plays.backtest import Backtest
from plays.batch import SharedColumns
from plays.evaluator import Evaluator
from plays.loading import parse_play
from plays.portfolio import Portfolio
from plays.sweep import grid, sweep
from plays.ticks import prices_in_ticks

START_NS = 1_577_836_800_000_000_000
SYMBOL = "BTC/USDT:USDT"
BARS = 525_600
CASH = Decimal(1_000_000)
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


def made(seed: int = 7, bars: int = BARS) -> Candles:
    return generate_candles(SYMBOL, "1m", START_NS, bars, seed)


def timed(action: Callable[[], Any], times: int) -> tuple[Any, float, float]:
    """(last result, median CPU seconds, median wall seconds)."""
    cpu, wall, result = [], [], None
    for _ in range(times):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        result = action()
        cpu.append(time.process_time() - cpu_begun)
        wall.append(time.perf_counter() - begun)
    return result, statistics.median(cpu), statistics.median(wall)


def row(workload: str, engine: str, bars: int, cpu: float, wall: float, **more: object) -> dict[str, object]:
    return {"workload": workload, "engine": engine, "cpu_s": round(cpu, 5), "wall_s": round(wall, 5),
            "bars_per_cpu_s": round(bars / cpu) if cpu else None, **more}  # fmt: skip


def by_hand(candles: Candles, fast: int = 20, slow: int = 50) -> tuple[int, float]:
    trades, equity = reference_loop.run(candles.open, candles.high, candles.low, candles.close, fast, slow)
    return trades, equity


def w1() -> list[dict[str, object]]:
    """Indicators, simulation, trades and final equity; the candles are loaded and in ticks before."""
    candles, play = made(), parse_play(PLAY)
    by_hand(candles)
    (trades, equity), cpu, wall = timed(lambda: by_hand(candles), 15)
    rows = [row("W1", "loop by hand", BARS, cpu, wall, trades=trades, equity=round(equity, 2))]

    def ours() -> Any:
        run = Backtest(play, candles, INSTRUMENT, CASH, shared=ready.pop())
        return run.run().final_equity, run.progress().trades

    ticks = prices_in_ticks(candles, INSTRUMENT)
    ready = [prepared(candles, ticks) for _ in range(16)]
    ours()
    (ours_equity, ours_trades), cpu, wall = timed(ours, 15)
    return [*rows, row("W1", "predator", BARS, cpu, wall, trades=ours_trades, equity=float(ours_equity))]


def prepared(candles: Candles, ticks: Any) -> SharedColumns:
    """The candles checked and in ticks, as after loading; no indicator is computed yet."""
    shared = SharedColumns(candles)
    shared.get(("ticks", str(INSTRUMENT.tick_size)), lambda: ticks)
    return shared


def w2() -> list[dict[str, object]]:
    candles, play = made(), parse_play(PLAY)
    pairs = grid(play)
    total, cpu, wall = timed(
        lambda: sum(by_hand(candles, int(pair["fast"]), int(pair["slow"]))[0] for pair in pairs), 1
    )
    rows = [row("W2", "loop by hand, one after the other", BARS * len(pairs), cpu, wall, trades=total)]
    for threads in (1, 2):
        found, cpu, wall = timed(
            lambda threads=threads: list(sweep(play, candles, INSTRUMENT, CASH, pairs, threads=threads)), 3
        )
        rows.append(row("W2", f"predator, {threads} threads", BARS * len(pairs), cpu, wall,
                        trades=sum(one.trades for one in found), backtests_per_wall_s=round(len(pairs) / wall, 1),
                        peak_mb=peak_mb()))  # fmt: skip
    return rows


def w3() -> list[dict[str, object]]:
    """10 instruments on one account, from their candles on: signals, ticks, simulation."""
    play, seeds = parse_play(PLAY), range(7, 17)
    histories = [made(seed) for seed in seeds]
    by_hand(histories[0])
    (trades, earned), cpu, wall = timed(lambda: [sum(found) for found in zip(*map(by_hand, histories), strict=True)], 3)
    equity = round(earned - float(CASH) * (len(seeds) - 1), 2)
    rows = [row("W3", "10 loops by hand, money never binds", BARS * 10, cpu, wall, trades=trades, equity=equity)]

    def ours() -> Any:
        portfolio = Portfolio(play, CASH)
        for seed, candles in zip(seeds, histories, strict=True):
            portfolio.add(candles, replace(INSTRUMENT, symbol=f"C{seed}/USDT:USDT"))
        return portfolio.run()

    ours()
    result, cpu, wall = timed(ours, 3)
    return [*rows, row("W3", "predator, one account", BARS * 10, cpu, wall, trades=result.trade_count,
                       equity=float(result.final_equity), peak_mb=peak_mb())]  # fmt: skip


def process() -> list[dict[str, object]]:
    """From the shell: start, load from the candle store, run, report. Twice: the first may compile."""
    with tempfile.TemporaryDirectory() as home:
        store = CandleStore(Path(home) / "candles")
        store.append("local", made())
        (Path(home) / "plays").mkdir()
        (Path(home) / "plays" / "averages.yml").write_text(PLAY)
        command = [sys.executable, "-m", "instance_manager.cli.main", "backtest", "averages", "--home", home]
        command[1:3] = ["-c", "from instance_manager.cli.main import main; main()"]
        rows = []
        for number in ("first", "second"):
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            wall = time.perf_counter() - begun
            rows.append(row("process", f"predator, {number} run", BARS, 0, wall))
        return rows


TERMS = (
    "ema(9)", "ema(21)", "rsi(14)", "atr(14)", "adx(14)", "cci(20)", "mfi(14)", "obv", "roc(10)", "willr(14)",
    "sma(30)", "wma(20)", "stddev(20)", "highest(20)", "lowest(20)", "bbands(20).upper", "macd.hist", "stoch.slowk",
    "sar", "trix(9)",
)  # fmt: skip


def step() -> list[dict[str, object]]:
    """Microseconds a bar, by the number of indicators."""
    rows, bars = [], list(made(bars=20_000).bars())
    for count in (1, 5, 10, 20):
        condition = " and ".join(f"{term} > 0" for term in TERMS[:count])
        play = parse_play(PLAY.replace("ewma(fast) crosses above ewma(slow)", condition))
        evaluator = Evaluator(play)
        for bar in bars[:1_000]:
            evaluator.step(bar)
        _, cpu, wall = timed(lambda evaluator=evaluator: [evaluator.step(bar) for bar in bars[1_000:]], 1)
        rows.append(row("step", f"predator, {count} indicators and 2 averages", len(bars) - 1_000, cpu, wall,
                        us_per_bar=round(cpu / (len(bars) - 1_000) * 1e6, 1)))  # fmt: skip
    return rows


def peak_mb() -> float:
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


WORKLOADS: dict[str, Callable[[], list[dict[str, object]]]] = {
    "w1": w1,
    "w2": w2,
    "w3": w3,
    "process": process,
    "step": step,
}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


SHOWN = ("workload", "engine", "cpu_s", "wall_s", "bars_per_cpu_s")


def main() -> None:
    wanted = sys.argv[1:] or list(WORKLOADS)
    say(f"{'workload':9} {'engine':42} {'cpu s':>9} {'(wall s)':>11} {'bars per cpu s':>15}  more")
    for name in wanted:
        for line in WORKLOADS[name]():
            more = json.dumps({key: value for key, value in line.items() if key not in SHOWN})
            wall = f"({line['wall_s']})"
            rate = line["bars_per_cpu_s"] or "-"
            say(f"{line['workload']:9} {line['engine']:42} {line['cpu_s']:9} {wall:>11} {rate:>15}  {more}")


if __name__ == "__main__":
    main()
