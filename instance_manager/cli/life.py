"""`predator start | stop | restart | run`: the life of instances. What a start needs is checked before it starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from engine.errors import TradingError
from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.exit_codes import ExitCode, code_for
from instance_manager.cli.option_group import spread
from instance_manager.cli.options import (
    AllOption,
    ConfirmOption,
    HomeOption,
    InstanceOption,
    InstancesOption,
    JsonOption,
    LoosenOption,
)
from instance_manager.early_end import end_on_sigterm
from instance_manager.errors import AlreadyRunning, NotRunning
from plays.errors import PlayError

if TYPE_CHECKING:
    from actors.spec import InstanceSpec

Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    instance: InstancesOption = None
    is_all: AllOption = False
    confirm: ConfirmOption = False
    confirm_loosen: LoosenOption = ""


def register(app: typer.Typer) -> None:
    for command in (start, stop, restart, run):
        app.command()(spread(command))


def start(given: StartOptions, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Start instances in the background; returns when each is RUNNING, or says why not.

    Example: predator start --instance live-1
    """
    desk = open_desk(home, to_write=True)
    each(
        desk.chosen(given.instance, is_all=given.is_all),
        lambda name: start_one(desk, name, is_confirmed=given.confirm, loosen=given.confirm_loosen),
        as_json=as_json,
    )


def stop(
    instance: InstancesOption = None, is_all: AllOption = False, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Stop instances in order. Positions and their protective orders stay at the exchange.

    Example: predator stop --all
    """
    desk = open_desk(home)
    names = desk.chosen(instance, is_all=is_all)
    each(names, lambda name: stop_one(desk, name, is_expected=not is_all), as_json=as_json)


def restart(given: StartOptions, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Stop and start again; what could not start again is not stopped.

    Example: predator restart --instance live-1
    """
    desk = open_desk(home, to_write=True)

    def again(name: str) -> Result:
        specify(desk, name, is_confirmed=given.confirm, loosen=given.confirm_loosen)
        _end(desk, name)
        return start_one(desk, name, is_confirmed=given.confirm, loosen=given.confirm_loosen)

    each(desk.chosen(given.instance, is_all=given.is_all), again, as_json=as_json)


def run(
    instance: InstanceOption,
    confirm: ConfirmOption = False,
    confirm_loosen: LoosenOption = "",
    home: HomeOption = None,
) -> None:
    """Run one instance in the foreground (container, systemd) until it ends, or Ctrl-C or SIGTERM ends it.

    Example: predator run --instance live-1
    """
    from instance_manager import preparation
    from instance_manager import run as foreground

    end_on_sigterm()
    desk = open_desk(home, to_write=True)
    desk.instance(instance)
    _must_not_run(desk, instance)
    spec = specify(desk, instance, is_confirmed=confirm, loosen=confirm_loosen)
    preparation.prepare(desk.workspace, desk.settings, spec, console.warn)
    try:
        code = foreground.run(spec)
    finally:
        _end_what_nobody_needs(desk, ended=instance)
    raise typer.Exit(code)


def start_one(desk: Desk, name: str, *, is_confirmed: bool, loosen: str = "") -> Result:
    """Starts an instance of the settings; returns when it is RUNNING."""
    from instance_manager import lifecycle, preparation
    from instance_manager.status import state_of

    _must_not_run(desk, name)
    spec = specify(desk, name, is_confirmed=is_confirmed, loosen=loosen)
    preparation.prepare(desk.workspace, desk.settings, spec, console.warn)
    try:
        lifecycle.start(spec)
    except AlreadyRunning:
        raise
    except TradingError:
        if state_of(desk.workspace, name) != "FINISHED":  # a short backtest may be done before anyone looked
            _end_what_nobody_needs(desk)
            raise
    _warn_of_panic(desk, name)
    return {"instance": name, "state": state_of(desk.workspace, name)}


def stop_one(desk: Desk, name: str, *, is_expected: bool) -> Result:
    """Ends an instance in order. Raises NotRunning when it `is_expected` to run and does not."""
    was_running = _end(desk, name)
    _end_what_nobody_needs(desk)
    if is_expected and not was_running:
        raise NotRunning(f"{name} is not running")
    return {"instance": name, "state": "STOPPED", "was_running": was_running}


def specify(desk: Desk, name: str, *, is_confirmed: bool, loosen: str = "") -> InstanceSpec:
    """The specification of an instance, with every refusal there may be."""
    from instance_manager import open_position, specification

    order = specification.Order(instance=name, is_confirmed=is_confirmed)
    spec = specification.specify(desk.workspace, desk.settings, order, os.environ)
    return open_position.permitted(spec, loosen.strip())


def each(names: Sequence[str], act: Callable[[str], Result], *, as_json: bool) -> None:
    """One after the other; a failure of one does not keep the others from their turn. The greatest code counts."""
    results: list[Result] = []
    code = ExitCode.OK
    for name in names:
        try:
            result = act(name)
        except (TradingError, PlayError) as error:
            result = {"instance": name, "error": str(error)}
            code = max(code, code_for(error))
            console.warn(f"error: {error}")
        else:
            if not as_json:
                console.say(f"{name} is {result['state']}")
        results.append(result)
    if as_json:
        console.print_json({"instances": results})
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _must_not_run(desk: Desk, name: str) -> None:
    from instance_manager import lifecycle

    if lifecycle.is_running(desk.workspace.home, name):
        raise AlreadyRunning(f"{name} is running already; `predator stop --instance {name}` ends it")


def _warn_of_panic(desk: Desk, name: str) -> None:
    from instance_manager.status import status_of

    reason = status_of(desk.workspace, desk.settings, name).panic_reason
    if reason is not None:
        console.warn(f"{name} is panicked and opens nothing: {reason}; after review: `predator reset`")


def _end(desk: Desk, name: str) -> bool:
    """False when it did not run."""
    from instance_manager import lifecycle

    try:
        lifecycle.stop(desk.workspace.home, name)
    except NotRunning:
        return False
    return True


def _end_what_nobody_needs(desk: Desk, ended: str = "") -> None:
    """When the last instance has ended nothing of a `start` shall be left: no exchange, no account system.

    `ended` was run by this very process, so that its card still seems to be a living launcher's.
    """
    from actors.shell.tree import ACCOUNT
    from instance_manager import lifecycle
    from instance_manager.account_system import running_instances
    from instance_manager.preparation import stop_idle_exchanges

    running = set(running_instances(desk.workspace.home)) - {ended}
    for name in stop_idle_exchanges(desk.workspace, desk.settings, running):
        console.warn(f"stopped the local exchange {name!r}, which had been started for them")
    if not running and lifecycle.is_running(desk.workspace.home, ACCOUNT):
        with suppress(NotRunning):
            lifecycle.stop(desk.workspace.home, ACCOUNT)
