"""`predator`: the command line. Each group of verbs is a file with `register(app)` that loads heavy libraries late."""

from __future__ import annotations

from typing import Annotated

import typer

from instance_manager.cli import (
    archive,
    compare,
    data,
    dead_letters,
    download,
    events,
    init,
    journal,
    life,
    panic,
    quickstart,
    research,
    resync,
    status,
    venue,
    verify,
)
from instance_manager.cli.boundary import Boundary
from instance_manager.cli.options import HomeOption

app = typer.Typer(
    cls=Boundary,
    name="predator",
    help="Predator: run plays as backtest, shadow, demo or live instances, each an isolated tree of actors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    quickstart,
    init,
    life,
    status,
    panic,
    resync,
    journal,
    events,
    compare,
    research,
    data,
    download,
    venue,
    verify,
    archive,
    dead_letters,
):
    group.register(app)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version  # slow to load, and hardly ever asked for

        typer.echo(f"predator {version('predator')}")
        raise typer.Exit


@app.callback()
def predator(
    home: HomeOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Predator: run plays as backtest, shadow, demo or live instances, each an isolated tree of actors."""


def main() -> None:
    """The console script."""
    app()
