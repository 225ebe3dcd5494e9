"""Many live instances on one account of one machine: memory, CPU, how fast a panic takes effect, use of the rate limit.

    python -m benchmarks.twenty_instances [--instances 20] [--minutes 3] [--panics 5] [--speed 6]

Starts a local exchange with an instrument for each instance and lets them trade. Memory is PSS: what is shared counts
once. A panic is effective for an instance when its executor has journaled it; counted from the time in the latch. An
order needs no such message: each looks at the latch itself a moment before it leaves.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

import psutil

from actors.shell.latch import GLOBAL, latch_file
from actors.shell.processes import recorded
from actors.shell.scoreboard import ScoreboardReader
from actors.shell.tree import ACCOUNT
from adapters.journal.reader import JournalReader
from instance_manager import lifecycle, preparation, quickstart, specification
from instance_manager.quickstart import Stage
from instance_manager.settings_file import load_settings
from instance_manager.venue_process import find

MS, MB = 1_000_000, 1_000_000
LOOK_S, FELT_LIMIT_S, HEALTHY_S = 0.5, 10.0, 30.0
SETTLE_S = 60.0  # preparing an instrument is dear: the minute in which all of them start is not like the others
KNOWN = ("BTC", "ETH", "SOL", "XRP")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--instances", type=int, default=20)
    asked.add_argument(
        "--minutes", type=float, default=3.0, help="how long they trade while CPU and limits are watched"
    )
    asked.add_argument("--panics", type=int, default=5, help="rounds of panic and reset of all")
    asked.add_argument("--speed", type=float, default=6.0, help="market seconds a second: 6 is a bar every ten seconds")
    options = asked.parse_args()
    with running(options.instances, options.speed) as (stage, names, started_s):
        row("instances, seconds to start them one by one", f"{len(names)}, {started_s:.0f}")
        time.sleep(SETTLE_S)
        watch(stage, names, options.minutes * 60)
        panics(stage, names, options.panics)
        refusals(stage, names)


def row(name: str, value: str) -> None:
    sys.stdout.write(f"| {name} | {value} |\n")
    sys.stdout.flush()


# --- the stage -------------------------------------------------------------------------------------------------------


@contextmanager
def running(count: int, speed: float) -> Iterator[tuple[Stage, list[str], float]]:
    """A workspace with `count` live instances on one account, each in an instrument of its own."""
    stage = quickstart.set_up(None, speed, lambda _: None)
    names = [f"live-{number}" for number in range(1, count + 1)]
    try:
        stage = with_instances(stage, names)
        began = time.monotonic()
        for name in names:
            start(stage, name)
        yield stage, names, time.monotonic() - began
    finally:
        for name in names:
            with suppress(Exception):  # whatever state it is in, the others and the exchange must end too
                lifecycle.stop(stage.workspace.home, name)
        quickstart.tear_down(stage, keep=False)


def start(stage: Stage, name: str) -> None:
    spec = specification.specify(stage.workspace, stage.settings, specification.Order(instance=name), os.environ)
    preparation.prepare(stage.workspace, stage.settings, spec, lambda _: None)
    lifecycle.start(spec)


def with_instances(stage: Stage, names: list[str]) -> Stage:
    """The same stage with one instance for each name and a restarted exchange that lists their instruments."""
    file = stage.workspace.settings_file
    symbols = [f"{KNOWN[n] if n < len(KNOWN) else f'COIN{n}'}/USDT:USDT" for n in range(len(names))]
    text = file.read_text(encoding="utf-8").replace("symbols: [BTC/USDT:USDT]", f"symbols: [{', '.join(symbols)}]")
    head, rest = text.split("instances:\n")
    tail = rest[rest.index("\nrisk:") :]
    body = "".join(
        f"  {name}: {{mode: live, account: local-live, play: quickstart, symbol: {symbol!r}, capital: 4000}}\n"
        for name, symbol in zip(names, symbols, strict=True)
    )
    file.write_text(f"{head}instances:\n{body}{tail}", encoding="utf-8")
    words = [str(Path(sys.executable).with_name("predator")), "venue"]
    for verb in (["stop"], ["start", "--fresh"]):
        subprocess.run([*words, *verb, "--home", str(stage.workspace.home)], check=True, stdout=subprocess.DEVNULL)
    return Stage(workspace=stage.workspace, settings=load_settings(file, {}), is_ours=stage.is_ours)


# --- memory, CPU, limits ---------------------------------------------------------------------------------------------


def watch(stage: Stage, names: list[str], seconds: float) -> None:
    processes = {name: alive(stage, name) for name in (*names, ACCOUNT)}
    before = {name: cpu_s(found) for name, found in processes.items()}
    began, weights, orders, rounds = time.monotonic(), [0], [0], Rounds()
    while time.monotonic() - began < seconds:
        time.sleep(LOOK_S)
        rounds.look(stage, names)
        spent = spending(stage)
        weights.append(spent[0])
        orders.append(spent[1])
    lasted = time.monotonic() - began
    used = {name: (cpu_s(found) - before[name]) / lasted for name, found in processes.items()}
    memory = {name: sum(pss(one) for one in found) / MB for name, found in processes.items()}
    row(
        "memory of an instance (PSS): median, most",
        f"{median(memory[n] for n in names):.0f} MB, {max(memory[n] for n in names):.0f} MB",
    )
    row("memory by role, of the first", by_role(stage, names[0]))
    row("memory of all, with the account system", f"{sum(memory.values()):.0f} MB")
    row(
        "CPU of an instance: median, most",
        f"{median(used[n] for n in names):.1%}, {max(used[n] for n in names):.1%} of a core",
    )
    row("CPU of all, and of the account system", f"{sum(used.values()):.0%}, {used[ACCOUNT]:.1%} of a core")
    row("granted weight a minute, orders in ten seconds: most", f"{max(weights)}, {max(orders)}")
    row("seconds between two HEALTHY reconciliations: median, most", rounds.pauses())
    row("reconciliation found HEALTHY, of all looks", f"{rounds.healthy / max(1, rounds.looks):.1%}")


@dataclass(slots=True)
class Rounds:
    """When each reconciler finished its rounds, as its cell tells."""

    at_ns: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    looks: int = 0
    healthy: int = 0

    def look(self, stage: Stage, names: list[str]) -> None:
        for name in names:
            cell = ScoreboardReader(stage.workspace.run / name / "scoreboard").read_role("reconciler")
            if cell is None:
                continue
            self.looks += 1
            self.healthy += cell.phase == "HEALTHY"
            at_ns = int(str(cell.extra.get("compared_at_ns", 0)))
            if cell.phase == "HEALTHY" and at_ns and at_ns not in self.at_ns[name][-1:]:
                self.at_ns[name].append(at_ns)

    def pauses(self) -> str:
        pauses = [(after - before) / 1e9 for times in self.at_ns.values() for before, after in pairwise(times)]
        return f"{median(pauses):.1f}, {max(pauses):.1f}" if pauses else "none"


def alive(stage: Stage, tree: str) -> list[psutil.Process]:
    found = [one.pid for one in recorded(stage.workspace.run / tree) if one.is_running]
    return [psutil.Process(pid) for pid in found]


def cpu_s(processes: list[psutil.Process]) -> float:
    times = [one.cpu_times() for one in processes if one.is_running()]
    return sum(one.user + one.system for one in times)


def pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss) if process.is_running() else 0


def by_role(stage: Stage, name: str) -> str:
    roles: dict[str, float] = defaultdict(float)
    for one in recorded(stage.workspace.run / name):
        if one.is_running:
            roles[one.what] += pss(psutil.Process(one.pid)) / MB
    return ", ".join(f"{what} {size:.0f}" for what, size in roles.items())


def spending(stage: Stage) -> tuple[int, int]:
    """(weight of this minute, orders of these ten seconds) as the limiter granted them."""
    cell = ScoreboardReader(stage.workspace.run / ACCOUNT / "scoreboard").read_role("limiter")
    accounts: Any = cell.extra.get("accounts", {}) if cell is not None else {}
    spent = accounts.get("local-live", {})
    return int(spent.get("weight", 0)), int(spent.get("orders", 0))


# --- panic -----------------------------------------------------------------------------------------------------------


def panics(stage: Stage, names: list[str], rounds: int) -> None:
    delays: list[float] = []
    for number in range(rounds):
        wait_until_healthy(stage, names)
        ask(stage, "panic", "--all", "--reason", f"measured {number}")
        latched_ns = int(json.loads(latch_file(stage.workspace.home, GLOBAL).read_bytes())["raised_at_ns"])
        delays += [(felt_ns(stage, name, latched_ns) - latched_ns) / MS for name in names]
        ask(stage, "reset", "--all", "--reason", f"measured {number}")
    delays.sort()
    at = lambda share: delays[min(len(delays) - 1, int(len(delays) * share))]  # noqa: E731
    row(f"panic effective, {len(delays)} times: p50, p99, most", f"{at(0.5):.0f}, {at(0.99):.0f}, {delays[-1]:.0f} ms")


def wait_until_healthy(stage: Stage, names: list[str]) -> None:
    until = time.monotonic() + HEALTHY_S
    while time.monotonic() < until:
        if all(phase(stage, name) == "READY" for name in names):
            return
        time.sleep(LOOK_S)
    raise SystemExit(f"not healthy: {[name for name in names if phase(stage, name) != 'READY']}")


def phase(stage: Stage, name: str) -> str:
    cell = ScoreboardReader(stage.workspace.run / name / "scoreboard").read_role("executor")
    return cell.phase if cell is not None else ""


def felt_ns(stage: Stage, name: str, after_ns: int) -> int:
    """When its executor journaled the panic."""
    until = time.monotonic() + FELT_LIMIT_S
    while time.monotonic() < until:
        with JournalReader(stage.workspace.home / "instances" / name / "journal.sqlite") as journal:
            seen = [
                one.recorded_at_ns for one in journal.events(name="PanicObserved") if one.recorded_at_ns >= after_ns
            ]
        if seen:
            return seen[0]
        time.sleep(0.05)
    raise SystemExit(f"{name} did not feel the panic within {FELT_LIMIT_S:.0f} s")


def ask(stage: Stage, *words: str) -> None:
    command = [str(Path(sys.executable).with_name("predator")), *words, "--home", str(stage.workspace.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")


# --- what the exchange says ------------------------------------------------------------------------------------------


def refusals(stage: Stage, names: list[str]) -> None:
    venue = find(stage.workspace, quickstart.EXCHANGE)
    assert venue is not None, "the exchange does not run"
    with urlopen(f"{venue.address}/control/truth?limit=10000000&kind=request") as answer:
        records = json.load(answer)["records"]
    limited = sum(one["status"] in (418, 429) for one in records)
    row("signed requests the exchange saw, of these refused by its limits", f"{len(records)}, {limited}")
    trades = 0
    for name in names:
        with JournalReader(stage.workspace.home / "instances" / name / "journal.sqlite") as journal:
            trades += len(journal.trades())
    row("trades of all", str(trades))


if __name__ == "__main__":
    main()
