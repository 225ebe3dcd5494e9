"""`predator venue start|stop|status`: the local exchange as a program of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.errors import did_you_mean

if TYPE_CHECKING:
    from instance_manager.settings import LocalExchange

ExchangeOption = Annotated[str, typer.Option("--exchange", help="Which local exchange of the settings.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The local exchange: start, stop, status.", no_args_is_help=True, rich_markup_mode=None)
    for command in (start, stop, status):
        group.command()(command)
    app.add_typer(group, name="venue")


def start(
    exchange: ExchangeOption = "local",
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget prices, balances, orders and positions.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the local exchange; returns when it answers. It goes on where it was, unless --fresh.

    After --fresh an instance whose journal holds a position finds it gone and halts: that is its duty.

    Example: predator venue start
    """
    from instance_manager import venue_process

    desk = open_desk(home, to_write=True)
    process = venue_process.start(desk.workspace, exchange, local_exchange(desk, exchange), is_fresh=fresh)
    if as_json:
        console.print_json({"exchange": exchange, "state": "RUNNING", "pid": process.pid, "address": process.address})
    else:
        console.say(f"the local exchange {exchange!r} answers at {process.address} (pid {process.pid})")


def stop(exchange: ExchangeOption = "local", home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop the local exchange. What was traded there is kept.

    Example: predator venue stop
    """
    from instance_manager import venue_process

    desk = open_desk(home)
    local_exchange(desk, exchange)
    was_running = venue_process.stop(desk.workspace, exchange)
    if as_json:
        console.print_json({"exchange": exchange, "state": "STOPPED", "was_running": was_running})
    else:
        console.say(f"the local exchange {exchange!r} {'is stopped' if was_running else 'was not running'}")


def status(exchange: ExchangeOption = "local", home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Does it run, and what does it say? Exit code 3 when it does not run.

    Example: predator venue status --json
    """
    from instance_manager import venue_process

    desk = open_desk(home)
    settings = local_exchange(desk, exchange)
    process = venue_process.find(desk.workspace, exchange)
    answer = venue_process.answers(process.host, process.port) if process else None
    state = "STOPPED" if process is None else "RUNNING" if answer else "SILENT"
    if as_json:
        pid = process.pid if process else None
        address = process.address if process else f"http://{settings.host}:{settings.port}"
        console.print_json({"exchange": exchange, "state": state, "pid": pid, "address": address, "answer": answer})
    else:
        console.say(f"the local exchange {exchange!r}: {state}" + (f" at {process.address}" if process else ""))
    if state != "RUNNING":
        raise typer.Exit(ExitCode.NOT_RUNNING)


def local_exchange(desk: Desk, name: str) -> LocalExchange:
    """The settings of a local exchange. Raises ConfigurationError for anything else."""
    from instance_manager.settings import LocalExchange

    found = desk.settings.exchanges.get(name)
    if isinstance(found, LocalExchange):
        return found
    local = [key for key, one in desk.settings.exchanges.items() if isinstance(one, LocalExchange)]
    raise ConfigurationError(
        f"{name!r} is no local exchange{did_you_mean(name, local)}; local ones: {', '.join(local) or 'none'}"
    )
