"""The picture that `predator quickstart` keeps drawing: instances above, their last trades below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

from instance_manager.cli.console import text_of, time_text
from instance_manager.cli.status import coloured

if TYPE_CHECKING:
    from instance_manager.follow import Scene

COLUMNS = (
    "instance", "state", "bars", "signals", "orders", "trades", "position", "equity", "guard", "breaker",
    "reconciliation",
)  # fmt: skip
TRADE_COLUMNS = ("instance", "closed", "direction", "quantity", "entry", "exit", "profit", "reason")


def picture_of(scenes: Sequence[Scene]) -> Group:
    """Both tables."""
    return Group(_instances(scenes), _trades(scenes))


def _instances(scenes: Sequence[Scene]) -> Table:
    table = Table(title="instances", title_justify="left", header_style="bold")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in COLUMNS[2:8] else "left", no_wrap=True)
    for scene in scenes:
        one = scene.status
        cells = (
            one.instance, one.state, scene.bars, scene.signals, scene.orders, scene.trades, one.position,
            _money(one.equity), one.guard if one.uptime else None, one.breaker, one.reconciliation,
        )  # fmt: skip
        table.add_row(*(coloured(text_of(cell)) for cell in cells))
    return table


def _trades(scenes: Sequence[Scene]) -> Table:
    table = Table(title="last trades", title_justify="left", header_style="bold")
    for column in TRADE_COLUMNS:
        table.add_column(column, no_wrap=True)
    for scene in scenes:
        for trade in scene.last_trades:
            profit = f"[{'green' if trade.profit > 0 else 'red'}]{trade.profit:.2f}[/]"
            table.add_row(
                scene.status.instance, time_text(trade.closed_at_ns)[5:], trade.direction, text_of(trade.quantity),
                text_of(trade.entry_price), text_of(trade.exit_price), profit, trade.exit_reason,
            )  # fmt: skip
    return table


def _money(amount: str | None) -> str | None:
    return None if amount is None else f"{float(amount):.2f}"
