"""How a tree ended, for whoever started it: one small file in its run folder."""

from __future__ import annotations

import json
from pathlib import Path

from actors.latch import write_durably

NAME = "outcome.json"
ESCALATED = "escalated: "


def write_outcome(run_folder: Path, reason: str) -> None:
    write_durably(run_folder / NAME, json.dumps({"reason": reason}).encode())


def read_outcome(run_folder: Path) -> str | None:
    """Why the tree ended by itself; None while it has not (or was killed)."""
    try:
        return str(json.loads((run_folder / NAME).read_bytes())["reason"])
    except (OSError, ValueError, KeyError):
        return None


def clear_outcome(run_folder: Path) -> None:
    (run_folder / NAME).unlink(missing_ok=True)
