"""`predator status`: every instance at a glance, or in full, once or live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.options import AllOption, HomeOption, InstancesOption, JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from instance_manager.status import InstanceStatus

REFRESH_S = 1.0
COLOURS = {
    "RUNNING": "green", "GREEN": "green", "HEALTHY": "green", "HELD": "green", "FINISHED": "green",
    "STARTING": "yellow", "STOPPING": "yellow", "YELLOW": "yellow", "WARNING": "yellow",
    "CRASHED": "red", "RED": "red", "CRITICAL": "red", "ABSENT": "red", "PANIC": "bold red",
}  # fmt: skip
COLUMNS = (
    "instance", "mode", "play", "exchange", "state", "guard", "breaker", "reconciliation", "panic", "position",
    "orders", "trades", "equity", "last bar", "uptime",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(
    instance: InstancesOption = None,
    is_all: AllOption = False,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
    home: HomeOption = None,
) -> None:
    """Show instances: all, or those named. Reads files only, so it never disturbs one."""
    desk = open_desk(home)
    names = desk.chosen(instance, is_all=is_all or not instance)
    if watch and not as_json:
        _watch(desk, names)
    elif as_json:
        console.print_json({"instances": _all(desk, names)})
    else:
        _print(_all(desk, names))


def _all(desk: Desk, names: Sequence[str]) -> list[InstanceStatus]:
    from instance_manager.status import status_of

    return [status_of(desk.workspace, desk.settings, name) for name in names]


def _print(found: Sequence[InstanceStatus]) -> None:
    from rich.console import Console

    terminal = Console()
    if not terminal.is_terminal:
        terminal = Console(width=220)
    terminal.print(table_of(found))
    if len(found) == 1 and found[0].actors:
        actors = [(a.role, a.pid, a.phase, a.restarts, a.heartbeat_age_ms) for a in found[0].actors]
        console.print_table("actors", ("role", "pid", "phase", "restarts", "heartbeat ms"), actors)
    for one in found:
        for text in (one.breaker_cause, one.panic_reason, one.error):
            if text:
                console.say(f"{one.instance}: {text}")


def _watch(desk: Desk, names: Sequence[str]) -> None:
    import time

    from rich.live import Live

    with Live(table_of(_all(desk, names)), refresh_per_second=4) as live:
        while True:
            time.sleep(REFRESH_S)
            live.update(table_of(_all(desk, names)))


def table_of(found: Sequence[InstanceStatus]) -> Table:
    """One row an instance; colour only where it means something."""
    from rich.table import Table

    table = Table(header_style="bold")
    for column in COLUMNS:
        table.add_column(column)
    for one in found:
        table.add_row(*_row(one))
    return table


def _row(one: InstanceStatus) -> list[str]:
    seconds = None if one.uptime is None else f"{one.uptime:.0f} s"
    cells = (
        one.instance, one.mode, one.play, one.exchange, one.state, one.guard if one.uptime else None, one.breaker,
        one.reconciliation, "PANIC" if one.panic else "no", one.position, one.open_orders, one.trades, one.equity,
        one.last_bar and one.last_bar[5:16].replace("T", " "), seconds,
    )  # fmt: skip
    return [coloured(console.text_of(cell)) for cell in cells]


def coloured(word: str) -> str:
    colour = COLOURS.get(word)
    return f"[{colour}]{word}[/{colour}]" if colour else word
