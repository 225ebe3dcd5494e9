"""From the kernel's rows to round trips: the legs of one position are one trade, as in the journal when trading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.backtest import layout
from engine.backtest.layout import TRADE_FUNDING
from engine.instrument import Instrument
from engine.performance import ClosedTrade
from engine.protection import REASON_PARTIAL, ExitReason, reason_of
from engine.sizing import MoneyScale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

SUMMED = (layout.TRADE_LOTS, layout.TRADE_FEES, layout.TRADE_PNL, layout.TRADE_ENTRY_FEE, TRADE_FUNDING)


def whole_rows(rows: Integers) -> Integers:
    """A row for each closed round trip: its legs summed, the exit of the last one. Rows without legs are as they are.

    The exit price of a row is that of its last leg; `trips` knows the average.
    """
    import numpy as np

    if rows.shape[1] == layout.TRADE:
        return rows
    ends = np.flatnonzero(rows[:, layout.TRADE_REASON] != REASON_PARTIAL)
    whole = rows[ends]
    if len(ends):
        starts = np.concatenate(([0], ends[:-1] + 1))
        for column in SUMMED:
            whole[:, column] = np.add.reduceat(rows[: ends[-1] + 1, column], starts)
    return whole


def left_over(rows: Integers) -> Integers:
    """The legs that have left a position which is still open."""
    import numpy as np

    if rows.shape[1] == layout.TRADE:
        return rows[:0]
    ends = np.flatnonzero(rows[:, layout.TRADE_REASON] != REASON_PARTIAL)
    return rows[ends[-1] + 1 :] if len(ends) else rows


def trips(rows: Integers) -> list[tuple[int, ...]]:
    """Each closed round trip as `closed_trade` wants it: the columns, the funding, lots x ticks of all its exits."""
    import numpy as np

    whole = whole_rows(rows)
    notional = rows[:, layout.TRADE_LOTS] * rows[:, layout.TRADE_EXIT_TICKS]
    if len(whole) != len(rows):
        ends = np.flatnonzero(rows[:, layout.TRADE_REASON] != REASON_PARTIAL)
        sums = np.concatenate(([0], np.cumsum(notional)))[np.concatenate(([0], ends + 1))]
        notional = np.diff(sums)
    funding = whole[:, TRADE_FUNDING].tolist() if whole.shape[1] > layout.TRADE else [0] * len(whole)
    columns = whole[:, : layout.TRADE].tolist()
    return [(*row, *more) for row, *more in zip(columns, funding, notional.tolist(), strict=True)]


def closed_trade(row: tuple[int, ...], times: Integers, instrument: Instrument, scale: MoneyScale) -> ClosedTrade:
    """One of `trips`, in prices, money and times."""
    side, lots, entry_bar, exit_bar, entry, _, fees, pnl, reason, _, funding, notional = row
    exit_reason = reason_of(reason)
    assert isinstance(exit_reason, ExitReason), row
    ticks, rest = divmod(notional, lots)
    exit_price = instrument.from_ticks(ticks) if rest == 0 else instrument.tick_size * notional / lots
    return ClosedTrade(
        side=side_name(side), quantity=instrument.lot_size * lots, entry_time_ns=int(times[entry_bar]),
        exit_time_ns=int(times[exit_bar]), entry_price=instrument.from_ticks(entry), exit_price=exit_price,
        fees=scale.to_money(fees), pnl=scale.to_money(pnl), exit_reason=exit_reason, funding=scale.to_money(funding),
    )  # fmt: skip


def side_name(side: int) -> str:
    return "long" if side > 0 else "short"
