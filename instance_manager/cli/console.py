"""What is printed: results to standard output, everything said about them to standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

WITHOUT_TERMINAL = 200


def say(text: str) -> None:
    """A line of a result, for people."""
    typer.echo(text)


def warn(text: str) -> None:
    """A line beside the result."""
    typer.echo(text, err=True)


def print_json(data: object) -> None:
    """One JSON document. Amounts are strings, so that none loses a digit."""
    typer.echo(json.dumps(data, default=_plain, indent=2, ensure_ascii=False))


def terminal() -> Console:
    """Rich's console: as wide as the terminal; wide enough for everything when there is none."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=WITHOUT_TERMINAL)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table that folds long cells rather than cutting them."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(text_of(cell) for cell in row))
    terminal().print(table)


def money_text(amount: str | None) -> str | None:
    """An amount to the cent, for people; the exact one is in `--json`."""
    return None if amount is None else f"{Decimal(amount):.2f}"


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


def age_text(nanoseconds: int) -> str:
    """`3 d 4 h`, `4 h 5 min`, `5 min 6 s`: the two greatest units that say something."""
    seconds = max(0, nanoseconds) // 1_000_000_000
    sizes = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next((place for place, (_, size) in enumerate(sizes[:-2]) if seconds >= size), 2)
    (great, much), (small, little) = sizes[first : first + 2]
    return f"{seconds // much} {great} {seconds % much // little} {small}"


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
