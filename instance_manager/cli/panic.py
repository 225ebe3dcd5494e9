"""`predator panic | reset`: stop all new risk at once, latched on disk; and a person's word that it may go on."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.life import each
from instance_manager.cli.options import AllOption, HomeOption, InstancesOption, JsonOption, ReasonOption
from instance_manager.errors import NotRunning, RefusedForSafety

if TYPE_CHECKING:
    from engine.messages.base import Message

DEFAULT_REASON = "a person said so"


def register(app: typer.Typer) -> None:
    app.command()(panic)
    app.command()(reset)


def panic(
    instance: InstancesOption = None,
    is_all: AllOption = False,
    flatten: Annotated[bool, typer.Option("--flatten", help="Also close positions at market.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")] = DEFAULT_REASON,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Stop all new risk of instances, or (--all) of everything that trades. Holds through crashes until `reset`.

    Example: predator panic --instance live-1 --flatten --reason "prices look wrong"
    """
    from actors.shell.latch import GLOBAL, latch_file, raise_latch
    from instance_manager.modes import sends_orders

    desk = open_desk(home)
    names = desk.chosen(instance, is_all=is_all)
    if is_all:
        raise_latch(latch_file(desk.workspace.home, GLOBAL), reason, flatten=flatten)
        names = [name for name in names if sends_orders(desk.instance(name).mode)]  # a backtest cannot feel it
    scope = GLOBAL if is_all else "instance"
    each(names, lambda name: _panic(desk, name, scope, reason, flatten=flatten), as_json=as_json)


def reset(
    reason: ReasonOption,
    instance: InstancesOption = None,
    is_all: AllOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Clear panic and a RED breaker after review. Refused while the cause persists.

    Example: predator reset --instance live-1 --reason "looked at the exchange: all as it should be"
    """
    from actors.shell.latch import GLOBAL, clear_seen, latch_file

    desk = open_desk(home)
    names = desk.chosen(instance, is_all=is_all)
    latch = latch_file(desk.workspace.home, GLOBAL)
    if is_all and not clear_seen(latch, _latched_at_ns(latch)):
        raise RefusedForSafety("everything was panicked again at this very moment; look again before you reset")
    each(names, lambda name: _reset(desk, name, reason), as_json=as_json)


def _panic(desk: Desk, name: str, scope: str, reason: str, *, flatten: bool) -> dict[str, Any]:
    """The latch first, and durably; then those who run are woken, so that they need not look."""
    from actors.shell.latch import latch_file, raise_latch
    from engine.messages.control import PanicRaised

    if scope == "instance":
        raise_latch(latch_file(desk.workspace.home, name), reason, flatten=flatten)
    _ask(desk, name, PanicRaised(scope=scope, reason=reason, flatten=flatten), role="supervisor")
    return {"instance": name, "state": "PANICKED", "flatten": flatten, "reason": reason}


def _reset(desk: Desk, name: str, reason: str) -> dict[str, Any]:
    from actors.shell.latch import GLOBAL, clear_seen, latch_file, read_latch
    from engine.messages.control import ResetBreaker
    from instance_manager.modes import sends_orders
    from instance_manager.status import status_of

    if read_latch(latch_file(desk.workspace.home, GLOBAL)) is not None:
        raise RefusedForSafety(f"{name}: everything is panicked; `predator reset --all` clears that")
    answer = None
    latch = latch_file(desk.workspace.home, name)
    seen_at_ns = _latched_at_ns(latch)
    if sends_orders(desk.instance(name).mode):  # only those have a breaker to reset; for others the latch is all
        command = ResetBreaker(reason=reason, operator=getpass.getuser(), latched_at_ns=seen_at_ns)
        answer = _ask(desk, name, command, role="executor")
    if answer is not None:
        if not answer[0]:
            raise RefusedForSafety(f"{name}: not reset: {answer[1]}")
        return {"instance": name, "state": "RESET", "answer": answer[1]}
    if not clear_seen(latch, seen_at_ns):
        raise RefusedForSafety(f"{name} was panicked again at this very moment; look again before you reset")
    if status_of(desk.workspace, desk.settings, name).breaker == "RED":
        raise NotRunning(f"{name}: the latch is cleared, the breaker is RED in its journal: start it, then reset again")
    return {"instance": name, "state": "RESET", "answer": "the latch is cleared"}


def _latched_at_ns(latch: Path) -> int:
    """When the panic this person sees was raised last; what is raised later is not theirs to clear."""
    from actors.shell.latch import read_latch

    held = read_latch(latch)
    return held.raised_at_ns if held is not None else 0


def _ask(desk: Desk, name: str, command: Message, *, role: str) -> tuple[bool, str] | None:
    """(done, what was answered); None when the instance does not run."""
    from instance_manager import control, lifecycle

    if not lifecycle.is_running(desk.workspace.home, name):
        return None
    try:
        answer = control.ask(desk.workspace.home, name, command, role=role)
    except NotRunning:
        return None
    return answer.is_done, answer.text
