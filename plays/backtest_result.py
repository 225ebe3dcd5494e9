"""What came out of a backtest: trades exact to the last unit, the marked equity, the figures, and fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from engine.backtest import layout
from engine.backtest.equity import fill_equity
from engine.backtest.full_kernel import FullRun
from engine.backtest.kernel import KernelRun
from engine.backtest.layout import FUNDING, TRADE_FUNDING
from engine.candles import Candles
from engine.instrument import Instrument
from engine.performance import ClosedTrade, Performance, figures_of, performance_of
from engine.sizing import money_scale
from plays.evaluator import SignalArrays
from plays.round_trips import closed_trade, left_over, side_name, trips, whole_rows
from plays.schema import Play
from plays.score import Verdict, judged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrade:
    """The position a run ended with, marked at the last close; it is in the equity but not among the trades."""

    side: str
    quantity: Decimal
    entry_time_ns: int
    entry_price: Decimal
    pnl: Decimal


@dataclass(frozen=True, kw_only=True, eq=False)
class BacktestResult:
    """A finished run. Trades are exact; equity and metrics are computed when asked for."""

    play: Play
    candles: Candles
    instrument: Instrument
    signals: SignalArrays
    starting_equity: Decimal
    run: KernelRun
    close_ticks: NDArray[np.int32]

    @property
    def signals_hash(self) -> str:
        return self.signals.hash

    @cached_property
    def trades_hash(self) -> str:
        """A fingerprint of every closed trade, exact to the last unit."""
        return hashlib.sha256(self.play.hash.encode() + self.run.trades.tobytes()).hexdigest()[:16]

    @property
    def denied_entries(self) -> int:
        """Entries below the exchange's minimum."""
        return int(self.run.state[layout.DENIED])

    @cached_property
    def trades(self) -> tuple[ClosedTrade, ...]:
        """The closed trades, in order of their exits."""
        times, scale = self.candles.open_time_ns, money_scale(self.instrument)
        return tuple(closed_trade(one, times, self.instrument, scale) for one in trips(self.run.trades))

    @cached_property
    def trade_rows(self) -> Integers:
        """The closed trades as the kernel's columns, a row for each round trip."""
        return whole_rows(self.run.trades)

    @cached_property
    def open_trade(self) -> OpenTrade | None:
        """The position at the end; None when flat. Its entry fee and funding are paid, its exit is not; what left it in
        parts is in its profit."""
        state, scale = self.run.state, money_scale(self.instrument)
        side, entry, lots = (int(state[field]) for field in (layout.PROTECTION, layout.ENTRY_TICKS, layout.LOTS))
        if side == 0:
            return None
        paid = int(state[layout.ENTRY_FEE]) + (int(state[FUNDING]) if len(state) > FUNDING else 0)
        earned = self._open_gross + int(left_over(self.run.trades)[:, layout.TRADE_PNL].sum())
        return OpenTrade(
            side=side_name(side), quantity=self.instrument.lot_size * lots,
            entry_time_ns=int(self.candles.open_time_ns[int(state[layout.ENTRY_BAR])]),
            entry_price=self.instrument.from_ticks(entry), pnl=scale.to_money(earned - paid),
        )  # fmt: skip

    @property
    def _open_gross(self) -> int:
        """What is still held has earned so much at the last close, in units."""
        state = self.run.state
        side, entry, lots = (int(state[field]) for field in (layout.PROTECTION, layout.ENTRY_TICKS, layout.LOTS))
        return side * (int(self.close_ticks[-1]) - entry) * lots * money_scale(self.instrument).tick_lot_units

    @cached_property
    def final_equity(self) -> Decimal:
        """The balance plus the open position at the last close, exact."""
        return money_scale(self.instrument).to_money(int(self.run.state[layout.BALANCE]) + self._open_gross)

    @cached_property
    def funding(self) -> Decimal:
        """What was paid for funding in all (negative: received), the open position included."""
        paid = int(self.run.flows.sum()) if isinstance(self.run, FullRun) else 0
        return money_scale(self.instrument).to_money(paid)

    @cached_property
    def equity_curve(self) -> Floats:
        """Marked equity at each bar's close."""
        return equity_curve(self)

    @cached_property
    def metrics(self) -> Performance:
        """The figures of the run."""
        return performance_of(
            self.trades, self.equity_curve, self.candles.open_time_ns, self.candles.close, self._bars_held(),
            float(self.starting_equity),
        )  # fmt: skip

    @cached_property
    def figures(self) -> Performance:
        """The metrics without their tables by reason and month: twice as fast, for searches."""
        units, rows = money_scale(self.instrument).units, self.trade_rows
        pnls, fees = rows[:, layout.TRADE_PNL].tolist(), int(rows[:, layout.TRADE_FEES].sum())
        return figures_of(
            [pnl / units for pnl in pnls], fees / units, self.equity_curve, self.candles.open_time_ns,
            self.candles.close, self._bars_held(), float(self.starting_equity),
        )  # fmt: skip

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the play requires, and whether this run reached it."""
        return judged(self.play.required, self.figures)

    def _bars_held(self) -> Integers:
        import numpy as np

        rows = self.trade_rows
        held = rows[:, layout.TRADE_EXIT_BAR] - rows[:, layout.TRADE_ENTRY_BAR]
        if self.open_trade is None:
            return held
        return np.append(held, len(self.candles) - int(self.run.state[layout.ENTRY_BAR]))


def equity_curve(result: BacktestResult) -> Floats:
    """Marked equity at each close, from the trades: what was booked by then, and the open position at that close."""
    import numpy as np

    scale, rows = money_scale(result.instrument), result.run.trades
    rows = np.vstack([rows, _open_row(result)]) if result.open_trade else rows
    units = np.zeros(len(result.candles), np.int64)
    if isinstance(result.run, FullRun):
        # funding left the balance when it was due, not at the exit
        rows[:, layout.TRADE_PNL] += rows[:, TRADE_FUNDING]
        units[: len(result.run.flows)] -= result.run.flows
    units[0] += scale.to_units(result.starting_equity)
    owners, tick_lot_units = np.zeros(len(rows), np.int64), np.array([scale.tick_lot_units])
    fill_equity(rows, owners, result.close_ticks[None], tick_lot_units, units)
    curve: Floats = units / scale.units
    return curve


def _open_row(result: BacktestResult) -> Integers:
    """The open position as a trade that never exits within the run."""
    import numpy as np

    state, row = result.run.state, np.zeros(result.run.trade_size, np.int64)
    row[layout.TRADE_SIDE], row[layout.TRADE_LOTS] = state[layout.PROTECTION], state[layout.LOTS]
    row[layout.TRADE_ENTRY_BAR], row[layout.TRADE_EXIT_BAR] = state[layout.ENTRY_BAR], len(result.candles)
    row[layout.TRADE_ENTRY_TICKS] = state[layout.ENTRY_TICKS]
    row[layout.TRADE_ENTRY_FEE] = state[layout.ENTRY_FEE]
    return row
