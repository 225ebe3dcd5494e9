"""Start, stop and look at instances from outside: any process may, the launcher's files say the truth."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from actors.shell.processes import ProcessId, end_all, process_id, recorded, wait_all
from actors.shell.tree import tree_of
from actors.spec import InstanceSpec
from instance_manager import detached
from instance_manager.account_system import ensure_account_system
from instance_manager.errors import AlreadyRunning, NotRunning, StartFailed
from instance_manager.lock import is_running as _is_running
from instance_manager.lock import read_card

START_LIMIT_S = 60.0
STOP_LIMIT_S = 30.0


def start(spec: InstanceSpec, *, environment: Mapping[str, str] | None = None, limit_s: float = START_LIMIT_S) -> None:
    """Start it detached and return when it is RUNNING. Raises AlreadyRunning, StartFailed (nothing is left then).

    `environment` is what its processes get, keys included; None: ours.
    """
    tree = tree_of(spec)
    if _is_running(tree.run_folder):
        raise AlreadyRunning(f"{spec.instance} is running already; `predator stop --instance {spec.instance}` ends it")
    if spec.account:
        ensure_account_system(spec.home)
    child = detached.launch(tree, environment)
    try:
        detached.await_running(tree, child, limit_s)
    except StartFailed:
        child.terminate()
        wait_all([process_id(child.pid)], STOP_LIMIT_S)
        end_all([process_id(child.pid), *recorded(spec.run_folder)])
        raise


def stop(home: Path, instance: str, limit_s: float = STOP_LIMIT_S) -> bool:
    """End it in order, in bounded time; what is left then is killed. True when all ended by itself.

    Raises NotRunning when no launcher runs; processes a killed launcher left are ended first.
    """
    folder = run_folder(home, instance)
    card = read_card(folder)
    if card is None or not card.is_running:
        end_all(recorded(folder))
        raise NotRunning(f"{instance} is not running")
    launcher = ProcessId(card.pid, card.started, "launcher")
    os.kill(card.pid, signal.SIGTERM)
    late = wait_all([launcher], limit_s)
    return not late and not end_all([*late, *recorded(folder)])


def is_running(home: Path, instance: str) -> bool:
    """Whether its launcher runs (it may still be starting)."""
    return _is_running(run_folder(home, instance))


def is_ready(spec: InstanceSpec) -> bool:
    """Whether it is RUNNING: every actor lives and the executor knows where it stands."""
    return detached.is_ready(tree_of(spec))


def run_folder(home: Path, instance: str) -> Path:
    return home / "run" / instance
