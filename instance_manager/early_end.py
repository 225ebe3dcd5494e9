"""SIGTERM before a launcher has anything to end. Pid 1 of a container has no default for it: it would be lost."""

from __future__ import annotations

import signal
from typing import NoReturn


def end_on_sigterm() -> None:
    """Until the launcher takes over: the process ends, and its `finally` blocks run."""
    signal.signal(signal.SIGTERM, _end)


def _end(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
