"""One backtest of several instruments with one account. What happens, and in which order, is in `portfolio_walk`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine import kernel
from engine.compiled import compile_with
from engine.portfolio_walk import (
    ACCOUNT,
    ACCOUNT_BALANCE,
    ACCOUNT_BAR,
    ACCOUNT_TRADES,
    CROWDED,
    MOST_OPEN,
    OWNER,
    account_equity,
)

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

        self._data = data
        count = len(data.intents)
        self.states: Integers = np.zeros((count, kernel.STATE), np.int64)
        self.states[:, OWNER] = np.arange(count)
        self.account: Integers = np.zeros(ACCOUNT, np.int64)
        self.account[ACCOUNT_BALANCE], self.account[MOST_OPEN] = balance_units, data.most_open
        self._notes: Integers = np.zeros((3, count), np.int64)
        self._full: list[tuple[Integers, Integers]] = []
        self._make_pages()

    @property
    def bars_total(self) -> int:
        return int(self._data.intents.shape[1])

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
    def equity_units(self) -> int:
        """The balance and all open positions at their last closes."""
        return account_equity(self.states, self.account, self._data.settings, self._notes[0])

    def run_slice(self, most_bars: int) -> int:
        """Works through up to `most_bars` more bars; returns how many are done."""
        until = min(self.bars_done + most_bars, self.bars_total)
        data = self._data
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
        self._trades: Integers = np.empty((rows, kernel.TRADE), np.int64)
        self._owners: Integers = np.empty(rows, np.int64)


@cache
def compiled_portfolio() -> Any:
    """`walk_portfolio` compiled."""
    from engine.portfolio_walk import PARTS, walk_portfolio

    return compile_with(walk_portfolio, PARTS, allocates=False)
