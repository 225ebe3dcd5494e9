"""`predator walk-forward`: parameters chosen on one stretch, tried on the next; the honest test of a search."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
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
    from engine.performance import Performance
    from plays.score import Verdict
    from plays.search import SearchRow, SearchSetting
    from plays.search_space import Space
    from plays.walk_forward import Tried, Window

TrainOption = Annotated[int, typer.Option("--train", min=1, max=36_500, help="Days to choose parameters on.")]
TestOption = Annotated[int, typer.Option("--test", min=1, max=36_500, help="Days to try them on, after those.")]
ExportOption = Annotated[
    Path | None, typer.Option("--export", help="Write the stitched equity to FILE.parquet.", show_default=False)
]


def register(app: typer.Typer) -> None:
    app.command("walk-forward")(spread(walk_forward))


def walk_forward(
    play: PlayArgument,
    given: SearchOptions,
    train: TrainOption = 30,
    test: TestOption = 10,
    export: ExportOption = None,
    require: RequireOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose parameters on --train days, trade the next --test days with them, move on, and report what that earned.

    Example: predator walk-forward ma_cross --train 30 --test 10 --method random --runs 100 --study walk.study
    """
    from plays.score import judged
    from plays.walk_forward import stitched, windows

    setting = search_setting(open_desk(home), play, given)
    steps = windows(setting.candles, train, test, setting.play.warmup_bars)
    space = checked_space(setting, given, windows=len(steps), last=steps[0].test_first)
    parts = _tried(setting, steps, _chosen(setting, steps, space, given))
    whole = stitched(setting, parts)
    verdicts = judged(setting.play.required, whole)
    if export is not None:
        from instance_manager.backtest_export import export_stitched

        export_stitched(setting, parts, export)
        console.warn(f"wrote {export}")
    if as_json:
        console.print_json(_as_json(setting, parts, whole, verdicts))
    else:
        _print(setting, parts, whole, verdicts)
    require_verdict(all(one.met for one in verdicts), require=require)


def _chosen(setting: SearchSetting, steps: Sequence[Window], space: Space, given: SearchOptions) -> list[SearchRow]:
    """The best row of each window's search, with progress on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    from instance_manager.study_file import Study
    from plays.search import RunAll, ranked, searched
    from plays.search_methods import proposer_for

    best = []
    with ExitStack() as stack:
        run_all: RunAll = stack.enter_context(runs_of(setting, given))
        if given.study is not None:
            run_all = stack.enter_context(Study(given.study, setting)).through(run_all)
        bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        for number, step in enumerate(steps):
            proposer = proposer_for(given.method, space, given.runs, given.seed)
            found = searched(proposer, run_all, step.train_first, step.test_first)
            text = f"window {number + 1} of {len(steps)}"
            best.append(ranked(list(bar.track(found, proposer.total, description=text)))[0])
    return best


def _tried(setting: SearchSetting, steps: Sequence[Window], chosen: Sequence[SearchRow]) -> list[Tried]:
    """Every window traded with what was chosen for it, until the money is gone."""
    from plays.walk_forward import try_out

    parts: list[Tried] = []
    money = setting.starting_equity
    for step, row in zip(steps, chosen, strict=True):
        parts.append(try_out(setting, step, row, money))
        money = parts[-1].result.final_equity
        if money <= 0:
            console.warn(f"nothing is left after window {len(parts)} of {len(steps)}: the walk ends there")
            break
    return parts


def _line(setting: SearchSetting, part: Tried) -> dict[str, object]:
    times, window = setting.candles.open_time_ns, part.window
    return {
        "chosen_from": console.time_text(int(times[window.train_first])),
        "tried_from": console.time_text(int(times[window.test_first])),
        "tried_to": console.time_text(int(times[window.test_last - 1])),
        "values": part.chosen.values, "chosen_return_percent": part.chosen.figures["return_percent"],
        "chosen_score": part.chosen.score, "chosen_passed": part.chosen.is_passed,
        "return_percent": part.return_percent, "trades": len(part.result.trades),
        "final_equity": part.result.final_equity,
    }  # fmt: skip


def _as_json(
    setting: SearchSetting, parts: Sequence[Tried], whole: Performance, verdicts: Sequence[Verdict]
) -> dict[str, object]:
    from instance_manager.cli.backtest_report import verdict_json
    from plays.walk_forward import efficiency, parameter_ranges

    return {
        "play": setting.play.name, "score": setting.figure, "windows": [_line(setting, part) for part in parts],
        "efficiency": efficiency(parts), "parameters_wander": parameter_ranges(parts),
        "final_equity": parts[-1].result.final_equity, "required": verdict_json(verdicts), "metrics": asdict(whole),
    }  # fmt: skip


def _print(
    setting: SearchSetting, parts: Sequence[Tried], whole: Performance, verdicts: Sequence[Verdict]
) -> None:  # fmt: skip
    from instance_manager.cli.backtest_report import performance_figures, print_verdicts
    from plays.walk_forward import efficiency

    lines = [_line(setting, part) for part in parts]
    rows = [
        (line["tried_from"], line["tried_to"], *(f"{value:g}" for value in part.chosen.values.values()),
         f"{line['chosen_return_percent']:.2f} %", f"{line['return_percent']:.2f} %", line["trades"])
        for line, part in zip(lines, parts, strict=True)
    ]  # fmt: skip
    names = list(parts[0].chosen.values)
    columns = ("tried from", "to", *names, "where chosen", "where tried", "trades")
    console.print_table(f"{setting.play.name}: {len(parts)} windows, by {setting.figure}", columns, rows)
    console.print_table("stitched, where tried", ("figure", "is"), performance_figures(whole))
    print_verdicts(verdicts)
    share = efficiency(parts)
    kept = "nothing was earned where it was chosen" if share is None else f"{share * 100:.0f} %"
    console.say(f"walk-forward efficiency (return where tried, as a share of that where chosen): {kept}")
