"""What came out of a backtest: trades exact to the last unit, the marked equity, the figures, and fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from engine import kernel
from engine.candles import Candles
from engine.instrument import Instrument
from engine.kernel import KernelRun
from engine.performance import ClosedTrade, Performance, figures_of, performance_of
from engine.protection import ExitReason, reason_of
from engine.sizing import MoneyScale, money_scale
from plays.evaluator import SignalArrays
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
        return int(self.run.state[kernel.DENIED])

    @cached_property
    def trades(self) -> tuple[ClosedTrade, ...]:
        """The closed trades, in order of their exits."""
        times, scale = self.candles.open_time_ns, money_scale(self.instrument)
        return tuple(closed_trade(row, times, self.instrument, scale) for row in self.run.trades.tolist())

    @cached_property
    def open_trade(self) -> OpenTrade | None:
        """The position at the end; None when flat. Its entry fee is paid, its exit is not."""
        state, scale = self.run.state, money_scale(self.instrument)
        side, entry, lots = (int(state[field]) for field in (kernel.PROTECTION, kernel.ENTRY_TICKS, kernel.LOTS))
        if side == 0:
            return None
        gross = side * (int(self.close_ticks[-1]) - entry) * lots * scale.tick_lot_units
        return OpenTrade(
            side=side_name(side), quantity=self.instrument.lot_size * lots,
            entry_time_ns=int(self.candles.open_time_ns[int(state[kernel.ENTRY_BAR])]),
            entry_price=self.instrument.from_ticks(entry), pnl=scale.to_money(gross - int(state[kernel.ENTRY_FEE])),
        )  # fmt: skip

    @cached_property
    def final_equity(self) -> Decimal:
        """The balance plus the open position at the last close, exact."""
        open_trade, state = self.open_trade, self.run.state
        scale = money_scale(self.instrument)
        unpaid = scale.to_money(int(state[kernel.ENTRY_FEE])) if open_trade else Decimal(0)
        return scale.to_money(int(state[kernel.BALANCE])) + (open_trade.pnl + unpaid if open_trade else Decimal(0))

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
        units, rows = money_scale(self.instrument).units, self.run.trades
        pnls, fees = rows[:, kernel.TRADE_PNL].tolist(), int(rows[:, kernel.TRADE_FEES].sum())
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

        rows = self.run.trades
        held = rows[:, kernel.TRADE_EXIT_BAR] - rows[:, kernel.TRADE_ENTRY_BAR]
        if self.open_trade is None:
            return held
        return np.append(held, len(self.candles) - int(self.run.state[kernel.ENTRY_BAR]))


def closed_trade(row: list[int], times: Integers, instrument: Instrument, scale: MoneyScale) -> ClosedTrade:
    """A row of the kernel, in prices, money and times."""
    side, lots, entry_bar, exit_bar, entry, exit_, fees, pnl, reason, _ = row
    exit_reason = reason_of(reason)
    assert isinstance(exit_reason, ExitReason), row
    return ClosedTrade(
        side=side_name(side), quantity=instrument.lot_size * lots, entry_time_ns=int(times[entry_bar]),
        exit_time_ns=int(times[exit_bar]), entry_price=instrument.from_ticks(entry),
        exit_price=instrument.from_ticks(exit_), fees=scale.to_money(fees), pnl=scale.to_money(pnl),
        exit_reason=exit_reason,
    )  # fmt: skip


def equity_curve(result: BacktestResult) -> Floats:
    """Marked equity at each close, from the trades: what was booked by then, and the open position at that close."""
    import numpy as np

    scale, rows, size = money_scale(result.instrument), result.run.trades, len(result.candles)
    rows = np.vstack([rows, _open_row(result)]) if result.open_trade else rows
    steps = np.zeros(size + 1, np.int64)
    entries, exits = rows[:, kernel.TRADE_ENTRY_BAR], rows[:, kernel.TRADE_EXIT_BAR]
    np.add.at(steps, entries, -rows[:, kernel.TRADE_ENTRY_FEE])
    np.add.at(steps, exits, rows[:, kernel.TRADE_PNL] + rows[:, kernel.TRADE_ENTRY_FEE])
    exposure, basis = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    signed = rows[:, kernel.TRADE_SIDE] * rows[:, kernel.TRADE_LOTS]
    for at, sign in ((entries, 1), (exits, -1)):
        np.add.at(exposure, at, sign * signed)
        np.add.at(basis, at, sign * signed * rows[:, kernel.TRADE_ENTRY_TICKS])
    marks = np.cumsum(exposure)[:size] * result.close_ticks - np.cumsum(basis)[:size]
    units = scale.to_units(result.starting_equity) + np.cumsum(steps)[:size] + marks * scale.tick_lot_units
    curve: Floats = units / scale.units
    return curve


def _open_row(result: BacktestResult) -> Integers:
    """The open position as a trade that never exits within the run."""
    import numpy as np

    state, row = result.run.state, np.zeros(kernel.TRADE, np.int64)
    row[kernel.TRADE_SIDE], row[kernel.TRADE_LOTS] = state[kernel.PROTECTION], state[kernel.LOTS]
    row[kernel.TRADE_ENTRY_BAR], row[kernel.TRADE_EXIT_BAR] = state[kernel.ENTRY_BAR], len(result.candles)
    row[kernel.TRADE_ENTRY_TICKS] = state[kernel.ENTRY_TICKS]
    row[kernel.TRADE_ENTRY_FEE] = state[kernel.ENTRY_FEE]
    return row


def side_name(side: int) -> str:
    return "long" if side > 0 else "short"
