"""`predator panic | reset`: stop all new risk at once, latched on disk; and a person's word that it may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import StoreError
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.life import each
from instance_manager.cli.options import AllOption, HomeOption, InstancesOption, JsonOption, ReasonOption
from instance_manager.errors import NotRunning, RefusedForSafety
from instance_manager.person import who_commands

if TYPE_CHECKING:
    from engine.messages.base import Message

DEFAULT_REASON = "a person said so"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicWord:
    """What a person said, to one instance or to all."""

    scope: str
    reason: str
    flatten: bool


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
    from actors.shell.latch import GLOBAL
    from instance_manager.modes import sends_orders

    desk = open_desk(home)
    names = desk.chosen(instance, is_all=is_all)
    refused = _latch_all(desk, [GLOBAL] if is_all else names, reason, flatten=flatten)
    if is_all:
        names = [name for name in names if sends_orders(desk.instance(name).mode)]  # a backtest cannot feel it
    word = PanicWord(scope=GLOBAL if is_all else "instance", reason=reason, flatten=flatten)
    each(names, lambda name: _wake(desk, name, word, refused.get(GLOBAL if is_all else name)), as_json=as_json)
    if not names:
        for error in refused.values():
            raise error


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


def _latch_all(desk: Desk, scopes: Sequence[str], reason: str, *, flatten: bool) -> dict[str, StoreError]:
    """Every latch before anyone is asked anything: one that hangs must not keep the others from feeling theirs. What
    the disk refused is told at the end."""
    from actors.shell.latch import latch_file, raise_latch

    refused = {}
    for scope in scopes:
        try:
            raise_latch(latch_file(desk.workspace.home, scope), reason, flatten=flatten)
        except StoreError as error:
            refused[scope] = error
    return refused


def _wake(desk: Desk, name: str, word: PanicWord, refused: StoreError | None) -> dict[str, Any]:
    """Those who run are told, so that they need not look; also where there is nothing to look at."""
    from engine.messages.control import PanicRaised

    command = PanicRaised(scope=word.scope, reason=word.reason, flatten=word.flatten)
    answer = _tell(desk, name, command)
    if refused is not None:
        told = "it runs and was told all the same" if answer is not None and answer[0] else "and it was not told"
        raise StoreError(f"{name}: {refused}; {told}")
    return {"instance": name, "state": "PANICKED", "flatten": word.flatten, "reason": word.reason}


def _reset(desk: Desk, name: str, reason: str) -> dict[str, Any]:
    from actors.shell.latch import GLOBAL, clear_seen, latch_file, read_latch
    from engine.messages.control import ResetBreaker
    from instance_manager.modes import sends_orders

    if read_latch(latch_file(desk.workspace.home, GLOBAL)) is not None:
        raise RefusedForSafety(f"{name}: everything is panicked; `predator reset --all` clears that")
    answer = None
    latch = latch_file(desk.workspace.home, name)
    seen_at_ns = _latched_at_ns(latch)
    if sends_orders(desk.instance(name).mode):  # only those have a breaker to reset; for others the latch is all
        command = ResetBreaker(reason=reason, operator=who_commands(), latched_at_ns=seen_at_ns)
        answer = _ask(desk, name, command, role="executor")
    if answer is not None:
        if not answer[0]:
            raise RefusedForSafety(f"{name}: not reset: {answer[1]}")
        return {"instance": name, "state": "RESET", "answer": answer[1]}
    if sends_orders(desk.instance(name).mode):
        _must_not_be_halted(desk, name)
    if not clear_seen(latch, seen_at_ns):
        raise RefusedForSafety(f"{name} was panicked again at this very moment; look again before you reset")
    return {"instance": name, "state": "RESET", "answer": "the latch is cleared"}


def _must_not_be_halted(desk: Desk, name: str) -> None:
    """Only its executor can reset what its journal says, and keep who said so and why."""
    from instance_manager.status import journaled_view

    view, error = journaled_view(desk.workspace, name)
    if error:
        raise StoreError(f"{name}: not reset: {error}")
    if view is not None and (view.is_panicked or view.breaker == "RED"):
        halted = f"the breaker is RED: {view.breaker_cause}" if view.breaker == "RED" else "it is panicked"
        raise NotRunning(f"{name}: not reset: {halted}, as its journal says; start it (it stays halted), then reset")


def _latched_at_ns(latch: Path) -> int:
    """When the panic this person sees was raised last; what is raised later is not theirs to clear."""
    from actors.shell.latch import read_latch

    held = read_latch(latch)
    return held.raised_at_ns if held is not None else 0


def _tell(desk: Desk, name: str, command: Message) -> tuple[bool, str] | None:
    """The latch is what counts; whoever is just being restarted looks at it first."""
    try:
        return _ask(desk, name, command, role="supervisor")
    except NotRunning:
        return None


def _ask(desk: Desk, name: str, command: Message, *, role: str) -> tuple[bool, str] | None:
    """(done, what was answered); None when the instance does not run. Raises NotRunning while it is just being
    restarted: then nobody can judge, and to go on as if it had been stopped would clear a panic unjudged.
    """
    from instance_manager import control, lifecycle

    if not lifecycle.is_running(desk.workspace.home, name):
        return None
    answer = control.ask(desk.workspace.home, name, command, role=role)
    return answer.is_done, answer.text
