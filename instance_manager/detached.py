"""Starting a tree that outlives the command: a new session, its output in log files, nothing left at the terminal."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from actors.shell.scoreboard import STARTING, Cell, ScoreboardReader
from actors.shell.tree import SUPERVISOR, Tree, write_tree
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.errors import AlreadyRunning, StartFailed
from instance_manager.lock import is_running, read_card

FRESH_NS = 2_000_000_000
NOT_YET = frozenset({"STARTING", "RECOVERING"})
LOOK_S = 0.05
SHOWN_LINES = 15
_launched: list[subprocess.Popen[bytes]] = []  # of this process; they outlive it, and are reaped while it lives


def launch(tree: Tree, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A launcher of its own for `tree`. The file it gets is its own too: of two starters one wins by the lock."""
    tree.run_folder.mkdir(parents=True, exist_ok=True)
    tree.log_folder.mkdir(parents=True, exist_ok=True)
    reap_ended()
    handed = tree.run_folder / f"start-{uuid.uuid4().hex}.json"
    write_tree(tree, handed)
    with launcher_log(tree).open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "instance_manager.run", str(handed)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
    _launched.append(child)
    return child


def reap_ended() -> None:
    """Take the exit codes of launchers that this process started and that have ended."""
    _launched[:] = [child for child in _launched if child.poll() is None]


def launcher_log(tree: Tree) -> Path:
    return tree.log_folder / "launcher.log"


def await_running(tree: Tree, child: subprocess.Popen[bytes], limit_s: float) -> None:
    """Return when the tree is RUNNING. Raises AlreadyRunning or StartFailed with what the log says."""
    began_at = _log_size(tree)
    until = time.monotonic() + limit_s
    while not (is_ready(tree) and _has_begun(tree) and _is_of(tree, child)):
        code = child.poll()
        if code == ExitCode.ALREADY_RUNNING:
            raise AlreadyRunning(f"{tree.name} is running already; `predator stop --instance {tree.name}` ends it")
        if code == ExitCode.OK:
            return  # a short run may be over before anybody looked
        if code is not None and not is_running(tree.run_folder):
            told = _log_since(tree, began_at)
            raise StartFailed(f"{tree.name} ended at once (exit code {code}):\n{told}", _known(code))
        if time.monotonic() > until:
            raise StartFailed(f"{tree.name} is not running after {limit_s:.0f} s: {_missing(tree)}")
        time.sleep(LOOK_S)


def _known(code: int) -> int:
    """A launcher that was killed ends with none of ours."""
    return code if code in set(ExitCode) else ExitCode.FAILED


def _is_of(tree: Tree, child: subprocess.Popen[bytes]) -> bool:
    """Whether the launcher that runs is the one we started, and not that of another who was faster."""
    card = read_card(tree.run_folder)
    return card is not None and card.pid == child.pid


def _has_begun(tree: Tree) -> bool:
    """By the supervisor's word: every actor has said that it started. A cell is fresh a little earlier."""
    supervisor = ScoreboardReader(tree.scoreboard_file).read_role(SUPERVISOR)
    return supervisor is not None and supervisor.phase != STARTING


def is_ready(tree: Tree) -> bool:
    """RUNNING: every role lives with a fresh heartbeat, and the executor knows where it stands."""
    return is_running(tree.run_folder) and not _missing(tree)


def _missing(tree: Tree) -> str:
    """What is not there yet, for people; empty when nothing is missing."""
    try:
        cells = ScoreboardReader(tree.scoreboard_file).read()
    except (OSError, ValueError):
        return "no scoreboard"
    card = read_card(tree.run_folder)
    if card is None or card.supervisor_port == 0:
        return "no supervisor"
    lacking = [role for role in tree.roles if not _is_alive(cells.get(role))]
    executor = cells.get("executor")
    if not lacking and executor is not None and executor.phase in NOT_YET:
        return f"the executor is {executor.phase}"
    return f"no answer from {', '.join(lacking)}" if lacking else ""


def _is_alive(cell: Cell | None) -> bool:
    return cell is not None and cell.age_ns < FRESH_NS


def _log_size(tree: Tree) -> int:
    path = launcher_log(tree)
    return path.stat().st_size if path.exists() else 0


def _log_since(tree: Tree, offset: int) -> str:
    data = launcher_log(tree).read_bytes()[offset:]
    return "\n".join(data.decode(errors="replace").splitlines()[-SHOWN_LINES:])
