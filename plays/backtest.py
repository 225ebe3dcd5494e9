"""A backtest: one play over the candles of one instrument. Pure: no file, no clock; the driver brings candles and time.

Work is done in slices (`run_slice`), so that its driver can report progress and stop within a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.backtest import layout
from engine.backtest.full_kernel import FullRun
from engine.backtest.kernel import KernelInput, KernelRun
from engine.backtest.layout import ENTRY_LIMIT, ENTRY_STOP
from engine.candles import Candles
from engine.funding import FundingRates
from engine.instrument import Instrument
from engine.performance import ClosedTrade
from engine.protection import RATIO_SCALE
from engine.sizing import SHARE_SCALE, MoneyScale, amount_units, money_scale
from plays.backtest_result import BacktestResult
from plays.batch import BatchRun, SharedColumns
from plays.errors import BacktestError
from plays.evaluator import SignalArrays, signals_of
from plays.full_input import Around, full_input, needs_full_kernel
from plays.round_trips import closed_trade, trips
from plays.schema import Play
from plays.ticks import prices_in_ticks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

SLICE_BARS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Fractions of notional. `maker` is for orders that waited in the book, `taker` for all else; `slippage` (a share
    of price) and `slippage_ticks` worsen fills at market. `funding_rate` is paid by longs to shorts every 8 hours.

    Margin is isolated: a position is liquidated where its loss leaves no more than `maintenance_margin` of its margin.
    """

    taker: Decimal
    maker: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)
    slippage_ticks: int = 0
    funding_rate: Decimal = Decimal(0)
    maintenance_margin: Decimal = Decimal("0.005")


def usual_fees(play: Play, instrument: Instrument) -> Fees:
    """What the play says that a backtest costs; the instrument's fees where it says nothing."""
    costs = play.costs
    return Fees(
        taker=instrument.taker_fee if costs.taker_fee is None else costs.taker_fee,
        maker=instrument.maker_fee if costs.maker_fee is None else costs.maker_fee,
        slippage=costs.slippage_percent / 100, slippage_ticks=costs.slippage_ticks, funding_rate=costs.funding_rate,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a backtest is. `bars_done` counts bars traded over, after all signals were computed."""

    bars_done: int
    bars_total: int
    trades: int
    is_done: bool


class Backtest:
    """One run. `fees` default to `usual_fees`; `shared` is what runs have in common, `signals` what is computed
    already; `detail` are finer candles to settle the bars on, `funding` a record of rates instead of that of `fees`.

    Raises BacktestError when there are too few candles or their prices do not fit the instrument's tick, MarketDataGap
    when the candles have a gap.
    """

    def __init__(
        self, play: Play, candles: Candles, instrument: Instrument, starting_equity: Decimal, fees: Fees | None = None,
        signals: SignalArrays | None = None, shared: SharedColumns | None = None, detail: Candles | None = None,
        funding: FundingRates | None = None,
    ) -> None:  # fmt: skip
        if len(candles) <= play.warmup_bars:
            raise BacktestError(
                f"{play.name} needs more than {play.warmup_bars} bars to warm up, there are {len(candles)}: "
                "choose a longer timerange or import more candles"
            )
        self._play, self._candles, self._instrument = play, candles, instrument
        self._starting_equity, self._fees = starting_equity, fees or usual_fees(play, instrument)
        self._around = Around(detail=detail, funding=funding, funding_rate=self._fees.funding_rate)
        self._scale = money_scale(instrument)
        shared = shared or SharedColumns(candles)
        self._ticks = shared.get(("ticks", str(instrument.tick_size)), lambda: prices_in_ticks(candles, instrument))
        self._signals_run = BatchRun(play.program, shared)
        self._signals: SignalArrays | None = None
        self._run: KernelRun | None = None
        if signals is not None:
            self._take_signals(signals)

    @property
    def balance(self) -> Decimal:
        """The account after all that is closed; the entry fee of an open position is paid."""
        return self._scale.to_money(int(self._run.state[layout.BALANCE])) if self._run else self._starting_equity

    def trades_since(self, count: int) -> tuple[ClosedTrade, ...]:
        """The trades closed after the first `count`, in order of their exits."""
        if self._run is None:
            return ()
        times = self._candles.open_time_ns
        return tuple(closed_trade(one, times, self._instrument, self._scale) for one in trips(self._run.trades)[count:])

    def run_slice(self, max_bars: int = SLICE_BARS) -> Progress:
        """Works on: one indicator's history, or up to `max_bars` bars of trading."""
        if self._run is None:
            self._advance_signals()
        else:
            self._run.run_slice(max_bars)
        return self.progress()

    def progress(self) -> Progress:
        run = self._run
        done = run.bars_done if run else 0
        trades = run.trade_count if run else 0
        return Progress(
            bars_done=done, bars_total=len(self._candles), trades=trades, is_done=done == len(self._candles)
        )

    def run(self) -> BacktestResult:
        """All slices at once, and the result."""
        while not self.run_slice().is_done:
            pass
        return self.result()

    def result(self) -> BacktestResult:
        """What came out. Raises BacktestError while the run is not done."""
        if self._run is None or self._signals is None or not self.progress().is_done:
            raise BacktestError("the backtest is not done: call run_slice until it is")
        return BacktestResult(
            play=self._play, candles=self._candles, instrument=self._instrument, signals=self._signals,
            starting_equity=self._starting_equity, run=self._run, close_ticks=self._ticks[:, layout.CLOSE],
        )  # fmt: skip

    def _advance_signals(self) -> None:
        if not self._signals_run.advance():
            self._take_signals(signals_of(self._play, self._signals_run))

    def _take_signals(self, signals: SignalArrays) -> None:
        self._signals = signals
        plain, units = self._input(signals), self._scale.to_units(self._starting_equity)
        if not needs_full_kernel(self._play, self._around):
            self._run = KernelRun(plain, units)
            return
        around = self._around
        whole = full_input(self._play, self._candles, self._instrument, plain, signals.numbers, around)
        self._run = FullRun(whole, units)

    def _input(self, signals: SignalArrays) -> KernelInput:
        import numpy as np

        return KernelInput(
            intents=np.require(signals.intents, np.int8, ["C", "W"]), prices=self._ticks,
            rules=np.array(self._play.protection_rules().row(), np.int64),
            settings=settings_row(self._play, self._instrument, self._fees, self._scale),
        )  # fmt: skip


def settings_row(play: Play, instrument: Instrument, fees: Fees, scale: MoneyScale) -> Integers:
    """How a play trades an instrument, as the kernel reads it."""
    import numpy as np

    sizing = play.sizing.sizing()
    row = np.zeros(layout.SETTINGS, np.int64)
    row[layout.MODE] = int(sizing.mode)
    row[layout.AMOUNT] = amount_units(sizing, scale)
    row[layout.LEVERAGE] = int(play.leverage * SHARE_SCALE)
    row[layout.FEE_RATE] = int(fees.taker * SHARE_SCALE)
    row[layout.MAKER_RATE] = int(fees.maker * SHARE_SCALE)
    row[layout.SLIPPAGE], row[layout.SLIPPAGE_TICKS] = int(fees.slippage * RATIO_SCALE), fees.slippage_ticks
    row[layout.TICK_LOT_UNITS] = scale.tick_lot_units
    row[layout.LEAST_LOTS] = int(-(-instrument.minimum_quantity // instrument.lot_size))
    margin = max(Decimal(0), 1 / play.leverage - fees.maintenance_margin)
    row[layout.LIQUIDATION] = int(margin * RATIO_SCALE)
    row[layout.LEAST_NOTIONAL] = scale.to_units(instrument.minimum_notional)
    if play.entry_order is not None:
        row[layout.ENTRY_KIND] = ENTRY_LIMIT if play.entry_order.limit else ENTRY_STOP
        row[layout.ENTRY_BARS] = play.entry_order.bars
    row[layout.TARGETS_REST] = play.protection.take_profit_order == "limit"
    return row


def given_signals(
    play: Play, candles: Candles, intents: NDArray[np.int8], numbers: Mapping[str, Floats]
) -> SignalArrays:
    """Signals that another process computed: the intents and what entries are made with, without what rules read."""
    return SignalArrays(
        play_hash=play.hash, warmup_bars=play.warmup_bars, open_time_ns=candles.open_time_ns, intents=intents,
        feature_names=(), columns=(), numbers=numbers,
    )  # fmt: skip
