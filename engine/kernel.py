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
    Ticks = NDArray[np.int32]

# within 32 bits; and times (1 + the largest ratio a play may say, 10) x 1e9 within 64
MOST_TICKS = 800_000_000

# the columns of prices
OPEN, HIGH, LOW, CLOSE = range(4)

# the row of settings; the last line is read by `full_walk` alone
(
    MODE, AMOUNT, LEVERAGE, FEE_RATE, SLIPPAGE, SLIPPAGE_TICKS, TICK_LOT_UNITS, LEAST_LOTS, LEAST_NOTIONAL, LIQUIDATION,
    MAKER_RATE, ENTRY_KIND, ENTRY_BARS, TARGETS_REST,
) = range(14)  # fmt: skip
SETTINGS = 14

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
# trades are kept in pieces: small enough for memory that is at hand, and never copied to grow
CHUNK = 1_500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KernelInput:
    """What one run reads. `prices` are in ticks, a row of open, high, low, close for each bar (one row is fetched from
    memory at once, which is what a trade costs most); `intents` are `Intent` bits of each bar's close.

    `settings` is the row named by the constants above, `rules` is `ProtectionRules.row()`.
    """

    intents: NDArray[np.int8]
    prices: Ticks
    rules: Integers
    settings: Integers


class KernelRun:
    """One backtest of one instrument, advanced slice by slice."""

    state_size, trade_size = STATE, TRADE

    def __init__(self, data: KernelInput, balance_units: int) -> None:
        import numpy as np

        self._data = data
        self.state: Integers = np.zeros(self.state_size, np.int64)
        self.state[BALANCE] = balance_units
        self._full: list[Integers] = []
        self._trades: Integers = np.empty((CHUNK, self.trade_size), np.int64)

    @property
    def bars_total(self) -> int:
        return len(self._data.intents)

    @property
    def bars_done(self) -> int:
        return int(self.state[NEXT_BAR])

    @property
    def trades(self) -> Integers:
        """The closed trades so far, one row each, columns named by the TRADE constants. Money in units."""
        import numpy as np

        return np.concatenate([*self._full, self._trades[: int(self.state[TRADES])]])

    @property
    def trade_count(self) -> int:
        """How many trades are closed so far."""
        return sum(map(len, self._full)) + int(self.state[TRADES])

    @property
    def most_closed(self) -> int:
        """How many rows one bar may write: one at its open, one of a position that the same open entered."""
        return 2

    def run_slice(self, most_bars: int) -> int:
        """Works through up to `most_bars` more bars; returns how many are done."""
        until = min(self.bars_done + most_bars, self.bars_total)
        while self.bars_done < until:
            self._make_room()
            self._step(until)
        return self.bars_done

    def _step(self, until: int) -> None:
        data = self._data
        compiled_walk()(data.intents, data.prices, data.rules, data.settings, self.state, self._trades, until)

    def _make_room(self) -> None:
        import numpy as np

        if len(self._trades) - int(self.state[TRADES]) < self.most_closed:
            self._full.append(self._trades[: int(self.state[TRADES])])
            self._trades = np.empty((CHUNK, self.trade_size), np.int64)
            self.state[TRADES] = 0


@cache
def compiled_walk() -> Any:
    """`walk` compiled, with the rules of protection, sizing and decision inside it."""
    from engine.walk import PARTS, walk

    return compile_with(walk, PARTS, allocates=False)
