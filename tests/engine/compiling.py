"""Everything that plays and backtests have compiled, used once on a few bars."""

from __future__ import annotations

from decimal import Decimal

from engine.backtest import layout
from engine.backtest.full_kernel import FullInput, FullRun
from engine.backtest.kernel import KernelInput, KernelRun
from engine.backtest.portfolio import PortfolioInput, PortfolioRun, marked_equity
from engine.performance import WORTH_COMPILING, drawdown
from engine.protection import ProtectionRules
from plays.batch import crossings
from plays.features import FEATURES
from plays.operators import compiled_marked
from plays.paired import both_crosses, read_only, two_averages
from plays.sections import compiled_section_walk
from plays.ticks import compiled_round


def compile_ahead() -> None:
    """Compiles (or loads) it all; afterwards no play, exchange or kind of array may bring a compilation of its own."""
    import numpy as np

    floats, intents = np.ones(16), np.zeros(16, np.int8)
    rule = np.zeros(16, bool)
    for feature in FEATURES[:2]:
        feature.batch([floats] * len(feature.inputs), {})
        feature.stepper({}).update(*(1.0 for _ in feature.inputs))
    crossings("crosses above", [floats, 1.0], len(floats))
    both_crosses(*two_averages(floats, 2, 3))
    compiled_marked()(rule, 1, intents)
    compiled_section_walk()(np.zeros((5, 16), bool), 1, (1, 2), intents, 0)
    compiled_round()(*[read_only(floats)] * 4, 1.0, np.ones((16, 4), np.int32))
    drawdown(np.ones(WORTH_COMPILING), 1.0)
    _walk_once(intents)


def _walk_once(intents: object) -> None:
    import numpy as np

    assert isinstance(intents, np.ndarray), intents
    data = KernelInput(
        intents=intents, prices=np.ones((len(intents), 4), np.int32), settings=np.zeros(layout.SETTINGS, np.int64),
        rules=np.array(ProtectionRules(stoploss=Decimal("0.1")).row(), np.int64),
    )  # fmt: skip
    KernelRun(data, 1).run_slice(len(intents))
    by_bar = np.zeros(len(intents), np.int64)
    whole = FullInput(
        plain=data, course=data.prices, funding=by_bar, volatility=by_bar, entry_prices=np.zeros((0, 2), np.int64),
        partials=np.zeros((0, 2), np.int64),
    )  # fmt: skip
    FullRun(whole, 1).run_slice(len(intents))
    together = PortfolioInput(
        intents=data.intents[None], prices=data.prices[None], rules=data.rules[None], settings=data.settings[None],
        most_open=1,
    )  # fmt: skip
    shared = PortfolioRun(together, 1)
    shared.run_slice(len(intents))
    marked_equity(shared, 1)
