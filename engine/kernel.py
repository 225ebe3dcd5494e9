"""The backtest kernel: one pass over the intents of a play and the prices of one instrument, in whole ticks and lots.

What happens in it, and in which order, is in `walk.py`. It works in slices (`run_slice`) so that its driver can answer
between them. A play is data to it: a new one compiles nothing. Every amount is an int64: prices up to `MOST_TICKS`,
money in the units of `sizing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.compiled import compile_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

# times (1 + the largest ratio a play may say, 10) x 1e9 it stays under 2**63
MOST_TICKS = 800_000_000

# the row of settings
MODE, AMOUNT, LEVERAGE, FEE_RATE, SLIPPAGE, TICK_LOT_UNITS, LEAST_LOTS, LEAST_NOTIONAL = range(8)
SETTINGS = 8

# the row of state: where the run stands, the account, what the next open does, and the open position
NEXT_BAR, BALANCE, EXIT_DUE, ENTRY_SIDE, ENTRY_LOTS, TRADES, DENIED = range(7)
LOTS, ENTRY_BAR, ENTRY_FEE = 7, 8, 9
PROTECTION, ENTRY_TICKS, STOP_TICKS, TARGET_TICKS, BEST_TICKS, BARS_HELD, STOP_MOVED = range(10, 17)
STATE = 17

# the columns of a trade
(
    TRADE_SIDE, TRADE_LOTS, TRADE_ENTRY_BAR, TRADE_EXIT_BAR, TRADE_ENTRY_TICKS, TRADE_EXIT_TICKS, TRADE_FEES, TRADE_PNL,
    TRADE_REASON, TRADE_ENTRY_FEE,
) = range(10)  # fmt: skip
TRADE = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KernelInput:
    """What one run reads. Prices are in ticks, `intents` are `Intent` bits of each bar's close.

    `settings` is the row named by the constants above, `rules` is `ProtectionRules.row()`.
    """

    intents: NDArray[np.int8]
    open: Integers
    high: Integers
    low: Integers
    close: Integers
    rules: Integers
    settings: Integers


class KernelRun:
    """One backtest of one instrument, advanced slice by slice."""

    def __init__(self, data: KernelInput, balance_units: int) -> None:
        import numpy as np

        self._data = data
        self.state: Integers = np.zeros(STATE, np.int64)
        self.state[BALANCE] = balance_units
        self._trades: Integers = np.empty((1024, TRADE), np.int64)

    @property
    def bars_total(self) -> int:
        return len(self._data.intents)

    @property
    def bars_done(self) -> int:
        return int(self.state[NEXT_BAR])

    @property
    def trades(self) -> Integers:
        """The closed trades so far, one row each, columns named by the TRADE constants. Money in units."""
        return self._trades[: int(self.state[TRADES])]

    def run_slice(self, most_bars: int) -> int:
        """Works through up to `most_bars` more bars; returns how many are done."""
        until = min(self.bars_done + most_bars, self.bars_total)
        while self.bars_done < until:
            self._make_room()
            self._step(until)
        return self.bars_done

    def _step(self, until: int) -> None:
        data = self._data
        compiled_walk()(
            data.intents, data.open, data.high, data.low, data.close, data.rules, data.settings, self.state,
            self._trades, until,
        )  # fmt: skip

    def _make_room(self) -> None:
        import numpy as np

        # a bar closes at most two trades: one at its open, one of a position that the same open entered
        if len(self._trades) - int(self.state[TRADES]) < 2:
            self._trades = np.concatenate([self._trades, np.empty_like(self._trades)])


@cache
def compiled_walk() -> Any:
    """`walk` compiled, with the rules of protection, sizing and decision inside it."""
    from engine.walk import PARTS, walk

    return compile_with(walk, PARTS)
