"""The equity of a run at every bar's close, from its trades. Compiled: searches ask for thousands of these."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from engine.backtest.layout import (
    TRADE_ENTRY_BAR,
    TRADE_ENTRY_FEE,
    TRADE_ENTRY_TICKS,
    TRADE_EXIT_BAR,
    TRADE_LOTS,
    TRADE_PNL,
    TRADE_SIDE,
)
from engine.compiled import compile_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


def fill_equity(
    rows: Integers, owners: Integers, closes: NDArray[np.int32], tick_lot_units: Integers, curve: Integers
) -> None:
    """Makes of `curve`, which holds what every bar books besides the trades, the equity at every close, in units.

    `rows` are trades, an open position among them as one that exits after the last bar; `owners` says whose each is.
    `closes` are in ticks, a row for each instrument, 0 where it has no bar: its last close counts then.
    """
    compiled_equity()(rows, owners, closes, tick_lot_units, curve)


@cache
def compiled_equity() -> Any:
    """`equity_at_closes`, compiled."""
    return compile_with(equity_at_closes, (book_trades, add_up, mark_positions), allocates=False)


# --- compiled from here on -------------------------------------------------------------------------------------------


def equity_at_closes(rows: Any, owners: Any, closes: Any, tick_lot_units: Any, curve: Any) -> None:
    """See `fill_equity`."""
    book_trades(rows, curve)
    add_up(curve)
    mark_positions(rows, owners, closes, tick_lot_units, curve)


def book_trades(rows: Any, curve: Any) -> None:
    """Every trade's entry fee at its entry, the rest of its profit at its exit."""
    for row in range(len(rows)):
        curve[rows[row, TRADE_ENTRY_BAR]] -= rows[row, TRADE_ENTRY_FEE]
        if rows[row, TRADE_EXIT_BAR] < len(curve):
            curve[rows[row, TRADE_EXIT_BAR]] += rows[row, TRADE_PNL] + rows[row, TRADE_ENTRY_FEE]


def add_up(curve: Any) -> None:
    """From what each bar books to the balance after it."""
    for bar in range(1, len(curve)):
        curve[bar] += curve[bar - 1]


def mark_positions(rows: Any, owners: Any, closes: Any, tick_lot_units: Any, curve: Any) -> None:
    """Adds to the curve what each trade has earned at the closes of the bars it was held."""
    for row in range(len(rows)):
        number, entry, mark = owners[row], rows[row, TRADE_ENTRY_TICKS], rows[row, TRADE_ENTRY_TICKS]
        a_tick = rows[row, TRADE_SIDE] * rows[row, TRADE_LOTS] * tick_lot_units[number]
        for bar in range(rows[row, TRADE_ENTRY_BAR], rows[row, TRADE_EXIT_BAR]):
            close = closes[number, bar]
            mark = close if close != 0 else mark
            curve[bar] += a_tick * (mark - entry)
