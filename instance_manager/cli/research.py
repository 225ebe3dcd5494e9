"""`predator parity | lookahead-analysis | recursive-analysis`: proofs about a play on history."""

from __future__ import annotations

from typing import Annotated

import typer

from instance_manager.cli import backtest, console, monte_carlo, optimize, plays, walk_forward
from instance_manager.cli.desk import open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.history import HistoryOptions, stored_candles
from instance_manager.cli.option_group import spread
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.cli.plays import PlayArgument, chosen_play


def register(app: typer.Typer) -> None:
    backtest.register(app)
    app.command("parity")(spread(parity))
    app.command("lookahead-analysis")(spread(lookahead_analysis))
    app.command("recursive-analysis")(spread(recursive_analysis))
    plays.register(app)
    for group in (optimize, walk_forward, monte_carlo):
        group.register(app)


def parity(
    play: PlayArgument,
    history: HistoryOptions,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that history at once and bar by bar give the identical signals; exit code 1 when they do not.

    Example: predator parity ma_cross --timerange 20240101-20240201
    """
    from plays import parity as proofs

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    found = proofs.parity(wanted, stored_candles(desk, wanted, history))
    if as_json:
        console.print_json({
            "play": wanted.name, "play_hash": wanted.hash, "identical": found.holds, "bars": found.bars,
            "signals": found.signals, "entries": found.entries, "hash": found.hash, "stepped_hash": found.stepped_hash,
            "first_difference": found.first_difference or None,
        })  # fmt: skip
    elif found.holds:
        console.say(
            f"{wanted.name}: {found.signals} signals ({found.entries} entries) over {found.bars} bars are identical in "
            f"batch and step, to the last bit: {found.hash}"
        )
    else:
        console.say(f"{wanted.name}: batch and step differ, first in {found.first_difference}")
    if not found.holds:
        raise typer.Exit(ExitCode.FAILED)


def lookahead_analysis(
    play: PlayArgument,
    history: HistoryOptions,
    checks: Annotated[int, typer.Option("--checks", min=1, max=10_000, help="At how many bars to cut.")] = 200,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Does the play see the future? Cuts it away at many bars and compares; exit code 1 when something changes.

    Example: predator lookahead-analysis ma_cross --checks 500
    """
    from plays import parity as proofs

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    found = proofs.lookahead(wanted, stored_candles(desk, wanted, history), checks)
    if as_json:
        console.print_json({"play": wanted.name, "checks": checks, "sees_the_future": bool(found), "findings": found})
    elif not found:
        console.say(f"{wanted.name}: nothing changes when the future is cut away (up to {checks} bars tried)")
    else:
        rows = [(one.bar, one.what, one.with_future, one.without_future) for one in found]
        console.print_table(f"{wanted.name} sees the future", ("bar", "what", "with it", "without it"), rows)
    if found:
        raise typer.Exit(ExitCode.FAILED)


def recursive_analysis(
    play: PlayArgument,
    history: HistoryOptions,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """How much do the play's indicators depend on where the history begins? In percent, by bars of history.

    Example: predator recursive-analysis ma_cross
    """
    from plays import parity as proofs

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    lines = proofs.warm_up_dependence(wanted, stored_candles(desk, wanted, history))
    if as_json:
        console.print_json({"play": wanted.name, "warmup_bars": wanted.warmup_bars, "features": lines})
        return
    lengths = lines[0].history_bars if lines else ()
    rows = [(line.feature, *(f"{value:.6f} %" for value in line.difference_percent)) for line in lines]
    console.print_table(
        f"{wanted.name}: difference to the whole history", ("feature", *(f"{bars} bars" for bars in lengths)), rows
    )
