"""`predator show-events`: the journal as it was written, with what each event is about and how much it matters."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.severity import Severity, severity_of
from instance_manager.cli import console
from instance_manager.cli.journal import DEFAULT_LIMIT, Row, entries, read
from instance_manager.cli.options import HomeOption, InstanceOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from adapters.journal.chain import Entry
    from adapters.journal.reader import JournalReader
    from engine.correlation import Thread

COLUMNS = ("sequence", "recorded_at_ns", "severity", "correlation", "symbol", "trade", "order", "kind", "event")


def register(app: typer.Typer) -> None:
    app.command("show-events")(show_events)


def show_events(
    instance: InstanceOption,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind, e.g. OrderFilled.")] = None,
    correlation: Annotated[
        str | None, typer.Option("--correlation", help="Only what follows from this signal.")
    ] = None,
    severity: Annotated[
        Severity, typer.Option("--severity", case_sensitive=False, help="Only what is this severe, or more.")
    ] = Severity.INFO,
    limit: LimitOption = DEFAULT_LIMIT,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """The journal as it was written: everything that happened, oldest first.

    Example: predator show-events --instance live-1 --limit 50 --severity warning
    """
    rows = read(home, instance, lambda reader: rows_of(reader, limit, kind, correlation, severity))
    if as_json:
        console.print_json(rows)
        return
    titles = [column.removesuffix("_at_ns") for column in COLUMNS]
    console.print_table(f"events of {instance}", titles, [[_cell(row, name) for name in COLUMNS] for row in rows])


def rows_of(
    reader: JournalReader,
    limit: int,
    kind: str | None = None,
    correlation: str | None = None,
    severity: Severity = Severity.INFO,
) -> list[Row]:
    """The newest that are meant."""
    is_all = kind is correlation is None and severity is Severity.INFO
    after = max(0, reader.last_sequence() - limit) if is_all else 0
    thread = _thread(reader, after)
    found = [_row(entry, thread) for entry in entries(reader, None, after)]
    return [
        row
        for row in found
        if kind in (None, row["kind"])
        and correlation in (None, row["correlation"])
        and Severity(row["severity"]).rank >= severity.rank
    ][-limit:]


def _row(entry: Entry, thread: Thread) -> Row:
    name, subject = thread.of(entry.message), thread.subject_of(entry.message)
    return {
        "sequence": entry.sequence,
        "recorded_at_ns": entry.recorded_at_ns,
        "severity": severity_of(entry.message).value,
        "correlation": name,
        "symbol": subject.symbol,
        "trade": subject.trade_number,
        "order": subject.client_order_id,
        "kind": type(entry.message).__name__,
        "event": asdict(entry.message),
    }


def _thread(reader: JournalReader, after: int) -> Thread:
    """It has followed all before: what a message belongs to is learned from what came before it, archived or not."""
    from engine.correlation import BEGINNINGS, Thread

    thread = Thread()
    archived = reader.checkpoint()
    if archived is not None:
        thread.of(archived)
    for message in reader.named(BEGINNINGS, after):
        thread.of(message)
    return thread


def _cell(row: Row, column: str) -> object:
    if column == "event":
        return _short(row["event"])
    return console.time_text(row[column]) if column.endswith("_ns") else row[column]


def _short(event: dict[str, Any]) -> str:
    words = [f"{name}={console.text_of(value)}" for name, value in event.items() if not isinstance(value, dict)]
    return " ".join(words)
