"""Backtests against a loop written by hand, the practical limit, and against the libraries people use, in one run.

    python benchmarks/backtest.py                     all workloads; the table is printed
    python benchmarks/backtest.py w1 w3 --write FILE  some of them; the table is written to FILE, too, as Markdown
    python benchmarks/backtest.py --peers PYTHON      with vectorbt and backtesting.py of that interpreter's environment

`tox -e bench-peers` makes such an environment; it is found without --peers.

w1: 525,600 one-minute bars, averages of 20 and 50 crossing, stop 2 %, target 4 %. w2: the same with 200 pairs of
averages. w3: ten instruments, one account. w50m: 25 instruments x four years of minutes from a candle store, one
account. process: w1 as a process from the shell, from its start to the whole report, and w2 as `predator optimize` on
all cores, which makes the figures of every run and ranks them. step: a live play, bar by bar.

Every engine runs in a process of its own on the same candles, one after the other; nothing else should run. Seconds are
medians; what was loaded or compiled before is said in the workload's docstring.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import numpy as np
from measuring import SEEDS, START_NS

from adapters.candles.generator import generate_candles
from adapters.candles.store import CandleStore

BARS = 525_600
PEERS = HERE.parent / ".tox" / "bench-peers" / "bin" / "python"
WORKLOADS = ("w1", "w2", "w3", "w50m", "process", "step")
Line = dict[str, Any]


def run_engine(python: str, file: str, workload: str, folder: Path) -> list[Line]:
    """The measurements of one engine on one workload."""
    command = [python, str(HERE / file), workload, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return [{"workload": workload.removesuffix("-cores"), **json.loads(line)} for line in done.stdout.splitlines()]


def measure(workload: str, folder: Path, peers: str | None) -> Iterator[Line]:
    """All engines on one workload."""
    if workload == "process":
        yield from processes(folder, peers)
        return
    if workload in ("w1", "w2", "w3"):
        yield from run_engine(sys.executable, "by_hand.py", workload, folder)
    if workload == "w50m":
        fill_store(folder)
    yield from run_engine(sys.executable, "ours.py", workload, folder)
    if workload == "w2":
        yield from run_engine(sys.executable, "ours.py", "w2-cores", folder)
    if peers and workload in ("w1", "w2", "w3"):
        yield from run_engine(peers, "peer_vectorbt.py", workload, folder)
    if peers and workload == "w1":
        yield from run_engine(peers, "peer_backtesting.py", workload, folder)


def write_candles(folder: Path) -> None:
    """The candles of all seeds, as every engine reads them."""
    for seed in SEEDS:
        one = generate_candles("BTC/USDT:USDT", "1m", START_NS, BARS, seed)
        np.save(folder / f"{seed}.npy", np.array([one.open, one.high, one.low, one.close, one.volume]))


def fill_store(folder: Path) -> None:
    """The candles of w50m: a calmer walk, so that four years of it stay within prices that are possible."""
    from ours import LONG, MANY, symbol_of

    for seed in range(MANY):
        candles = generate_candles(symbol_of(seed), "1m", START_NS, LONG, seed, spread_per_bar=0.0005)
        CandleStore(folder / "candles").append("local", candles)


NEW_PLAY = """
name: another
why: Nothing of it was ever computed on this machine before.
symbol: BTC/USDT:USDT
entry: {long: rsi(9) < 25 and close > sma(100) on 15m, short: stoch.slowk > 80 and macd.hist < 0}
exit: {long: rsi(9) > 60, short: velocity(7) < 0}
sizing: {percent_of_equity: 20}
protection: {stoploss: 0.03, trailing_stop: true, minimal_roi: {60: 0.01, 240: 0}}
"""


def processes(folder: Path, peers: str | None) -> Iterator[Line]:
    """Seconds at the shell. The machine is made to look new to us by an empty cache of compiled code."""
    from ours import PLAY, SYMBOL

    home = folder / "home"
    (home / "plays").mkdir(parents=True)
    CandleStore(home / "candles").append("local", generate_candles(SYMBOL, "1m", START_NS, BARS, 7))
    for name, text in (("averages", PLAY), ("another", NEW_PLAY)):
        (home / "plays" / f"{name}.yml").write_text(text, encoding="utf-8")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "numba"), "PYTHONPATH": str(HERE.parent)}
    shell = [sys.executable, "-c", "from instance_manager.cli.main import main; main()", "backtest"]
    for play, when in (("averages", "first ever on a machine"), ("averages", "again"), ("averages", "and again"),
                       ("another", "a new play"), ("another", "again")):  # fmt: skip
        seconds = shell_run([*shell, play, "--home", str(home)], environment)
        yield {"workload": "process", "engine": f"predator backtest {play}, {when}", "bars": BARS, **seconds}
    seconds = shell_run([*shell[:-1], "optimize", "averages", "--home", str(home), "--equity", "1000000"], environment)
    yield {"workload": "search", "engine": "predator optimize averages, 200 pairs", "bars": 200 * BARS, **seconds}
    for when in ("first", "again") if peers else ():
        seconds = shell_run([str(peers), str(HERE / "peer_vectorbt.py"), "process", str(folder)], dict(os.environ))
        yield {"workload": "process", "engine": f"vectorbt, {when}", "bars": BARS, **seconds}


def shell_run(command: list[str], environment: dict[str, str]) -> Line:
    """Wall and CPU seconds and the memory of one process, its output thrown away."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    wall = time.perf_counter() - begun
    return {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": round(used.ru_maxrss / 1024, 1)}


HEADS = ("workload", "engine", "wall s", "CPU s", "bars/s", "trades", "equity", "peak MB", "x wall", "x CPU", "more")
SECONDS = ("wall_s", "cpu_s")
SHOWN = {"workload", "engine", "bars", "wall_s", "cpu_s", "trades", "equity", "peak_mb"}


def row(line: Line, best: dict[str, float]) -> tuple[str, ...]:
    """One line of the table. The ratios are to our best line of the workload; those of CPU hold on a busy machine."""
    wall, cpu = (line[name] / best.get(f"{line['workload']} {name}", line[name]) for name in SECONDS)
    return (
        line["workload"], line["engine"], f"{line['wall_s']:.4g}", f"{line['cpu_s']:.4g}",
        f"{line['bars'] / line['wall_s'] / 1e6:.3g} M", f"{line['trades']:,}" if "trades" in line else "",
        f"{line['equity']:,.2f}" if "equity" in line else "", f"{line['peak_mb']:.0f}", f"{wall:.2f}", f"{cpu:.2f}",
        ", ".join(f"{name} {value}" for name, value in line.items() if name not in SHOWN),
    )  # fmt: skip


def table(lines: list[Line]) -> str:
    """All lines as Markdown."""
    best: dict[str, float] = {}
    for line in lines:
        if line["engine"].startswith("predator") and line["workload"] != "step":
            for name in SECONDS:
                key = f"{line['workload']} {name}"
                best[key] = min(line[name], best.get(key, line[name]))
    rows = [HEADS, tuple("-" * len(head) for head in HEADS), *(row(line, best) for line in lines)]
    widths = [max(len(one[column]) for one in rows) for column in range(len(HEADS))]
    return "\n".join("| " + " | ".join(map(str.ljust, one, widths)) + " |" for one in rows) + "\n"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=" ".join(WORKLOADS))
    options.add_argument("--peers", default=os.environ.get("PREDATOR_BENCH_PEERS"), help="their Python interpreter")
    options.add_argument("--write", type=Path, help="a Markdown file for the table")
    given = options.parse_args()
    unknown = set(given.workloads) - set(WORKLOADS)
    if unknown:
        options.error(f"no workload {', '.join(sorted(unknown))}: there are {', '.join(WORKLOADS)}")
    peers = given.peers or (str(PEERS) if PEERS.exists() else None)
    if peers is None:
        say("no peers: `tox -e bench-peers` installs them, or name an interpreter that has them with --peers")
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="predator-bench-") as place:
        write_candles(Path(place))
        for workload in given.workloads or WORKLOADS:
            for line in measure(workload, Path(place), peers):
                say(json.dumps(line))
                lines.append(line)
    say("\n" + table(lines))
    if given.write:
        given.write.write_text(table(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
