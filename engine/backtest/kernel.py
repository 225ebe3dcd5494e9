"""The backtest kernel: one pass over the intents of a play and the prices of one instrument, in whole ticks and lots.

What happens in it, and in which order, is in `walk.py`. It works in slices (`run_slice`) so that its driver can answer
between them. A play is data to it: a new one compiles nothing. Every amount is an int64: prices up to `MOST_TICKS`,
money in the units of `sizing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.backtest.layout import BALANCE, NEXT_BAR, STATE, TRADE, TRADES
from engine.backtest.walk import PARTS, walk
from engine.compiled import compile_with

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Ticks = NDArray[np.int32]

# trades are kept in pieces: small enough for memory that is at hand, and never copied to grow
CHUNK = 1_500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KernelInput:
    """What one run reads. `prices` are in ticks, a row of open, high, low, close for each bar (one row is fetched from
    memory at once, which is what a trade costs most); `intents` are `Intent` bits of each bar's close.

    `settings` is the row that `layout` names, `rules` is `ProtectionRules.row()`.
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
        """The closed trades so far, one row each, columns as `layout` names them. Money in units."""
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
    return compile_with(walk, PARTS, allocates=False)
