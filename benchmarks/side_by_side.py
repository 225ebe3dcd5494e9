"""How soon a backtest of 2 M bars and 24 indicators answers stop, panic and status while a sweep takes all cores.

    python benchmarks/side_by_side.py --rounds 6

Each round starts the instance and meets it at another moment of its run: while it computes indicators, and while it
trades. `heartbeat` is how old an actor's heartbeat is (written every 200 ms at least), read all the time; `panic` is
from the latch on disk to HALTED on the scoreboard, `stop` until the supervisor took it, `ended` until the last process
is gone. `status` is what an operator's screen waits for.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from actors.shell.latch import clear_latch, latch_file, raise_latch
from actors.shell.processes import recorded
from actors.shell.scoreboard import Cell, ScoreboardReader
from adapters.candles.generator import generate_candles
from adapters.candles.store import CandleStore
from engine.messages.control import PanicRaised, StopInstance
from instance_manager import control, lifecycle, preparation, specification
from instance_manager.errors import NotRunning
from instance_manager.settings_file import load_settings
from instance_manager.status import status_of
from instance_manager.workspace import Workspace, create

BARS = 2_000_000
START_NS = 1_577_836_800_000_000_000
NAME, SYMBOL = "backtest-1", "BTC/USDT:USDT"
ROLES = ("data", "strategy", "executor", "guard", "supervisor")
TERMS = (
    "linearreg(200)", "linearreg_slope(150)", "stddev(100)", "bbands(50).upper", "ht_trendline", "ht_dcperiod",
    "kama(60)", "t3(30)", "tema(40)", "adx(14)", "rsi(14)", "cci(100)", "macd().hist", "stoch().slowk", "ultosc",
    "mfi(30)", "correl(100)", "beta(50)", "sar", "swing(10).high", "twpa(60)", "wma(120)", "trix(20)", "natr(30)",
)  # fmt: skip
HEAVY = f"""\
name: heavy
why: It exists to keep every actor of a backtest busy for some seconds.
symbol: {SYMBOL}
entry: {{long: "({" + ".join(TERMS)}) > 0 and ema(3) crosses above ema(8)"}}
exit: {{long: ema(3) crosses below ema(8)}}
sizing: {{notional: 1000}}
parameters: {{n: {{value: 3, low: 2, high: 9, step: 1}}}}
"""
SWEPT = Path(__file__).with_name("swept_play.yml").read_text(encoding="utf-8")
SETTINGS = f"""\
exchanges: {{local: {{kind: local, port: 18080}}}}
instances: {{{NAME}: {{mode: backtest, play: heavy}}}}
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=6, help="starts of the instance, half of them stopped")
    options = asked.parse_args()
    with TemporaryDirectory(prefix="predator-side-") as folder:
        workspace = stage(Path(folder) / "home")
        table("alone", measured(workspace, options.rounds))
        with sweep(workspace):
            table("beside a sweep on all cores", measured(workspace, options.rounds))


def stage(home: Path) -> Workspace:
    workspace = Workspace(home)
    create(workspace)
    workspace.settings_file.write_text(SETTINGS, encoding="utf-8")
    for name, text in (("heavy", HEAVY), ("swept", SWEPT)):
        (workspace.plays / f"{name}.yml").write_text(text, encoding="utf-8")
    CandleStore(workspace.candles).append("local", generate_candles(SYMBOL, "1m", START_NS, BARS))
    return workspace


@contextmanager
def sweep(workspace: Workspace) -> Iterator[None]:
    """A search of a quarter of the candles, until it is no longer wanted."""
    words = ["optimize", "swept", "--timerange", "20200101-20210101", "--method", "random", "--runs", "80000"]
    program = [str(Path(sys.executable).with_name("predator")), *words, "--home", str(workspace.home)]
    running = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(8)
        yield
        assert running.poll() is None, "the sweep was over before the measurement"
    finally:
        running.terminate()
        running.wait(20)


def measured(workspace: Workspace, rounds: int) -> Mapping[str, list[float]]:
    """Milliseconds by what was measured."""
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        with instance(workspace):
            watch(workspace, found, 0.3 + 0.7 * number)
            (stopped if number % 2 else panicked)(workspace, found)
    return found


@contextmanager
def instance(workspace: Workspace) -> Iterator[None]:
    settings = load_settings(workspace.settings_file, {})
    spec = specification.specify(workspace, settings, specification.Order(instance=NAME), os.environ)
    preparation.prepare(workspace, settings, spec, lambda _: None)
    clear_latch(latch_file(workspace.home, NAME))
    lifecycle.start(spec)
    try:
        yield
    finally:
        with suppress(NotRunning):
            lifecycle.stop(workspace.home, NAME)


def cells(workspace: Workspace) -> Mapping[str, Cell]:
    reader = ScoreboardReader(workspace.run / NAME / "scoreboard")
    try:
        return reader.read()
    finally:
        reader.close()


def watch(workspace: Workspace, found: dict[str, list[float]], seconds: float) -> None:
    """Reads the scoreboard all the time, and the whole status now and then, as an operator's screen does."""
    settings = load_settings(workspace.settings_file, {})
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for role, cell in cells(workspace).items():
            if role in ROLES:
                found[f"heartbeat {role}"].append(cell.age_ns / 1e6)
        begun = time.perf_counter()
        status_of(workspace, settings, NAME)
        found["status"].append((time.perf_counter() - begun) * 1e3)
        time.sleep(0.005)


def panicked(workspace: Workspace, found: dict[str, list[float]]) -> None:
    if not has_time_left(workspace):
        return
    begun = time.perf_counter()
    raise_latch(latch_file(workspace.home, NAME), "measured")
    word = PanicRaised(scope="instance", reason="measured", flatten=False)
    told = Thread(target=control.ask, args=(workspace.home, NAME, word), kwargs={"role": "supervisor"})
    told.start()
    wait_until(lambda: cells(workspace)["executor"].phase in ("HALTED", "FINISHED"))
    found["panic"].append((time.perf_counter() - begun) * 1e3)
    told.join()


def stopped(workspace: Workspace, found: dict[str, list[float]]) -> None:
    if not has_time_left(workspace):
        return
    processes = recorded(workspace.run / NAME)
    begun = time.perf_counter()
    answer = control.ask(workspace.home, NAME, StopInstance(reason="measured"), role="supervisor")
    assert answer.is_done, answer
    found["stop"].append((time.perf_counter() - begun) * 1e3)
    wait_until(lambda: not any(one.is_running for one in processes))
    found["ended"].append((time.perf_counter() - begun) * 1e3)


def has_time_left(workspace: Workspace) -> bool:
    return cells(workspace)["executor"].phase in ("STARTING", "RUNNING")


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until, "no answer in 20 s"
        time.sleep(0.001)


def table(title: str, found: Mapping[str, list[float]]) -> None:
    sys.stdout.write(f"{title:28} {'samples':>8} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}\n")
    for name, took in sorted(found.items()):
        p99 = sorted(took)[min(len(took) - 1, int(len(took) * 0.99))]
        sys.stdout.write(f"  {name:26} {len(took):8} {statistics.median(took):8.1f} {p99:8.1f} {max(took):8.1f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
