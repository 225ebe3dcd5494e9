"""Which processes belong to a tree: pid and start time of each, so that a pid used again is never mistaken for ours."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from actors.shell.scoreboard import boot_id

_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class ProcessId:
    """`started` is the boot's id and the start time in clock ticks since that boot."""

    pid: int
    started: str
    what: str = ""

    @property
    def is_running(self) -> bool:
        return self.started != "" and started_of(self.pid) == self.started


def process_id(pid: int, what: str = "") -> ProcessId:
    return ProcessId(pid, started_of(pid), what)


def started_of(pid: int) -> str:
    """When the process started; empty when there is none (a zombie is none)."""
    fields = _stat(pid)
    return f"{boot_id()}:{fields[19]}" if fields and fields[0] not in "ZX" else ""


def parent_of(pid: int) -> int:
    """0 when there is no such process."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on; nothing when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def children_of(pid: int) -> list[int]:
    """Direct children, as the kernel lists them."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def descendants_of(pid: int) -> list[int]:
    """Children and theirs; nearest first."""
    found = children_of(pid)
    for child in found:
        found.extend(descendant for descendant in children_of(child) if descendant not in found)
    return found


def record(run_folder: Path, process: ProcessId) -> None:
    """Remember `process` as one of this tree's. One short append: whole even when several do it at once."""
    with (run_folder / "processes").open("a") as file:
        file.write(f"{process.pid} {process.started} {process.what}\n")


def recorded(run_folder: Path) -> list[ProcessId]:
    """All that were ever recorded for the tree that runs, or ran, in this folder."""
    try:
        lines = (run_folder / "processes").read_text().splitlines()
    except FileNotFoundError:
        return []
    parts = [line.split(" ", 2) for line in lines]
    return [ProcessId(int(part[0]), part[1], part[2]) for part in parts if len(part) == 3 and part[0].isdigit()]


def end_all(processes: Iterable[ProcessId], limit_s: float = 5.0) -> list[ProcessId]:
    """SIGKILL to all that still run, except ourselves. Returns those that run after `limit_s` all the same."""
    left = [process for process in processes if process.is_running and process.pid != os.getpid()]
    for process in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    return wait_all(left, limit_s)


def wait_all(processes: Iterable[ProcessId], limit_s: float) -> list[ProcessId]:
    """Wait until they are gone. Returns those that are not."""
    until = time.monotonic() + limit_s
    left = [process for process in processes if process.is_running]
    while left and time.monotonic() < until:
        reap_children()
        time.sleep(_LOOK_S)
        left = [process for process in left if process.is_running]
    return left


def reap_children() -> None:
    """Take the exit codes of ended children, adopted ones included, so that none stays a zombie."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
