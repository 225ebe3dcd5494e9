"""`predator resync`: show what adopting the exchange's truth would change, and adopt it when a person says so."""

from __future__ import annotations

from typing import Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import open_desk
from instance_manager.cli.options import HomeOption, InstanceOption, JsonOption, ReasonOption
from instance_manager.errors import NotRunning, RefusedForSafety
from instance_manager.person import who_commands


def register(app: typer.Typer) -> None:
    app.command()(resync)


def resync(
    instance: InstanceOption,
    reason: ReasonOption,
    confirm: Annotated[
        str, typer.Option("--confirm", help="The word that the command without it told you.", show_default=False)
    ] = "",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Adopt the exchange's position, balance and orders. Only while halted; first shows, then wants --confirm WORD.

    Example: predator resync --instance live-1 --reason "closed by hand"
    """
    from engine.messages.operator import ResyncWanted
    from instance_manager import control, lifecycle
    from instance_manager.modes import sends_orders

    desk = open_desk(home)
    if not sends_orders(desk.instance(instance).mode):
        raise RefusedForSafety(f"{instance}: its mode sends no orders; there is nothing to resynchronise")
    if not lifecycle.is_running(desk.workspace.home, instance):
        raise NotRunning(f"{instance} is not running; start it: it reads the exchange and stays halted")
    word = ResyncWanted(reason=reason, operator=who_commands(), token=confirm)
    answer = control.ask(desk.workspace.home, instance, word)
    if not answer.is_done:
        raise RefusedForSafety(f"{instance}: nothing was adopted: {answer.text}")
    if as_json:
        console.print_json({"instance": instance, "adopted": bool(confirm), "answer": answer.text})
    else:
        console.say(f"{instance}: {answer.text}")
