"""The picture that `predator quickstart` keeps drawing: instances above, their last trades below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table

from instance_manager.cli.console import money_text, text_of, time_text
from instance_manager.cli.status import coloured

if TYPE_CHECKING:
    from instance_manager.follow import Scene

COLUMNS = (
    "instance", "state", "bars", "signals", "orders", "trades", "position", "equity", "guard", "breaker",
    "reconciliation",
)  # fmt: skip
WIDE = 105
TRADE_COLUMNS = ("instance", "closed", "direction", "entry", "exit", "profit", "quantity", "reason")
NARROW_TRADE_COLUMNS = 6


def picture_of(scenes: Sequence[Scene], width: int) -> Group:
    """Instances side by side in rows, or in columns where the terminal is narrow; the trades below."""
    cells = [_cells(scene) for scene in scenes]
    return Group(_in_rows(cells) if width >= WIDE else _in_columns(cells), _trades(scenes, is_wide=width >= WIDE))


def _in_rows(cells: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in COLUMNS[2:8] else "left", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    return table


def _in_columns(cells: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("", *(row[0] for row in cells)):
        table.add_column(heading, no_wrap=True)
    for position, name in enumerate(COLUMNS[1:], start=1):
        table.add_row(name, *(row[position] for row in cells))
    return table


def _cells(scene: Scene) -> list[str]:
    one = scene.status
    cells = (
        one.instance, one.state, scene.bars, scene.signals, scene.orders, scene.trades, one.position,
        money_text(one.equity), one.guard if one.uptime else None, one.breaker, one.reconciliation,
    )  # fmt: skip
    return [coloured(text_of(cell)) for cell in cells]


def _trades(scenes: Sequence[Scene], *, is_wide: bool) -> Table:
    columns = TRADE_COLUMNS if is_wide else TRADE_COLUMNS[:NARROW_TRADE_COLUMNS]
    table = Table(title="last trades", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    for scene in scenes:
        for trade in scene.last_trades:
            profit = f"[{'green' if trade.profit > 0 else 'red'}]{trade.profit:.2f}[/]"
            row = (
                scene.status.instance, time_text(trade.closed_at_ns)[11:], trade.direction, text_of(trade.entry_price),
                text_of(trade.exit_price), profit, text_of(trade.quantity), trade.exit_reason,
            )  # fmt: skip
            table.add_row(*row[: len(columns)])
    return table
