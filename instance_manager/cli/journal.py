"""`predator show-trades | show-orders | show-signals`: the journal, read-only, while its writer works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import open_desk
from instance_manager.cli.options import HomeOption, InstanceOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from adapters.journal.reader import JournalReader

Row = dict[str, Any]
DEFAULT_LIMIT = 100


def register(app: typer.Typer) -> None:
    for name, command in (
        ("show-trades", show_trades),
        ("show-orders", show_orders),
        ("show-signals", show_signals),
    ):
        app.command(name)(command)


def show_trades(
    instance: InstanceOption,
    limit: LimitOption = DEFAULT_LIMIT,
    score: Annotated[
        bool, typer.Option("--score", help="What all its trades come to, and what the play requires of them.")
    ] = False,
    by_day: Annotated[
        bool, typer.Option("--by-day", help="What each day made, funding included, in the zone of the settings.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Round trips, oldest first.

    Example: predator show-trades --instance live-1 --by-day
    """
    if by_day:
        from instance_manager.cli.by_day import show_days

        show_days(open_desk(home), instance, limit, as_json=as_json)
        return
    rows = read(home, instance, lambda reader: [asdict(trade) for trade in reader.trades()])
    if score:
        from instance_manager.cli.traded import show_score

        show_score(open_desk(home), instance, rows, as_json=as_json)
        return
    rows = rows[-limit:]
    columns = (
        "trade_number", "direction", "quantity", "entry_price", "exit_price", "opened_at_ns", "closed_at_ns", "profit",
        "fees", "exit_reason",
    )  # fmt: skip
    _show(f"trades of {instance}", rows, columns, as_json=as_json)


def show_orders(
    instance: InstanceOption, limit: LimitOption = DEFAULT_LIMIT, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Every order and where it stands, oldest first.

    Example: predator show-orders --instance live-1 --limit 20
    """
    rows = read(home, instance, lambda reader: [asdict(order) for order in reader.orders()])[-limit:]
    columns = (
        "client_order_id", "purpose", "kind", "side", "status", "quantity", "filled_quantity", "trigger_price",
        "created_at_ns", "reason",
    )  # fmt: skip
    _show(f"orders of {instance}", rows, columns, as_json=as_json)


def show_signals(
    instance: InstanceOption, limit: LimitOption = DEFAULT_LIMIT, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """What the play said, oldest first; with why a signal was not acted on.

    Example: predator show-signals --instance live-1 --limit 20
    """
    rows = read(home, instance, _signals)[-limit:]
    _show(f"signals of {instance}", rows, ("bar_open_time_ns", "intent", "close", "filtered"), as_json=as_json)


def read(home: Path | None, instance: str, query: Callable[[JournalReader], list[Row]]) -> list[Row]:
    """No journal yet is no error: the instance has nothing to show."""
    from adapters.journal.reader import JournalReader

    desk = open_desk(home)
    desk.instance(instance)
    file = desk.workspace.journal_file(instance)
    if not file.exists():
        console.warn(f"{instance} has no journal yet; it never ran")
        return []
    with JournalReader(file) as reader:
        return query(reader)


def _signals(reader: JournalReader) -> list[Row]:
    from engine.messages.events import SignalFiltered

    filtered = {
        entry.message.bar_open_time_ns: entry.message.reason
        for entry in entries(reader, "SignalFiltered")
        if isinstance(entry.message, SignalFiltered)
    }
    return [
        asdict(signal) | {"intent": signal.intent.name, "filtered": filtered.get(signal.bar_open_time_ns)}
        for signal in reader.signals()
    ]


def entries(reader: JournalReader, kind: str | None, after: int = 0) -> list[Any]:
    """All pages."""
    found: list[Any] = []
    while page := reader.events(after=after, name=kind):
        found.extend(page)
        after = page[-1].sequence
    return found


def _show(title: str, rows: Sequence[Row], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        console.print_json(list(rows))
        return
    cells = [[_cell(column, row.get(column)) for column in columns] for row in rows]
    console.print_table(title, [column.removesuffix("_ns").replace("_", " ") for column in columns], cells)


def _cell(column: str, value: object) -> object:
    return console.time_text(value) if column.endswith("_ns") and isinstance(value, int) else value
