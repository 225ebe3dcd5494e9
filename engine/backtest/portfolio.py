"""One backtest of several instruments with one account. What happens, and in which order, is in `portfolio_walk`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.backtest import layout
from engine.backtest.equity import fill_equity
from engine.backtest.layout import CLOSE, TICK_LOT_UNITS
from engine.backtest.portfolio_walk import (
    ACCOUNT,
    ACCOUNT_BALANCE,
    ACCOUNT_BAR,
    ACCOUNT_TRADES,
    CROWDED,
    MOST_OPEN,
    OWNER,
    PARTS,
    account_equity,
    open_pnl,
    walk_portfolio,
)
from engine.compiled import compile_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

ROWS_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioInput:
    """What a run reads: as `KernelInput`, with the instrument as first dimension. 17 bytes a bar and instrument."""

    intents: NDArray[np.int8]
    prices: NDArray[np.int32]
    rules: Integers
    settings: Integers
    most_open: int


class PortfolioRun:
    """Advanced slice by slice."""

    def __init__(self, data: PortfolioInput, balance_units: int) -> None:
        import numpy as np

        self.data = data
        count = len(data.intents)
        self.states: Integers = np.zeros((count, layout.STATE), np.int64)
        self.states[:, OWNER] = np.arange(count)
        self.account: Integers = np.zeros(ACCOUNT, np.int64)
        self.account[ACCOUNT_BALANCE], self.account[MOST_OPEN] = balance_units, data.most_open
        self._notes: Integers = np.zeros((3, count), np.int64)
        self._full: list[tuple[Integers, Integers]] = []
        self._make_pages()

    @property
    def bars_total(self) -> int:
        return int(self.data.intents.shape[1])

    @property
    def bars_done(self) -> int:
        return int(self.account[ACCOUNT_BAR])

    @property
    def trades(self) -> Integers:
        """The closed trades so far, in order of their exits, as in `KernelRun`."""
        import numpy as np

        return np.concatenate([*(rows for rows, _ in self._full), self._trades[: int(self.account[ACCOUNT_TRADES])]])

    @property
    def owners(self) -> Integers:
        """The position of each trade's instrument."""
        import numpy as np

        return np.concatenate([*(rows for _, rows in self._full), self._owners[: int(self.account[ACCOUNT_TRADES])]])

    @property
    def trade_count(self) -> int:
        return sum(len(rows) for rows, _ in self._full) + int(self.account[ACCOUNT_TRADES])

    @property
    def crowded_entries(self) -> int:
        """Entries that found no free place."""
        return int(self.account[CROWDED])

    @property
    def balance_units(self) -> int:
        """The account after all that is closed; the entry fees of open positions are paid."""
        return int(self.account[ACCOUNT_BALANCE])

    def open_pnl_units(self, number: int) -> int:
        """What the open position of one instrument has earned at its last close; 0 without one."""
        return int(open_pnl(self.states[number], self.data.settings[number], self._notes[0, number]))

    @property
    def equity_units(self) -> int:
        """The balance and all open positions at their last closes."""
        return account_equity(self.states, self.account, self.data.settings, self._notes[0])

    def run_slice(self, most_bars: int) -> int:
        """Works through up to `most_bars` more bars; returns how many are done."""
        until = min(self.bars_done + most_bars, self.bars_total)
        data = self.data
        while self.bars_done < until:
            if len(self._trades) - int(self.account[ACCOUNT_TRADES]) < 2 * len(self.states):
                self._turn_page()
            compiled_portfolio()(
                data.intents, data.prices, data.rules, data.settings, self.states, self.account, self._notes,
                self._trades, self._owners, until,
            )  # fmt: skip
        return self.bars_done

    def _turn_page(self) -> None:
        used = int(self.account[ACCOUNT_TRADES])
        self._full.append((self._trades[:used], self._owners[:used]))
        self.account[ACCOUNT_TRADES] = 0
        self._make_pages()

    def _make_pages(self) -> None:
        import numpy as np

        rows = max(ROWS_AT_ONCE, 4 * len(self.states))
        self._trades: Integers = np.empty((rows, layout.TRADE), np.int64)
        self._owners: Integers = np.empty(rows, np.int64)


@cache
def compiled_portfolio() -> Any:
    """`walk_portfolio` compiled."""
    return compile_with(walk_portfolio, PARTS, allocates=False)


def marked_equity(run: PortfolioRun, balance_units: int) -> Integers:
    """The equity at each bar's close, in units: what was booked by then, and all open positions at their last closes.

    `balance_units` is what the run began with.
    """
    import numpy as np

    rows, owners = _with_open(run)
    curve: Integers = np.zeros(run.bars_total, np.int64)
    curve[0] = balance_units
    tick_lot_units = np.ascontiguousarray(run.data.settings[:, TICK_LOT_UNITS])
    fill_equity(rows, owners, run.data.prices[:, :, CLOSE], tick_lot_units, curve)
    return curve


def _with_open(run: PortfolioRun) -> tuple[Integers, Integers]:
    """(trades, owners): the closed ones, and every open position as a trade that does not exit within the run."""
    import numpy as np

    owners = np.flatnonzero(run.states[:, layout.PROTECTION])
    states, rows = run.states[owners], np.zeros((len(owners), layout.TRADE), np.int64)
    rows[:, layout.TRADE_SIDE], rows[:, layout.TRADE_LOTS] = states[:, layout.PROTECTION], states[:, layout.LOTS]
    rows[:, layout.TRADE_ENTRY_BAR], rows[:, layout.TRADE_EXIT_BAR] = states[:, layout.ENTRY_BAR], run.bars_total
    rows[:, layout.TRADE_ENTRY_TICKS] = states[:, layout.ENTRY_TICKS]
    rows[:, layout.TRADE_ENTRY_FEE] = states[:, layout.ENTRY_FEE]
    return np.concatenate([run.trades, rows]), np.concatenate([run.owners, owners])
