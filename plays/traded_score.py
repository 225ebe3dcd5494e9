"""The figures of what an instance traded, from its journal's trades: judged by the same words as a backtest.

Equity is known at the close of each trade, so a drawdown within a trade is not seen, and `max_drawdown_bars` cannot be
told. All else is what a backtest with the same trades says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.performance import DAY_NS, Performance, figures_of
from plays.score import Required, Verdict, judged

UNTOLD = "max_drawdown_bars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """A round trip that is over: when (UTC), its profit after fees, and the fees."""

    closed_at_ns: int
    profit: Decimal
    fees: Decimal


def traded_figures(trades: Sequence[Traded], starting_equity: Decimal) -> Performance:
    """The figures of these trades, oldest first. Days without a trade count as days that earned nothing."""
    import numpy as np

    profits = [float(trade.profit) for trade in trades]
    closed = np.array([trade.closed_at_ns for trade in trades], np.int64)
    times, nothing, nobody = closed, np.zeros(0), np.zeros(0, np.int64)
    if len(closed):
        days = np.arange(closed[0] // DAY_NS + 1, closed[-1] // DAY_NS + 1, dtype=np.int64)
        times = np.sort(np.concatenate((closed, days * DAY_NS - 1)))
    earned = np.concatenate(([0.0], np.cumsum(profits)))[np.searchsorted(closed, times, side="right")]
    return figures_of(
        profits, float(sum(trade.fees for trade in trades)), float(starting_equity) + earned, times, nothing, nobody,
        float(starting_equity),
    )  # fmt: skip


def traded_verdicts(required: Required, figures: Performance) -> tuple[Verdict, ...]:
    """What the play requires of it, without what cannot be told."""
    return judged(required.model_copy(update={UNTOLD: None}), figures)
