"""Toy instances in real processes: specs, waiting, and looking at the kernel's own view of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from actors.shell.processes import ProcessId, end_all, process_id, recorded
from actors.shell.scoreboard import Cell, ScoreboardReader
from actors.shell.tree import tree_of
from actors.spec import InstanceSpec
from engine.messages.control import ReconcileNow
from instance_manager import control
from instance_manager.lock import read_card

TOY = "tests.actors.toys:toy"
TRADER = "tests.actors.toys:trader"
WAIT_S = 15.0


def toy_spec(home: Path, instance: str = "toy", *, account: str = "", **cast: str) -> InstanceSpec:
    """An instance of toys; without an account it needs no account system."""
    return InstanceSpec(
        instance=instance,
        mode="toy",
        account=account,
        home=home,
        play_file=Path("none"),
        play_hash="none",
        symbol="TOY",
        timeframe="1m",
        leverage=1,
        capital=Decimal(1),
        cast=cast or {"executor": TOY, "guard": TOY},
    )


def cells(spec: InstanceSpec) -> dict[str, Cell]:
    """What the scoreboard shows, or nothing while there is none."""
    try:
        return ScoreboardReader(tree_of(spec).scoreboard_file).read()
    except (OSError, ValueError):
        return {}


def seen(spec: InstanceSpec, role: str, name: str) -> int:
    """How many messages of this name a toy has received."""
    cell = cells(spec).get(role)
    counts = cell.extra.get("seen") if cell else None
    return int(counts.get(name, 0)) if isinstance(counts, dict) else 0


def eventually(what: Callable[[], object], limit_s: float = WAIT_S) -> None:
    """Wait until `what` holds."""
    until = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < until, f"not within {limit_s} s: {what}"
        time.sleep(0.01)


def tell(spec: InstanceSpec, word: str, *, role: str = "executor") -> None:
    """A word to a toy, which does not answer."""
    control.ask(spec.home, spec.instance, ReconcileNow(reason=word), role=role, timeout_s=0.05)


def processes_of(run_folder: Path) -> list[ProcessId]:
    """Launcher and all that was recorded, as far as they run."""
    card = read_card(run_folder)
    launcher = [ProcessId(card.pid, card.started)] if card else []
    return [process for process in (*launcher, *recorded(run_folder)) if process.is_running]


def end_everything(home: Path) -> None:
    """Whatever a test left: launchers first, then what they had started."""
    for run_folder in (home / "run").glob("*"):
        card = read_card(run_folder)
        end_all([ProcessId(card.pid, card.started)] if card else [])
        end_all(recorded(run_folder))


def pid_of(spec: InstanceSpec, role: str) -> int:
    """The process that plays `role` now."""
    eventually(lambda: role in cells(spec))
    return cells(spec)[role].pid


def is_gone(pid: int) -> bool:
    return not process_id(pid).is_running
