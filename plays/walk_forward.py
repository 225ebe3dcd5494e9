"""Walk-forward: parameters chosen on one stretch are tried on the next, which they have not seen; again and again.

The equity of the tried stretches is stitched to one curve: what a trader would have had who searched anew each time.
Indicators know the history before a tried stretch; trading begins with it, and the last bar's open closes all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.backtest import layout
from engine.candles import Candles
from engine.errors import ConfigurationError
from engine.market import timeframe_ns
from engine.performance import DAY_NS, ClosedTrade, Performance, performance_of
from engine.signal import Intent
from plays.backtest import Backtest, given_signals
from plays.backtest_result import BacktestResult
from plays.evaluator import batch
from plays.search import SearchRow, SearchSetting
from plays.search_space import Values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

# an entry, its exit, and the bars of the forced exit at the end
LEAST_TEST_BARS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows of the candles: chosen on [train_first, test_first), tried on [test_first, test_last)."""

    train_first: int
    test_first: int
    test_last: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """A window done: what was chosen in it, and what that earned afterwards, from the bar `lead` of its run on."""

    window: Window
    chosen: SearchRow
    result: BacktestResult
    lead: int

    @property
    def equity(self) -> Floats:
        """Marked equity over the tried stretch."""
        return self.result.equity_curve[self.lead :]

    @property
    def return_percent(self) -> float:
        return float(self.result.final_equity / self.result.starting_equity - 1) * 100


def windows(candles: Candles, train_days: int, test_days: int, warmup_bars: int) -> tuple[Window, ...]:
    """The whole windows that fit, each a test further. Raises ConfigurationError for too few bars."""
    step = timeframe_ns(candles.timeframe)
    train, test = (days * DAY_NS // step for days in (train_days, test_days))
    if train <= warmup_bars + 1:
        raise ConfigurationError(
            f"--train {train_days} days are {train} bars, and {warmup_bars} are warm-up: take more"
        )
    if test < LEAST_TEST_BARS:
        raise ConfigurationError(f"--test {test_days} days are {test} bars: take more")
    found = tuple(
        Window(train_first=first, test_first=first + train, test_last=first + train + test)
        for first in range(0, len(candles) - train - test + 1, test)
    )
    if not found:
        raise ConfigurationError(
            f"{train_days} days to choose and {test_days} to try are {train + test} bars, there are {len(candles)}: "
            "a longer timerange, or a smaller --train or --test"
        )
    return found


def try_out(setting: SearchSetting, window: Window, chosen: SearchRow, equity: Decimal) -> Tried:
    """Trades the tried stretch with what was chosen before it, beginning with `equity`."""
    play = setting.play.with_parameters(chosen.values)
    lead = play.warmup_bars + 1
    if lead > window.test_first - window.train_first:
        raise ConfigurationError(f"{play.name} with {dict(chosen.values)} warms up longer than --train: take more days")
    first = window.test_first - lead
    signals = batch(play, setting.candles.rows(window.train_first, window.test_last))
    intents = signals.intents[first - window.train_first :].copy()
    intents[:lead] = 0
    intents[-2:] = (int(Intent.EXIT_LONG | Intent.EXIT_SHORT), 0)
    candles = setting.candles.rows(first, window.test_last)
    numbers = {name: column[first - window.train_first :] for name, column in signals.numbers.items()}
    given = given_signals(play, candles, intents, numbers)
    run = Backtest(play, candles, setting.instrument, equity, setting.fees, signals=given, funding=setting.funding)
    result = run.run()
    assert result.open_trade is None, result.open_trade
    return Tried(window=window, chosen=chosen, result=result, lead=lead)


def stitched_equity(parts: Sequence[Tried]) -> Floats:
    """One equity curve of all tried stretches; each begins with what the one before it left."""
    import numpy as np

    curve: Floats = np.concatenate([part.equity for part in parts])
    return curve


def stitched(setting: SearchSetting, parts: Sequence[Tried]) -> Performance:
    """The figures of the stitched equity and all trades of the tried stretches."""
    import numpy as np

    candles = setting.candles.rows(parts[0].window.test_first, parts[-1].window.test_last)
    trades: list[ClosedTrade] = [trade for part in parts for trade in part.result.trades]
    rows = np.concatenate([part.result.trade_rows for part in parts])
    return performance_of(
        trades, stitched_equity(parts), candles.open_time_ns, candles.close,
        rows[:, layout.TRADE_EXIT_BAR] - rows[:, layout.TRADE_ENTRY_BAR], float(setting.starting_equity),
    )  # fmt: skip


def efficiency(parts: Sequence[Tried]) -> float | None:
    """Return a bar where tried, as a share of that where chosen; None when nothing was earned where it was chosen."""
    chosen = sum(part.chosen.figures["return_percent"] for part in parts)
    tried = sum(part.return_percent for part in parts)
    window = parts[0].window
    train, test = window.test_first - window.train_first, window.test_last - window.test_first
    return (tried / test) / (chosen / train) if chosen > 0 else None


def parameter_ranges(parts: Sequence[Tried]) -> Values:
    """How far each chosen parameter wandered, highest less lowest: what jumps about was fitted to noise."""
    names = parts[0].chosen.values
    found = {name: [part.chosen.values[name] for part in parts] for name in names}
    return {name: max(values) - min(values) for name, values in found.items()}
