"""`predator status`: every instance at a glance, or in full, once or live."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

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
    "instance", "mode", "play", "exchange", "state", "guard", "breaker", "reconciled", "panic", "position",
    "orders", "trades", "equity", "today", "last bar", "uptime",
)  # fmt: skip
MOST_NEEDED = ("instance", "state", "guard", "breaker", "reconciled", "panic", "position", "equity")
WIDE = 160


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(
    instance: InstancesOption = None,
    is_all: AllOption = False,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
    home: HomeOption = None,
) -> None:
    """Show instances: all, or those named. Reads files only, so it never disturbs one.

    Example: predator status --watch
    """
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
    terminal = console.terminal()
    terminal.print(table_of(found, terminal.width))
    if len(found) == 1 and found[0].actors:
        actors = [(a.role, a.pid, a.phase, a.restarts, a.heartbeat_age_ms) for a in found[0].actors]
        console.print_table("actors", ("role", "pid", "phase", "restarts", "heartbeat ms"), actors)
        if money := money_text(found[0]):
            console.say(money)
        if found[0].host:
            console.say(host_text(found[0].host))
        for trouble in troubles(found[0]):
            console.say(trouble)
    for one in found:
        for text in (one.breaker_cause, one.panic_reason, one.error, *one.doubts):
            if text:
                console.say(f"{one.instance}: {text}")


def _watch(desk: Desk, names: Sequence[str]) -> None:
    from rich.live import Live

    terminal = console.terminal()
    with Live(table_of(_all(desk, names), terminal.width), console=terminal, refresh_per_second=4) as live:
        while True:
            time.sleep(REFRESH_S)
            live.update(table_of(_all(desk, names), terminal.width))


def table_of(found: Sequence[InstanceStatus], width: int) -> Table:
    """One row an instance; colour only where it means something. A narrow terminal gets what is needed most."""
    from rich import box
    from rich.table import Table

    columns = COLUMNS if width >= WIDE else MOST_NEEDED
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    for one in found:
        cells = dict(zip(COLUMNS, _row(one), strict=True))
        table.add_row(*(cells[column] for column in columns))
    return table


def _row(one: InstanceStatus) -> list[str]:
    seconds = None if one.uptime is None else f"{one.uptime:.0f} s"
    last_bar = one.last_bar and one.last_bar[5:16].replace("T", " ")
    cells = (
        one.instance, one.mode, one.play, one.exchange, one.state, one.guard if one.uptime else None, one.breaker,
        one.reconciliation, "PANIC" if one.panic else "no", one.position, one.open_orders, one.trades,
        console.money_text(one.equity), console.money_text(one.day_profit), last_bar, seconds,
    )  # fmt: skip
    return [coloured(console.text_of(cell)) for cell in cells]


def money_text(one: InstanceStatus) -> str:
    """`money: +12.30 on 2026-11-21, 3.10 of fees and -0.20 of funding in all, 950.00 of margin used`; "" if unknown."""
    if one.fees is None:
        return ""
    today = f"{Decimal(one.day_profit):+.2f} on {one.day}, " if one.day_profit is not None else ""
    fees, funding, margin = (console.money_text(amount) for amount in (one.fees, one.funding, one.margin_used))
    return f"money: {today}{fees} of fees and {funding} of funding in all, {margin} of margin used"


def host_text(host: Mapping[str, Any]) -> str:
    """`host: 31 % of memory used, 0.8 tasks per core, 68.1 GB of disk free, the instance takes 410 MB`."""
    return (
        f"host: {host['memory_used']:.0%} of memory used, {host['load_per_core']:.1f} tasks per core, "
        f"{host['disk_free_bytes'] / 1e9:.1f} GB of disk free, the instance takes {host['instance_bytes'] / 1e6:.0f} MB"
    )


def troubles(one: InstanceStatus) -> list[str]:
    """What came late or too much to an actor in its life, and what nobody took."""
    late = [
        f"inbox of {actor.role}: " + ", ".join(f"{times} times {what}" for what, times in actor.inbox.items())
        for actor in one.actors
        if actor.inbox
    ]
    rests = [
        f"{actor.role} reads {service}: {phase}" for actor in one.actors for service, phase in actor.services.items()
    ]
    unsent = [
        f"message of {subject} not delivered yet: {text}"
        for actor in one.actors
        for subject, text in actor.undelivered.items()
    ]
    dead = [f"dead letters: {one.dead_letters}; `predator dead-letters list`"] if one.dead_letters else []
    return [*late, *rests, *unsent, *dead]


def coloured(word: str) -> str:
    colour = COLOURS.get(word)
    return f"[{colour}]{word}[/{colour}]" if colour else word
