"""`predator optimize`: a play with every combination of its parameters, on all cores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import open_desk
from instance_manager.cli.history import CandlesOption, ExchangeOption, TimerangeOption, stored_candles
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.cli.plays import PlayArgument, chosen_play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plays.sweep import SweepRow


def register(app: typer.Typer) -> None:
    app.command("optimize")(optimize)


def optimize(
    play: PlayArgument,
    timerange: TimerangeOption = None,
    exchange: ExchangeOption = "local",
    candles: CandlesOption = None,
    equity: Annotated[str, typer.Option("--equity", help="Starting equity.")] = "10000",
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Runs at a time.")] = 1,
    best: Annotated[int, typer.Option("--best", min=1, help="How many of the best to show.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a play with every combination of its parameters that have low, high and step; the best equity first.

    The best of many is partly luck: look at its neighbours, and try it on another timerange.

    Example: predator optimize ma_cross --timerange 20240101-20240201 --threads 2
    """
    from instance_manager.cli.amounts import amount_of
    from plays.sweep import grid, sweep
    from plays.terms import terms_for

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    sets = grid(wanted)
    history = stored_candles(desk, wanted, exchange, candles, timerange)
    found = sweep(
        wanted, history, terms_for(wanted.symbol, history), amount_of("--equity", equity), sets, threads=threads
    )
    rows = sorted(_shown(found, len(sets)), key=lambda row: -row.final_equity)
    if as_json:
        console.print_json({"play": wanted.name, "runs": len(rows), "best": rows[:best]})
        return
    names = list(sets[0])
    table = [(*(f"{row.values[name]:g}" for name in names), row.trades, row.final_equity) for row in rows[:best]]
    console.print_table(f"{wanted.name}: the best of {len(rows)} runs", (*names, "trades", "equity"), table)


def _shown(found: Iterator[SweepRow], total: int) -> Iterator[SweepRow]:
    """The rows as they come, with progress on standard error."""
    from rich.console import Console
    from rich.progress import track

    yield from track(found, "optimize", total, console=Console(stderr=True), transient=True)
