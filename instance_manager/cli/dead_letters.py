"""`predator dead-letters [list | replay]`: messages nobody could take, seen and given again."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from instance_manager.cli import console
from instance_manager.cli.desk import open_desk
from instance_manager.cli.options import HomeOption, InstanceOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from pathlib import Path

    from instance_manager.dead_letters import DeadLetter

DEFAULT_LIMIT = 50
app = typer.Typer(no_args_is_help=True, help="Messages nobody could take: list them, replay one.")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="dead-letters")


@app.command("list")
def list_letters(
    instance: InstanceOption, limit: LimitOption = DEFAULT_LIMIT, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """The newest undelivered messages, oldest first. The account system's are those of `--instance account`.

    Example: predator dead-letters list --instance live-1
    """
    _, letters = _opened(home, instance)
    letters = letters[-limit:]
    if as_json:
        console.print_json([asdict(one) for one in letters])
        return
    rows = [(one.id, console.time_text(one.at_ns), one.sender, one.to, one.name, one.promise) for one in letters]
    console.print_table(f"dead letters of {instance}", ("id", "at", "from", "to", "message", "promised"), rows)


@app.command("replay")
def replay_letter(
    letter: Annotated[str, typer.Argument(help="The id that `list` shows.")],
    instance: InstanceOption,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Also a panic or freeze that a person has reset since.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Give one message again to the actor it was meant for. Refused for what an old one of would do harm.

    Example: predator dead-letters replay 9f2c01ab77 --instance live-1
    """
    from instance_manager.dead_letters import replay

    where, letters = _opened(home, instance)
    found = next((one for one in letters if one.id == letter), None)
    if found is None:
        raise ConfigurationError(f"{instance} has no dead letter {letter!r}; `predator dead-letters list` shows them")
    age = console.age_text(time.time_ns() - found.at_ns)
    console.warn(f"{found.name} to {found.to} of {console.time_text(found.at_ns)}, {age} old: {found.message}")
    console.say(f"{found.id}: {replay(where, instance, found, is_confirmed=confirm)}")


def _opened(home: Path | None, instance: str) -> tuple[Path, tuple[DeadLetter, ...]]:
    from actors.shell.tree import ACCOUNT
    from instance_manager.dead_letters import letters_of

    desk = open_desk(home)
    if instance != ACCOUNT:
        desk.instance(instance)
    return desk.workspace.home, letters_of(desk.workspace.home / "logs" / instance)
