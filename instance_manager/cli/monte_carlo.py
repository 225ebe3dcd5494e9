"""`predator monte-carlo`: how much of a backtest was the luck of its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.backtest import RunOptions, finished, prepared
from instance_manager.cli.desk import open_desk
from instance_manager.cli.option_group import spread
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.cli.plays import PlayArgument, chosen_play
from instance_manager.cli.search_options import SeedOption

if TYPE_CHECKING:
    from plays.monte_carlo import MonteCarlo

RunsOption = Annotated[int, typer.Option("--runs", min=100, max=1_000_000, help="How often to mix, each way.")]
RuinOption = Annotated[
    float | None,
    typer.Option(
        "--ruin", min=0.1, max=100, help="The drawdown in percent that is ruin. Default: the play's required, else 50.",
        show_default=False,
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("monte-carlo")(spread(monte_carlo))


def monte_carlo(
    play: PlayArgument,
    given: RunOptions,
    runs: RunsOption = 5_000,
    seed: SeedOption = 1,
    ruin: RuinOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mix the trades of a backtest thousands of times: how deep could it have fallen, where could it have ended?

    Example: predator monte-carlo ma_cross --timerange 20240101-20240201 --runs 10000 --ruin 30
    """
    from plays import monte_carlo as mixing

    desk = open_desk(home)
    result = finished(prepared(desk, chosen_play(desk, play), given))
    limit = ruin or result.play.required.max_drawdown_percent or 50.0
    found = mixing.monte_carlo(result, runs, seed, limit)
    if as_json:
        console.print_json({"play": result.play.name, "trades_hash": result.trades_hash, "seed": seed,
                            "result": found})  # fmt: skip
    else:
        _print(result.play.name, found)


def _print(name: str, found: MonteCarlo) -> None:
    kind = "a trade is a share of the equity" if found.is_compounding else "a trade is an amount of money"
    console.say(
        f"{name}: {found.trades} trades, mixed {found.runs} times each way; {kind}; equity moves at their exits"
    )
    percents = list(found.distributions[0].final_equity)
    rows = [
        row
        for one in found.distributions
        for row in (
            (f"{one.method}: drawdown", *(f"{value:.2f} %" for value in one.max_drawdown_percent.values())),
            (f"{one.method}: final equity", *(f"{value:.2f}" for value in one.final_equity.values())),
        )
    ]
    console.print_table("percentiles", ("", *(f"{percent} %" for percent in percents)), rows)
    chances = [
        (one.method, f"{one.lost_percent:.1f} %", f"{one.ruined_percent:.1f} %") for one in found.distributions
    ]  # fmt: skip
    console.print_table("chances", ("", "to lose money", f"drawdown of {found.ruin_percent:g} % or more"), chances)
    console.say(
        f"as it happened: equity {found.final_equity:.2f}, drawdown {found.max_drawdown_percent:.2f} % "
        f"({found.worse_orders_percent:.1f} % of the other orders were worse)"
    )
