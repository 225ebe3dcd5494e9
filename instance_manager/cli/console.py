"""What is printed: results to standard output, everything said about them to standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer


def say(text: str) -> None:
    """A line of a result, for people."""
    typer.echo(text)


def warn(text: str) -> None:
    """A line beside the result."""
    typer.echo(text, err=True)


def print_json(data: object) -> None:
    """One JSON document. Amounts are strings, so that none loses a digit."""
    typer.echo(json.dumps(data, default=_plain, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table as wide as the terminal; as wide as it needs when there is no terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(text_of(cell) for cell in row))
    console.print(table)


def text_of(cell: object) -> str:
    """A value as a person reads it; `-` for nothing."""
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)


def time_text(nanoseconds: int | None) -> str:
    """`2022-01-03 14:05:00` UTC."""
    if nanoseconds is None:
        return "-"
    return datetime.fromtimestamp(nanoseconds / 1_000_000_000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: Any) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (Mapping, Path)):
        return dict(value) if isinstance(value, Mapping) else str(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
