"""What came out of a portfolio: trades of all instruments, the shared equity, the figures, and fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.backtest import layout
from engine.backtest.portfolio import PortfolioRun, marked_equity
from engine.instrument import Instrument
from engine.performance import ClosedTrade, Performance, performance_of
from engine.sizing import MoneyScale
from plays.backtest_result import OpenTrade
from plays.round_trips import closed_trade, side_name, trips
from plays.schema import Play
from plays.score import Verdict, judged
from plays.timeline import Timeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioTrade:
    """A closed trade of one of the instruments."""

    symbol: str
    trade: ClosedTrade


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolLine:
    """What one instrument did in the run. `open_trade` is the position it ended with."""

    symbol: str
    bars: int
    trades: int
    wins: int
    pnl: Decimal
    open_trade: OpenTrade | None


@dataclass(frozen=True, kw_only=True, eq=False)
class PortfolioResult:
    """A run, finished when its figures are asked for. Trades are exact; equity and metrics are computed when asked for.

    `crowded_entries` found no free place, `denied_entries` were below an exchange's minimum.
    """

    play: Play
    instruments: tuple[Instrument, ...]
    scale: MoneyScale
    timeline: Timeline
    starting_equity: Decimal
    run: PortfolioRun

    @property
    def trade_count(self) -> int:
        return self.run.trade_count

    @property
    def crowded_entries(self) -> int:
        return self.run.crowded_entries

    @property
    def denied_entries(self) -> int:
        return int(self.run.states[:, layout.DENIED].sum())

    @property
    def balance(self) -> Decimal:
        """The account after all that is closed; the entry fees of open positions are paid."""
        return self.scale.to_money(self.run.balance_units)

    @property
    def final_equity(self) -> Decimal:
        """The balance plus every open position at its last close, exact."""
        return self.scale.to_money(self.run.equity_units)

    @cached_property
    def trades(self) -> tuple[PortfolioTrade, ...]:
        """The closed trades, in order of their exits."""
        return self.trades_since(0)

    def trades_since(self, count: int) -> tuple[PortfolioTrade, ...]:
        """Those closed after the first `count`."""
        pairs = zip(trips(self.run.trades[count:]), self.run.owners[count:].tolist(), strict=True)
        return tuple(self._trade(row, self.instruments[owner]) for row, owner in pairs)

    @cached_property
    def symbols(self) -> tuple[SymbolLine, ...]:
        """One line for each instrument, in their order."""
        return tuple(self._line(number) for number in range(len(self.instruments)))

    @cached_property
    def signals_hash(self) -> str:
        """A fingerprint of what the play wanted at every bar of every instrument."""
        digest = hashlib.sha256(self.play.hash.encode() + str(self.timeline.first_open_time_ns).encode())
        for instrument, intents in zip(self.instruments, self.run.data.intents, strict=True):
            digest.update(instrument.symbol.encode() + intents.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def trades_hash(self) -> str:
        """A fingerprint of every closed trade and its instrument, exact to the last unit."""
        digest = hashlib.sha256(self.play.hash.encode() + " ".join(one.symbol for one in self.instruments).encode())
        digest.update(self.run.trades.tobytes() + self.run.owners.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def equity_curve(self) -> Floats:
        """Marked equity at each bar's close."""
        units = marked_equity(self.run, self.scale.to_units(self.starting_equity))
        curve: Floats = units / self.scale.units
        return curve

    @cached_property
    def buy_and_hold(self) -> Floats:
        """What 1 in equal parts of all instruments, each bought at its first close, is at the first and last close."""
        import numpy as np

        gains = [closes[-1] / closes[0] for closes in map(self._closes, range(len(self.instruments)))]
        return np.array([1.0, np.mean(gains)])

    @cached_property
    def metrics(self) -> Performance:
        """The figures of the run; in the market is a bar with at least one position."""
        figures = performance_of(
            [one.trade for one in self.trades], self.equity_curve, self.timeline.open_time_ns, self.buy_and_hold,
            self._spans()[1] - self._spans()[0], float(self.starting_equity),
        )  # fmt: skip
        return replace(figures, exposure_percent=self._exposure() * 100)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the play requires, and whether this run reached it."""
        return judged(self.play.required, self.metrics)

    def _trade(self, row: tuple[int, ...], instrument: Instrument) -> PortfolioTrade:
        return PortfolioTrade(
            symbol=instrument.symbol, trade=closed_trade(row, self.timeline.open_time_ns, instrument, self.scale)
        )

    def _line(self, number: int) -> SymbolLine:
        rows = self.run.trades[self.run.owners == number]
        return SymbolLine(
            symbol=self.instruments[number].symbol, bars=len(self._closes(number)), trades=len(rows),
            wins=int((rows[:, layout.TRADE_PNL] > 0).sum()),
            pnl=self.scale.to_money(int(rows[:, layout.TRADE_PNL].sum())), open_trade=self._open_trade(number),
        )  # fmt: skip

    def _open_trade(self, number: int) -> OpenTrade | None:
        state, instrument = self.run.states[number], self.instruments[number]
        side, entry, lots = (int(state[field]) for field in (layout.PROTECTION, layout.ENTRY_TICKS, layout.LOTS))
        if side == 0:
            return None
        return OpenTrade(
            side=side_name(side), quantity=instrument.lot_size * lots,
            entry_time_ns=int(self.timeline.open_time_ns[int(state[layout.ENTRY_BAR])]),
            entry_price=instrument.from_ticks(entry),
            pnl=self.scale.to_money(self.run.open_pnl_units(number) - int(state[layout.ENTRY_FEE])),
        )  # fmt: skip

    def _closes(self, number: int) -> NDArray[Any]:
        """The closes of the bars an instrument has, in ticks."""
        closes = self.run.data.prices[number, :, layout.CLOSE]
        return closes[closes > 0]

    def _spans(self) -> tuple[Integers, Integers]:
        """(entry bars, exit bars) of all trades; a position that is open exits after the last bar."""
        import numpy as np

        rows, states = self.run.trades, self.run.states
        entries = states[states[:, layout.PROTECTION] != 0][:, layout.ENTRY_BAR]
        ends = np.full(len(entries), self.timeline.bars)
        return (
            np.concatenate([rows[:, layout.TRADE_ENTRY_BAR], entries]),
            np.concatenate([rows[:, layout.TRADE_EXIT_BAR], ends]),
        )  # fmt: skip

    def _exposure(self) -> float:
        """The share of bars that end with a position."""
        import numpy as np

        steps = np.zeros(self.timeline.bars + 1, np.int32)
        entries, exits = self._spans()
        np.add.at(steps, entries, 1)
        np.add.at(steps, exits, -1)
        return float((np.cumsum(steps[:-1]) > 0).mean())
