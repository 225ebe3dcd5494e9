"""Exit codes of `predator`, for people and scripts; `runbooks/exit-codes.md` lists them."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum

from engine.errors import ConfigurationError, StoreError, VenueError
from instance_manager.errors import (
    AlreadyRunning,
    ExchangeUnreachable,
    NotRunning,
    RefusedForSafety,
    StartFailed,
    UnknownInstance,
)
from plays.errors import PlayError


class ExitCode(IntEnum):
    """0 is the only success."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    REFUSED = 4
    ALREADY_RUNNING = 5
    UNREACHABLE = 6
    STORE = 7
    DEFECT = 70
    INTERRUPTED = 130


# the first that fits counts, so the special stands before the general
_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (RefusedForSafety, ExitCode.REFUSED),
    (UnknownInstance, ExitCode.NOT_RUNNING),
    (NotRunning, ExitCode.NOT_RUNNING),
    (AlreadyRunning, ExitCode.ALREADY_RUNNING),
    (ConfigurationError, ExitCode.USAGE),
    (PlayError, ExitCode.USAGE),
    (ExchangeUnreachable, ExitCode.UNREACHABLE),
    (VenueError, ExitCode.UNREACHABLE),
    (StoreError, ExitCode.STORE),
)


def code_for_names(kinds: Collection[str]) -> ExitCode:
    """The same for an error of another process, of which only the names of its classes came."""
    return next((code for kind, code in _CODES if kind.__name__ in kinds), ExitCode.FAILED)


def code_for(error: Exception) -> ExitCode:
    """The exit code an error ends the command with."""
    if isinstance(error, StartFailed):
        return ExitCode(error.exit_code)
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAILED)
