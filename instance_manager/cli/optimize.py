"""`predator optimize`: a search for a play's best parameters, on all cores, resumable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.backtest import RequireOption, require_verdict
from instance_manager.cli.desk import open_desk
from instance_manager.cli.option_group import spread
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.cli.plays import PlayArgument
from instance_manager.cli.search_options import SearchOptions, checked_space, runs_of, search_setting

if TYPE_CHECKING:
    from plays.search import RunAll, SearchRow, SearchSetting
    from plays.search_methods import Proposer


def register(app: typer.Typer) -> None:
    app.command("optimize")(spread(optimize))


def optimize(
    play: PlayArgument,
    given: SearchOptions,
    best: Annotated[int, typer.Option("--best", min=1, help="How many of the best to show.")] = 20,
    require: RequireOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the parameters that have low, high and step; runs that reach the play's required score come first.

    The best of many is partly luck: look at its neighbours, and try predator walk-forward.

    Example: predator optimize ma_cross --timerange 20240101-20240201 --method random --runs 300 --study ma.study
    """
    from plays.search import ranked
    from plays.search_methods import proposer_for

    setting = search_setting(open_desk(home), play, given)
    proposer = proposer_for(given.method, checked_space(setting, given), given.runs, given.seed)
    rows = list(_rows(setting, proposer, given))
    found = ranked(rows)
    if as_json:
        console.print_json(_as_json(setting, rows, found[:best]))
    else:
        _print(setting, rows, found[:best])
    require_verdict(any(row.is_passed for row in found), require=require)


def _rows(setting: SearchSetting, proposer: Proposer, given: SearchOptions) -> Iterator[SearchRow]:
    """The rows as they come, with progress on standard error."""
    from rich.console import Console
    from rich.progress import track

    from instance_manager.study_file import Study
    from plays.search import searched

    with ExitStack() as stack:
        run_all: RunAll = stack.enter_context(runs_of(setting, given))
        if given.study is not None:
            known = stack.enter_context(Study(given.study, setting))
            run_all = known.through(run_all)
            if known.kept:
                console.warn(f"{given.study} has {known.kept} runs already: they are not made again")
        found = searched(proposer, run_all, 0, len(setting.candles))
        yield from track(found, "optimize", proposer.total, console=Console(stderr=True), transient=True)


def _as_json(setting: SearchSetting, rows: Sequence[SearchRow], best: Sequence[SearchRow]) -> dict[str, object]:
    return {
        "play": setting.play.name, "score": setting.figure, "runs": len(rows),
        "refused": sum(row.score is None for row in rows), "passed": sum(row.is_passed for row in rows), "best": best,
    }  # fmt: skip


def _print(setting: SearchSetting, rows: Sequence[SearchRow], best: Sequence[SearchRow]) -> None:
    refused = [row for row in rows if row.score is None]
    names = list(best[0].values)
    table = [
        (*(f"{row.values[name]:g}" for name in names), row.trades, f"{row.final_equity:.2f}",
         *(f"{value:.2f}" for value in row.figures.values()), row.is_passed)
        for row in best
    ]  # fmt: skip
    columns = (*names, "trades", "equity", *(name.replace("_", " ") for name in best[0].figures), "passed")
    console.print_table(f"{setting.play.name}: the best of {len(rows)} runs by {setting.figure}", columns, table)
    if refused:
        console.say(f"{len(refused)} combinations cannot be run, the first because: {refused[0].refused}")
