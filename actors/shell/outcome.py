"""How a tree ended, for whoever started it: one small file in its run folder."""

from __future__ import annotations

import json
from pathlib import Path

from actors.shell.latch import write_durably

NAME = "outcome.json"
CRASH = "last_crash.json"


def write_outcome(run_folder: Path, reason: str) -> None:
    write_durably(run_folder / NAME, json.dumps({"reason": reason}).encode())


def read_outcome(run_folder: Path) -> str | None:
    """Why the tree ended by itself; None while it has not (or was killed)."""
    try:
        return str(json.loads((run_folder / NAME).read_bytes())["reason"])
    except (OSError, ValueError, KeyError):
        return None


def failure_text(run_folder: Path) -> str:
    """Why it gave up, with what an actor raised last."""
    crash = read_crash(run_folder)
    return f"{read_outcome(run_folder)}; last of all {crash}" if crash else str(read_outcome(run_folder))


def clear_outcome(run_folder: Path) -> None:
    for name in (NAME, CRASH):
        (run_folder / name).unlink(missing_ok=True)


def write_crash(run_folder: Path, role: str, error: BaseException) -> None:
    """What an actor raised last, for whoever has to explain why the tree did not live."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    crash = {"role": role, "error": f"{kinds[0]}: {error}", "kinds": kinds}
    write_durably(run_folder / CRASH, json.dumps(crash).encode())


def read_crash_kinds(run_folder: Path) -> tuple[str, ...]:
    """The names of the error's class and of those above it, nearest first; empty when no actor raised."""
    try:
        return tuple(json.loads((run_folder / CRASH).read_bytes())["kinds"])
    except (OSError, ValueError, KeyError):
        return ()


def read_crash(run_folder: Path) -> str:
    """`executor: ConfigurationError: …`; empty when no actor raised."""
    try:
        crash = json.loads((run_folder / CRASH).read_bytes())
        return f"{crash['role']}: {crash['error']}"
    except (OSError, ValueError, KeyError):
        return ""
