"""Options that mean the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Workspace folder. Default: PREDATOR_HOME, else ~/.predator.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else to standard output.")]
InstancesOption = Annotated[
    list[str] | None,
    typer.Option("--instance", "-i", help="Name of an instance; may be given several times.", show_default=False),
]
InstanceOption = Annotated[str, typer.Option("--instance", "-i", help="Name of an instance.", show_default=False)]
AllOption = Annotated[bool, typer.Option("--all", help="Every instance of the settings.")]
ConfirmOption = Annotated[
    bool,
    typer.Option("--confirm", help="I want to trade real money (PREDATOR_CONFIRM_LIVE_TRADING=true is needed too)."),
]
LoosenOption = Annotated[
    str,
    typer.Option("--confirm-loosen", help="Why limits may be looser while a position is open.", show_default=False),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="At most this many, the newest.")]


def _words(reason: str) -> str:
    """What a person says must say something."""
    if not reason.strip():
        raise typer.BadParameter("say why, in words that will be understood later; it is kept in the journal")
    return reason.strip()


ReasonOption = Annotated[
    str,
    typer.Option("--reason", help="Why; kept in the journal.", show_default=False, callback=_words),
]
