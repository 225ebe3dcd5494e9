"""Watching real processes from outside: what belongs to a home, and waiting with a limit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest


def processes_in(home: Path) -> list[psutil.Process]:
    """Every process that was started for this home: they all inherit its variable."""
    return [process for process in psutil.process_iter() if _home_of(process) == str(home)]


def _home_of(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get("PREDATOR_HOME")
    except psutil.Error:
        return None


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL; one that ended meanwhile is what was wanted."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def is_venue(process: psutil.Process) -> bool:
    """Is it the local exchange (and not a part of an instance)?"""
    try:
        return "venue" in process.cmdline()
    except psutil.Error:
        return False


def eventually(look: Callable[[], Any], limit_s: float, what: str) -> Any:
    """The first true answer of `look`. Fails with `what` when there is none in time."""
    until = time.monotonic() + limit_s
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > until:
            pytest.fail(f"not within {limit_s:.0f} s: {what}; last seen: {answer!r}")
        time.sleep(0.2)
