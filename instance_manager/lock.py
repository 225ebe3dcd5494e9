"""The lock of a tree: exactly one launcher at a time. Held by the process, not its children; gone when it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from actors.shell.latch import write_durably
from actors.shell.processes import ProcessId, started_of
from instance_manager.errors import AlreadyRunning


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherCard:
    """What others must know of a running launcher: its process, and where its supervisor can be asked."""

    pid: int
    started: str
    admin_port: int = 0
    supervisor_port: int = 0

    @property
    def is_running(self) -> bool:
        return ProcessId(self.pid, self.started).is_running


def take_lock(run_folder: Path) -> IO[str]:
    """Held until the file is closed or the process ends. Raises AlreadyRunning, naming the holder.

    A POSIX record lock: forked actors do not inherit it, so it cannot outlive the launcher.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    file = (run_folder / "lock").open("a+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        card = read_card(run_folder)
        holder = f" (pid {card.pid})" if card else ""
        raise AlreadyRunning(f"{run_folder.name} is running already{holder}; `predator stop` ends it") from error
    return file


def write_card(run_folder: Path, *, admin_port: int = 0, supervisor_port: int = 0) -> None:
    pid = os.getpid()
    card = LauncherCard(pid=pid, started=started_of(pid), admin_port=admin_port, supervisor_port=supervisor_port)
    write_durably(run_folder / "launcher.json", json.dumps(asdict(card)).encode())


def read_card(run_folder: Path) -> LauncherCard | None:
    """The card of the newest launcher, running or not; None when there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return LauncherCard(**json.loads((run_folder / "launcher.json").read_bytes()))
    return None


def is_running(run_folder: Path) -> bool:
    """Whether a launcher runs here: the process of the card, not merely its pid."""
    card = read_card(run_folder)
    return card is not None and card.is_running
