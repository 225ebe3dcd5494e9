"""The edge where errors become exit codes: a text naming place and remedy on standard error, never a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from engine.errors import TradingError
from instance_manager.cli.console import warn
from instance_manager.cli.exit_codes import ExitCode, code_for
from instance_manager.workspace import HOME_VARIABLE
from plays.errors import PlayError


class Boundary(TyperGroup):
    """The group of all commands. What goes wrong inside any of them ends here."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with _home_of(ctx.params.get("home")):
                return super().invoke(ctx)
        except (TradingError, PlayError) as error:
            warn(f"error: {error}")
            raise typer.Exit(code_for(error)) from error
        except KeyboardInterrupt as interrupt:
            warn("interrupted")
            raise typer.Exit(ExitCode.INTERRUPTED) from interrupt
        except BrokenPipeError:
            _leave_the_closed_pipe()
            raise typer.Exit(ExitCode.OK) from None
        except Exception as error:  # whatever it is, a person reads a sentence and a script an exit code
            if type(error).__module__.startswith(("click", "typer")):
                raise  # usage errors and exits, which the library shows itself
            warn(_explain_unforeseen(error))
            raise typer.Exit(ExitCode.FAILED if isinstance(error, OSError) else ExitCode.DEFECT) from error


@contextmanager
def _home_of(option: Path | None) -> Iterator[None]:
    """`predator --home X status` means the same as `predator status --home X`."""
    before = os.environ.get(HOME_VARIABLE)
    if option is not None:
        os.environ[HOME_VARIABLE] = str(option)
    try:
        yield
    finally:
        if option is not None:
            os.environ.pop(HOME_VARIABLE)
            if before is not None:
                os.environ[HOME_VARIABLE] = before


def _leave_the_closed_pipe() -> None:
    """The reader (`| head`) has gone; nothing may try to flush to it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain_unforeseen(error: Exception) -> str:
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"error: {place}{error.strerror or error}; check that it exists, is readable and the disk is not full"
    with tempfile.NamedTemporaryFile("w", prefix="predator-defect-", suffix=".txt", delete=False) as report:
        report.write("".join(traceback.format_exception(error)))
    return (
        f"error: a defect of Predator, not of yours: {type(error).__name__}: {error}\n"
        f"running instances are not touched by it; please report it with {report.name}"
    )
