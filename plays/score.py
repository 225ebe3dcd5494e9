"""The one source of scores: which figures judge a run, which way each is better, and whether a play's own bar is met.

Backtests, searches, walk-forward and whatever trades are all judged here, from the same `Performance`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from pydantic import BaseModel, ConfigDict, Field

from engine.errors import ConfigurationError
from engine.performance import Performance
from plays.errors import did_you_mean

# the less of these, the better
AT_MOST = frozenset({"max_drawdown_percent", "max_drawdown_bars"})
# what an infinite figure counts as where numbers are compared and written
HIGHEST = 1e9


class Required(BaseModel):
    """The least a run must reach to be worth money: at least so much of each figure, of drawdowns at most so much."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    trades: int | None = Field(default=None, ge=1)
    return_percent: float | None = None
    win_rate_percent: float | None = Field(default=None, ge=0, le=100)
    profit_factor: float | None = Field(default=None, ge=0)
    expectancy: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    max_drawdown_percent: float | None = Field(default=None, gt=0, le=100)
    max_drawdown_bars: int | None = Field(default=None, gt=0)


FIGURES = tuple(Required.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One requirement and what came out."""

    figure: str
    wanted: float
    reached: float
    met: bool

    @property
    def wanted_text(self) -> str:
        return f"{'at most' if self.figure in AT_MOST else 'at least'} {self.wanted:g}"

    @property
    def reached_text(self) -> str:
        return "no losses" if self.reached == inf else f"{self.reached:.6g}"


def require_figure(figure: str) -> None:
    """Raises ConfigurationError for what is no figure, with those that are."""
    if figure not in FIGURES:
        raise ConfigurationError(
            f"there is no figure {figure!r} to score by ({did_you_mean(figure, FIGURES) or ', '.join(FIGURES)})"
        )


def figure_of(performance: Performance, figure: str) -> float:
    """A figure by name; a profit factor without any loss is infinite. Raises ConfigurationError for an unknown one."""
    require_figure(figure)
    if figure == "profit_factor" and performance.wins and not performance.average_loss:
        return inf
    return float(getattr(performance, figure))


def score_of(performance: Performance, figure: str) -> float:
    """The figure as a finite number of which more is better."""
    value = min(figure_of(performance, figure), HIGHEST)
    return -value if figure in AT_MOST else value


def judged(required: Required, performance: Performance) -> tuple[Verdict, ...]:
    """One verdict for each figure that is required."""
    wanted = ((name, getattr(required, name)) for name in FIGURES)
    return tuple(_verdict(name, least, performance) for name, least in wanted if least is not None)


def passed(verdicts: Iterable[Verdict]) -> bool:
    """Are all met? Nothing required is passed."""
    return all(verdict.met for verdict in verdicts)


def missing(verdicts: Iterable[Verdict]) -> str:
    """What is not met, as people say it: `trades 12 (at least 30), ...`."""
    lacking = [one for one in verdicts if not one.met]
    return ", ".join(f"{one.figure} {one.reached_text} ({one.wanted_text})" for one in lacking)


def _verdict(figure: str, wanted: float, performance: Performance) -> Verdict:
    reached = figure_of(performance, figure)
    met = reached <= wanted if figure in AT_MOST else reached >= wanted
    return Verdict(figure=figure, wanted=float(wanted), reached=reached, met=met)
