"""What `optimize` and `walk-forward` share: how to search, what is searched, and the refusal of what is too large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from instance_manager.cli.backtest import RunOptions, equity_of, fees_of, funding_of
from instance_manager.cli.desk import Desk
from instance_manager.cli.history import stored_candles
from instance_manager.cli.plays import chosen_play
from plays.method import Method

if TYPE_CHECKING:
    from engine.errors import ConfigurationError
    from plays.search import RunAll, SearchSetting
    from plays.search_space import Space

MethodOption = Annotated[Method, typer.Option("--method", help="Everything, by chance, or learning (Optuna).")]
RunsOption = Annotated[int, typer.Option("--runs", min=1, max=100_000, help="Runs of random and optuna.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Equal seeds give equal results.")]
ScoreOption = Annotated[str, typer.Option("--score", help="The figure to rank by, named as in a play's required.")]
ProcessesOption = Annotated[
    int | None,
    typer.Option(
        "--processes", min=1, max=256, help="Default: one for each core, at low priority.", show_default=False
    ),
]

ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", help="Run on the Ray cluster at HOST:PORT instead.", show_default=False),
]
StudyOption = Annotated[
    Path | None,
    typer.Option("--study", help="Keep the runs in this file; the same command continues from it.", show_default=False),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions(RunOptions):
    method: MethodOption = Method.GRID
    runs: RunsOption = 200
    seed: SeedOption = 1
    score: ScoreOption = "return_percent"
    processes: ProcessesOption = None
    cluster: ClusterOption = None
    study: StudyOption = None


@contextmanager
def runs_of(setting: SearchSetting, given: SearchOptions) -> Iterator[RunAll]:
    """What makes the runs: this machine's cores, or a cluster."""
    from instance_manager.ray_pool import on_cluster
    from instance_manager.search_pool import SearchPool, usable_cores

    if given.cluster:
        with on_cluster(setting, given.cluster, given.processes) as run_all:
            yield run_all
    else:
        with SearchPool(setting, given.processes or usable_cores()) as pool:
            yield pool.run_all


def search_setting(desk: Desk, play: str, given: SearchOptions) -> SearchSetting:
    """What all runs of the search have in common."""
    from plays.score import require_figure
    from plays.search import SearchSetting
    from plays.terms import terms_for

    require_figure(given.score)
    wanted = chosen_play(desk, play)
    history = stored_candles(desk, wanted, given)
    history.require_contiguous()
    instrument = terms_for(wanted.symbol, history)
    funding, _ = funding_of(desk, wanted, given.exchange, None)
    if funding is not None:
        funding.by_bar(history.open_time_ns)  # refused here, not by the first run
    return SearchSetting(
        play=wanted, candles=history, instrument=instrument, starting_equity=equity_of(given.equity),
        fees=fees_of(wanted, instrument, given), figure=given.score, funding=funding,
    )  # fmt: skip


def checked_space(setting: SearchSetting, given: SearchOptions, *, windows: int = 1, last: int | None = None) -> Space:
    """What there is to search, in each of `windows`, on the candles up to `last`.

    Raises ConfigurationError for a search too large, with its size and how long it would take.
    """
    from plays.search_space import MOST_RUNS, space_of

    space = space_of(setting.play)
    size = space.size if given.method is Method.GRID else min(given.runs, space.size)
    if size * windows > MOST_RUNS:
        text = space.text if given.method is Method.GRID else f"{size} runs"
        often = f" in each of {windows} windows" if windows > 1 else ""
        raise _too_large(setting, f"{text}{often}", size * windows, given.processes, last or len(setting.candles))
    return space


def _too_large(setting: SearchSetting, text: str, size: int, processes: int | None, last: int) -> ConfigurationError:
    """The refusal, with an estimate from runs that are made now."""
    from instance_manager.search_pool import SearchPool, usable_cores
    from plays.search import Task
    from plays.search_space import MOST_RUNS

    cores = processes or usable_cores()
    with SearchPool(setting, 1) as pool:
        each = pool.seconds_a_run(Task(values={}, first=0, last=last))
    return ConfigurationError(
        f"{text} are more than {MOST_RUNS}; at {each * 1000:.1f} ms a run on {cores} cores they take about "
        f"{duration_text(each * size / cores)}: narrow the ranges, widen a step, or use --method random or optuna with "
        "fewer --runs"
    )


def duration_text(seconds: float) -> str:
    """`3.2 hours`: in the largest unit that is not below one."""
    for unit, size in (("years", 31_536_000), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} seconds"
