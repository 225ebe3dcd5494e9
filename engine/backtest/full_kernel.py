"""The kernel of plays that use more than market entries and whole exits: its data, state and rows.

As `kernel`, with more columns. What happens, and in which order, is in `full_walk`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.backtest.full_walk import PARTS, full_walk
from engine.backtest.kernel import KernelInput, KernelRun
from engine.backtest.layout import FULL_STATE, FULL_TRADE, TRADE_REASON
from engine.compiled import compile_with
from engine.protection import REASON_PARTIAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Ticks = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FullInput:
    """What `full_walk` reads beside `plain`. All by bar; a column that is not used may be empty.

    `course` has the finer candles of every bar, in ticks, a whole number of rows for each (the bars themselves when
    there are none finer); `funding` the rate (1e-9) due at each bar's open; `volatility` and `entry_prices` (long,
    short) are ticks, 0 where there is none; `partials` a row for each partial exit: price move and part, both 1e-9.
    """

    plain: KernelInput
    course: Ticks
    funding: Integers
    volatility: Integers
    entry_prices: Integers
    partials: Integers


class FullRun(KernelRun):
    """One backtest of one instrument with everything. `flows` is the funding paid at each bar's open."""

    state_size, trade_size = FULL_STATE, FULL_TRADE

    def __init__(self, data: FullInput, balance_units: int) -> None:
        import numpy as np

        super().__init__(data.plain, balance_units)
        self._full_data = data
        self.flows: Integers = np.zeros(len(data.funding), np.int64)

    @property
    def trade_count(self) -> int:
        """How many round trips are closed so far."""
        return int((self.trades[:, TRADE_REASON] != REASON_PARTIAL).sum())

    @property
    def most_closed(self) -> int:
        # at the open one; of a position entered then or later all partial exits and the rest
        return 2 + len(self._full_data.partials)

    def _step(self, until: int) -> None:
        data, plain = self._full_data, self._full_data.plain
        compiled_full_walk()(
            plain.intents, plain.prices, data.course, data.funding, data.volatility, data.entry_prices, data.partials,
            plain.rules, plain.settings, self.state, self._trades, self.flows, until,
        )  # fmt: skip


@cache
def compiled_full_walk() -> Any:
    """`full_walk` compiled."""
    return compile_with(full_walk, PARTS, allocates=False)
