"""A search: runs of one play with other parameters, a row each, a pure function of its parameters and candles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.candles import Candles
from engine.errors import ConfigurationError
from engine.funding import FundingRates
from engine.instrument import Instrument
from plays.backtest import Backtest, Fees
from plays.batch import SharedColumns
from plays.errors import ConditionError
from plays.schema import Play
from plays.score import HIGHEST, figure_of, passed, score_of
from plays.search_methods import Proposer
from plays.search_space import Values

# what the table of a search shows beside the score
SHOWN = ("return_percent", "profit_factor", "max_drawdown_percent", "sharpe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run: its parameters, over the candles [first, last) by position."""

    values: Values
    first: int
    last: int

    @property
    def key(self) -> str:
        """Equal for equal runs."""
        return f"{self.first}:{self.last}:{sorted(self.values.items())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRow:
    """What a run gave. `score` is better the higher it is; None with the reason in `refused` when there was no run."""

    values: Values
    score: float | None
    is_passed: bool = False
    trades: int = 0
    final_equity: Decimal = Decimal(0)
    figures: Mapping[str, float] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchSetting:
    """What all runs of a search have in common. `figure` is what they are scored by; `funding` as in `Backtest`."""

    play: Play
    candles: Candles
    instrument: Instrument
    starting_equity: Decimal
    fees: Fees
    figure: str
    funding: FundingRates | None = None


class Runner:
    """Runs tasks, one after the other; what runs over the same stretch have in common is kept."""

    def __init__(self, setting: SearchSetting) -> None:
        self._setting = setting
        self._span = (0, 0)
        self._shared: SharedColumns | None = None

    def run(self, task: Task) -> SearchRow:
        """The row of a task. A combination the play cannot run with is a row that says so."""
        setting = self._setting
        try:
            variant = setting.play.with_parameters(task.values)
            shared = self._columns(task)
            result = Backtest(
                variant, shared.candles, setting.instrument, setting.starting_equity, setting.fees, shared=shared,
                funding=setting.funding,
            ).run()  # fmt: skip
        except (ConditionError, ConfigurationError) as error:
            return SearchRow(values=task.values, score=None, refused=str(error))
        metrics = result.figures
        return SearchRow(
            values=task.values, score=score_of(metrics, setting.figure), is_passed=passed(result.verdicts),
            trades=metrics.trades, final_equity=result.final_equity,
            figures={name: min(figure_of(metrics, name), HIGHEST) for name in SHOWN},
        )  # fmt: skip

    def _columns(self, task: Task) -> SharedColumns:
        span = (task.first, task.last)
        if self._shared is None or span != self._span:
            self._span, self._shared = span, SharedColumns(self._setting.candles.rows(*span))
        return self._shared


RunAll = Callable[[Sequence[Task]], Iterator[SearchRow]]


def searched(proposer: Proposer, run_all: RunAll, first: int, last: int) -> Iterator[SearchRow]:
    """Every different run of a search, in the order of its proposals."""
    rows: dict[str, SearchRow] = {}
    while batch := [Task(values=values, first=first, last=last) for values in proposer.propose()]:
        fresh = list({task.key: task for task in batch if task.key not in rows}.values())
        for task, row in zip(fresh, run_all(fresh), strict=True):
            rows[task.key] = row
            yield row
        proposer.learn([rows[task.key].score for task in batch])


def ranked(rows: Sequence[SearchRow]) -> list[SearchRow]:
    """The best first: those that reach what the play requires before those that do not; the refused ones are left out.

    Raises ConfigurationError when all were refused.
    """
    run = [row for row in rows if row.score is not None]
    if rows and not run:
        raise ConfigurationError(f"no combination can be run, the first because: {rows[0].refused}")
    return sorted(run, key=lambda row: (not row.is_passed, -(row.score or 0.0)))
