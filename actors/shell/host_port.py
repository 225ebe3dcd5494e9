"""Port `host`: how the machine fares, read from the kernel in a fraction of a millisecond."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psutil

from actors.shell.scoreboard import ScoreboardReader
from actors.shell.tree import Tree
from engine.errors import InvariantViolated
from engine.messages.base import Message
from engine.messages.host import HostRead, ReadHost

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class HostPort:
    """Of one process. The clock's step is that since the reading before."""

    def __init__(self, tree: Tree) -> None:
        self._disk = tree.spec.state_folder if tree.spec else tree.home
        self._scoreboard = ScoreboardReader(tree.scoreboard_file)
        self._clock_offset_ns = _clock_offset_ns()

    def perform(self, call: Message) -> Message:
        if not isinstance(call, ReadHost):
            raise InvariantViolated(f"the host knows no {call!r}")
        return HostRead(
            memory_used=psutil.virtual_memory().percent / 100,
            load_per_core=os.getloadavg()[0] / (os.cpu_count() or 1),
            disk_free_bytes=shutil.disk_usage(_existing(self._disk)).free,
            instance_bytes=sum(private_bytes(cell.pid) for cell in self._scoreboard.read().values()),
            clock_step_ns=self._clock_step_ns(),
        )

    def _clock_step_ns(self) -> int:
        before, self._clock_offset_ns = self._clock_offset_ns, _clock_offset_ns()
        return self._clock_offset_ns - before


def private_bytes(pid: int) -> int:
    """What a process has in memory for itself alone; 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(fields[1]) - int(fields[2])) * PAGE_BYTES if len(fields) > 2 else 0  # resident, shared


def _clock_offset_ns() -> int:
    return time.time_ns() - time.monotonic_ns()


def _existing(folder: Path) -> Path:
    """The nearest folder that exists already."""
    return next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
