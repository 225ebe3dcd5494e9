"""A backtest of one play over several instruments that share one account.

Instruments are added one by one: of each only its intents and its prices in ticks are kept, 17 bytes a bar, so that the
candles need not all be in memory together. They may begin and end at different times within the timeline. Trades and
equity are exact, as those of `Backtest`. Work is done in slices (`advance`, `run_slice`), as there.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.backtest.portfolio import PortfolioInput, PortfolioRun
from engine.candles import Candles
from engine.instrument import Instrument
from engine.sizing import MoneyScale, money_scale
from plays.backtest import SLICE_BARS, Fees, Progress, settings_row, usual_fees
from plays.batch import BatchRun, SharedColumns
from plays.errors import BacktestError
from plays.evaluator import intents_of
from plays.portfolio_result import PortfolioResult, PortfolioTrade
from plays.schema import Play
from plays.ticks import write_ticks
from plays.timeline import Timeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_INSTRUMENTS = 500


class Portfolio:
    """One run: `add` every instrument (at most `count`), then `run`.

    At most `max_open_trades` positions are open after any open. The order of adding is the order in which instruments
    get free places.
    """

    def __init__(
        self, play: Play, starting_equity: Decimal, timeline: Timeline, count: int, max_open_trades: int | None = None
    ) -> None:
        import numpy as np

        if count > MOST_INSTRUMENTS:
            raise BacktestError(f"a portfolio has at most {MOST_INSTRUMENTS} instruments, these are {count}")
        if max_open_trades is not None and max_open_trades < 1:
            raise BacktestError(f"max_open_trades is {max_open_trades}: at least 1 is needed to trade")
        self._play, self._starting_equity, self._timeline = play, starting_equity, timeline
        self._most_open = count if max_open_trades is None else max_open_trades
        self._intents = np.zeros((count, timeline.bars), np.int8)
        self._prices = np.zeros((count, timeline.bars, 4), np.int32)
        self._terms: list[tuple[Instrument, Fees]] = []
        self._signals: tuple[BatchRun, slice] | None = None
        self._beside = ThreadPoolExecutor(1, "ticks")  # prices become ticks while signals are computed
        self._ticks: Future[None] | None = None
        self._result: PortfolioResult | None = None

    @property
    def balance(self) -> Decimal:
        """The account after all that is closed; the entry fees of open positions are paid."""
        return self._result.balance if self._result else self._starting_equity

    def add(self, candles: Candles, instrument: Instrument, fees: Fees | None = None) -> None:
        """`begin` and all of `advance`."""
        self.begin(candles, instrument, fees)
        while self.advance():
            pass

    def begin(
        self, candles: Candles, instrument: Instrument, fees: Fees | None = None,
        intents: NDArray[np.int8] | None = None,
    ) -> None:  # fmt: skip
        """Takes up one instrument; `advance` computes its signals, unless another process did (`intents`).

        `fees` default to `usual_fees`. Raises BacktestError as `Backtest` does, and for an instrument
        that is there already or does not fit in.
        """
        _require_known(self._play, fees)
        self._require_addable(candles, instrument)
        place = self._timeline.place_of(candles)
        run = BatchRun(self._play.program, SharedColumns(candles)) if intents is None else None
        self._ticks = self._beside.submit(write_ticks, candles, instrument, self._prices[len(self._terms), place])
        self._terms.append((instrument, fees or usual_fees(self._play, instrument)))
        if intents is not None:
            self._intents[len(self._terms) - 1, place] = intents
            self._ticks.result()
        self._signals = (run, place) if run else None

    def advance(self) -> bool:
        """Computes one more column of the instrument that was begun; False when its signals are done.

        Raises BacktestError when its prices do not fit its tick.
        """
        if self._signals is None:
            return False
        run, place = self._signals
        if run.advance():
            return True
        if self._ticks is not None:
            self._ticks.result()
        self._intents[len(self._terms) - 1, place] = intents_of(self._play, run)
        self._signals = None
        return False

    def run_slice(self, most_bars: int = SLICE_BARS) -> Progress:
        """Trades over up to `most_bars` more bars of every instrument."""
        self._begun().run.run_slice(most_bars)
        return self.progress()

    def progress(self) -> Progress:
        """How far the trading is; 0 bars while instruments are added."""
        done, trades = (self._result.run.bars_done, self._result.trade_count) if self._result else (0, 0)
        total = self._timeline.bars
        return Progress(bars_done=done, bars_total=total, trades=trades, is_done=done == total)

    def trades_since(self, count: int) -> tuple[PortfolioTrade, ...]:
        """The trades closed after the first `count`, in order of their exits."""
        return self._result.trades_since(count) if self._result else ()

    def run(self) -> PortfolioResult:
        """All slices at once, and the result."""
        while not self.run_slice().is_done:
            pass
        return self.result()

    def result(self) -> PortfolioResult:
        """What came out. Raises BacktestError while the run is not done."""
        if self._result is None or not self.progress().is_done:
            raise BacktestError("the backtest is not done: call run_slice until it is")
        return self._result

    def _require_addable(self, candles: Candles, instrument: Instrument) -> None:
        if self._signals or self._result:
            raise BacktestError("advance until the instrument before is done; none can be added to a run under way")
        if len(candles) <= self._play.warmup_bars:
            raise BacktestError(
                f"{self._play.name} needs more than {self._play.warmup_bars} bars of {instrument.symbol} to warm up, "
                f"there are {len(candles)}: choose a longer timerange or import more candles"
            )
        if any(other.symbol == instrument.symbol for other, _ in self._terms):
            raise BacktestError(f"{instrument.symbol} is in the portfolio already")
        if len(self._terms) == len(self._intents):
            raise BacktestError(f"the portfolio was made for {len(self._intents)} instruments: all are there")

    def _begun(self) -> PortfolioResult:
        if self._signals or not self._terms:
            raise BacktestError("a portfolio needs at least one instrument with candles, and the signals of each")
        if self._result is None:
            instruments = tuple(instrument for instrument, _ in self._terms)
            scale = common_scale(instruments)
            self._result = PortfolioResult(
                play=self._play, instruments=instruments, scale=scale, timeline=self._timeline,
                starting_equity=self._starting_equity,
                run=PortfolioRun(self._input(scale), scale.to_units(self._starting_equity)),
            )  # fmt: skip
        return self._result

    def _input(self, scale: MoneyScale) -> PortfolioInput:
        import numpy as np

        count = len(self._terms)
        rows = [settings_row(self._play, one, fees, scale_in(scale, one)) for one, fees in self._terms]
        rules = np.tile(np.array(self._play.protection_rules().row(), np.int64), (count, 1))
        return PortfolioInput(
            intents=self._intents[:count], prices=self._prices[:count], rules=rules,
            settings=np.array(rows, np.int64), most_open=self._most_open,
        )  # fmt: skip


def _require_known(play: Play, fees: Fees | None) -> None:
    """Refuses what the shared account does not do (yet), rather than leave it out in silence."""
    words = [*play.only_in_backtests, *(["volatility_percent"] if play.sizing.volatility else [])]
    if (fees.funding_rate if fees else play.costs.funding_rate) != 0:
        words.append("funding_rate")
    if words:
        raise BacktestError(f"{play.name}: several instruments on one account know no {', '.join(words)}: "
                            "backtest one instrument at a time, or leave it out")  # fmt: skip


def common_scale(instruments: Iterable[Instrument]) -> MoneyScale:
    """The scale of the account: the finest that any of the instruments needs. Its tick of a lot is nobody's."""
    return replace(max((money_scale(one) for one in instruments), key=lambda one: one.units), tick_lot_units=0)


def scale_in(account: MoneyScale, instrument: Instrument) -> MoneyScale:
    """The account's scale, with one tick of one lot of an instrument."""
    own = money_scale(instrument)
    return MoneyScale(units=account.units, tick_lot_units=own.tick_lot_units * (account.units // own.units))
