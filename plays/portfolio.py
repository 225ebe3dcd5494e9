"""A backtest of one play over several instruments that share one account.

Instruments are added one by one: of each only its intents and prices in ticks are kept, 17 bytes a bar, so that the
candles need not all be in memory together. Trades and equity are exact, as those of `Backtest`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine import kernel
from engine.candles import Candles
from engine.instrument import Instrument
from engine.market import timeframe_ns
from engine.performance import ClosedTrade
from engine.portfolio import PortfolioInput, PortfolioRun
from engine.portfolio_walk import ACCOUNT_BALANCE
from engine.sizing import MoneyScale, money_scale
from plays.backtest import Fees, settings_row
from plays.backtest_result import closed_trade
from plays.batch import BatchRun, SharedColumns
from plays.errors import BacktestError
from plays.evaluator import intents_of
from plays.schema import Play
from plays.ticks import prices_in_ticks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

MOST_INSTRUMENTS = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """What is kept of one instrument."""

    instrument: Instrument
    first_open_time_ns: int
    intents: NDArray[np.int8]
    ticks: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioTrade:
    """A closed trade of one of the instruments."""

    symbol: str
    trade: ClosedTrade


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioResult:
    """What came out. `crowded_entries` found no free place, `denied_entries` were below an exchange's minimum."""

    run: PortfolioRun
    instruments: tuple[Instrument, ...]
    scale: MoneyScale
    open_time_ns: Integers

    @property
    def trade_count(self) -> int:
        return self.run.trade_count

    @property
    def crowded_entries(self) -> int:
        return self.run.crowded_entries

    @property
    def denied_entries(self) -> int:
        return int(self.run.states[:, kernel.DENIED].sum())

    @property
    def balance(self) -> Decimal:
        """The account after all that is closed; the entry fees of open positions are paid."""
        return self.scale.to_money(int(self.run.account[ACCOUNT_BALANCE]))

    @property
    def final_equity(self) -> Decimal:
        """The balance plus every open position at its last close, exact."""
        return self.scale.to_money(self.run.equity_units)

    @property
    def trades(self) -> tuple[PortfolioTrade, ...]:
        """The closed trades, in order of their exits."""
        pairs = zip(self.run.trades.tolist(), self.run.owners.tolist(), strict=True)
        return tuple(self._trade(row, self.instruments[owner]) for row, owner in pairs)

    def _trade(self, row: list[int], instrument: Instrument) -> PortfolioTrade:
        return PortfolioTrade(
            symbol=instrument.symbol, trade=closed_trade(row, self.open_time_ns, instrument, self.scale)
        )


class Portfolio:
    """One run: `add` every instrument, then `run`. `max_open_trades` positions at most are open after any open.

    `fees` default to each instrument's taker fee and no slippage. The order of adding is the order in which instruments
    get free places. They may begin and end at different times.
    """

    def __init__(
        self, play: Play, starting_equity: Decimal, max_open_trades: int | None = None, fees: Fees | None = None
    ) -> None:
        if max_open_trades is not None and max_open_trades < 1:
            raise BacktestError(f"max_open_trades is {max_open_trades}: at least 1 is needed to trade")
        self._play, self._starting_equity = play, starting_equity
        self._most_open, self._fees = max_open_trades, fees
        self._parts: list[_Part] = []

    def add(self, candles: Candles, instrument: Instrument) -> None:
        """Computes the signals of one instrument and keeps what the run needs.

        Raises BacktestError as `Backtest` does, and for an instrument that is there already.
        """
        self._require_addable(candles, instrument)
        signals = BatchRun(self._play.program, SharedColumns(candles))
        while signals.advance():
            pass
        self._parts.append(_Part(
            instrument=instrument, first_open_time_ns=int(candles.open_time_ns[0]),
            intents=intents_of(self._play, signals), ticks=prices_in_ticks(candles, instrument),
        ))  # fmt: skip

    def run(self) -> PortfolioResult:
        """Trades all instruments to the end. What was added is given away: a portfolio runs once."""
        if not self._parts:
            raise BacktestError("a portfolio needs at least one instrument with candles")
        instruments = tuple(part.instrument for part in self._parts)
        scale = common_scale(instruments)
        times, data = self._input(scale)
        run = PortfolioRun(data, scale.to_units(self._starting_equity))
        run.run_slice(run.bars_total)
        return PortfolioResult(run=run, instruments=instruments, scale=scale, open_time_ns=times)

    def _require_addable(self, candles: Candles, instrument: Instrument) -> None:
        if candles.timeframe != self._play.timeframe:
            raise BacktestError(f"{self._play.name} needs bars of {self._play.timeframe}, not of {candles.timeframe}")
        if len(candles) <= self._play.warmup_bars:
            raise BacktestError(
                f"{self._play.name} needs more than {self._play.warmup_bars} bars of {instrument.symbol} to warm up, "
                f"there are {len(candles)}: choose a longer timerange or import more candles"
            )
        if any(part.instrument.symbol == instrument.symbol for part in self._parts):
            raise BacktestError(f"{instrument.symbol} is in the portfolio already")
        if len(self._parts) == MOST_INSTRUMENTS:
            raise BacktestError(f"a portfolio has at most {MOST_INSTRUMENTS} instruments")

    def _input(self, scale: MoneyScale) -> tuple[Integers, PortfolioInput]:
        """(times of the bars, all instruments on them); each part is let go of as soon as it is copied."""
        import numpy as np

        step, count = timeframe_ns(self._play.timeframe), len(self._parts)
        begin = min(part.first_open_time_ns for part in self._parts)
        offsets = [(part.first_open_time_ns - begin) // step for part in self._parts]
        size = max(offset + len(part.intents) for offset, part in zip(offsets, self._parts, strict=True))
        intents, prices = np.zeros((count, size), np.int8), np.zeros((count, size, 4), np.int32)
        rows = np.array([self._settings(part.instrument, scale) for part in self._parts], np.int64)
        for number, offset in enumerate(offsets):
            part = self._parts.pop(0)
            intents[number, offset : offset + len(part.intents)] = part.intents
            prices[number, offset : offset + len(part.intents)] = part.ticks
        rules = np.tile(np.array(self._play.protection_rules().row(), np.int64), (count, 1))
        most_open = count if self._most_open is None else self._most_open
        times: Integers = begin + step * np.arange(size, dtype=np.int64)
        return times, PortfolioInput(intents=intents, prices=prices, rules=rules, settings=rows, most_open=most_open)

    def _settings(self, instrument: Instrument, scale: MoneyScale) -> Integers:
        return settings_row(
            self._play, instrument, self._fees or Fees(taker=instrument.taker_fee), scale_in(scale, instrument)
        )


def common_scale(instruments: Iterable[Instrument]) -> MoneyScale:
    """The scale of the account: the finest that any of the instruments needs. Its tick of a lot is nobody's."""
    return replace(max((money_scale(one) for one in instruments), key=lambda one: one.units), tick_lot_units=0)


def scale_in(account: MoneyScale, instrument: Instrument) -> MoneyScale:
    """The account's scale, with one tick of one lot of an instrument."""
    own = money_scale(instrument)
    return MoneyScale(units=account.units, tick_lot_units=own.tick_lot_units * (account.units // own.units))
