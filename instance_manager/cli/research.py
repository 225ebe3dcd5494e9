"""`predator backtest | parity | lookahead-analysis | recursive-analysis`: plays on history, without an instance."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console, optimize, plays
from instance_manager.cli.amounts import amount_of
from instance_manager.cli.desk import open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.history import CandlesOption, ExchangeOption, TimerangeOption, stored_candles
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.cli.plays import PlayArgument, chosen_play

if TYPE_CHECKING:
    from plays.backtest import Backtest
    from plays.backtest_result import BacktestResult

FeeOption = Annotated[
    str | None, typer.Option("--fee", help="Fraction of notional for each fill, as 0.0005.", show_default=False)
]


def register(app: typer.Typer) -> None:
    app.command("backtest")(backtest)
    app.command("parity")(parity)
    app.command("lookahead-analysis")(lookahead_analysis)
    app.command("recursive-analysis")(recursive_analysis)
    plays.register(app)
    optimize.register(app)


def backtest(
    play: PlayArgument,
    timerange: TimerangeOption = None,
    exchange: ExchangeOption = "local",
    candles: CandlesOption = None,
    equity: Annotated[str, typer.Option("--equity", help="Starting equity.")] = "10000",
    fee: FeeOption = None,
    slippage: Annotated[str, typer.Option("--slippage", help="Fraction of price that market fills lose.")] = "0",
    show_trades: Annotated[bool, typer.Option("--trades", help="List every trade, too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a play over stored candles and report what it would have earned.

    Example: predator backtest ma_cross --timerange 20240101-20240201
    """
    from plays.backtest import Backtest, Fees
    from plays.terms import terms_for

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    history = stored_candles(desk, wanted, exchange, candles, timerange)
    instrument = terms_for(wanted.symbol, history)
    fees = Fees(taker=instrument.taker_fee if fee is None else amount_of("--fee", fee, most=Decimal("0.1")),
                slippage=amount_of("--slippage", slippage, most=Decimal("0.1")))  # fmt: skip
    run = Backtest(wanted, history, instrument, amount_of("--equity", equity, least=Decimal(1)), fees)
    result = _with_progress(run)
    if as_json:
        console.print_json(_as_json(result))
    else:
        _report(result, show_trades=show_trades)


def parity(
    play: PlayArgument,
    timerange: TimerangeOption = None,
    exchange: ExchangeOption = "local",
    candles: CandlesOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that history at once and bar by bar give the identical signals; exit code 1 when they do not."""
    from plays import parity as proofs

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    found = proofs.parity(wanted, stored_candles(desk, wanted, exchange, candles, timerange))
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
    timerange: TimerangeOption = None,
    exchange: ExchangeOption = "local",
    candles: CandlesOption = None,
    checks: Annotated[int, typer.Option("--checks", min=1, max=10_000, help="At how many bars to cut.")] = 200,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Does the play see the future? Cuts it away at many bars and compares; exit code 1 when something changes."""
    from plays import parity as proofs

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    found = proofs.lookahead(wanted, stored_candles(desk, wanted, exchange, candles, timerange), checks)
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
    timerange: TimerangeOption = None,
    exchange: ExchangeOption = "local",
    candles: CandlesOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """How much do the play's indicators depend on where the history begins? In percent, by bars of history."""
    from plays import parity as proofs

    desk = open_desk(home)
    wanted = chosen_play(desk, play)
    lines = proofs.warm_up_dependence(wanted, stored_candles(desk, wanted, exchange, candles, timerange))
    if as_json:
        console.print_json({"play": wanted.name, "warmup_bars": wanted.warmup_bars, "features": lines})
        return
    lengths = lines[0].history_bars if lines else ()
    rows = [(line.feature, *(f"{value:.6f} %" for value in line.difference_percent)) for line in lines]
    console.print_table(
        f"{wanted.name}: difference to the whole history", ("feature", *(f"{bars} bars" for bars in lengths)), rows
    )


# --- what the commands share -----------------------------------------------------------------------------------------


def _with_progress(run: Backtest) -> BacktestResult:
    """Runs to the end; a run of more than a second shows how far it is, on standard error."""
    from time import monotonic

    from rich.console import Console
    from rich.progress import Progress

    begun = monotonic()
    while not run.run_slice().is_done and monotonic() - begun < 1:
        pass
    if run.progress().is_done:
        return run.result()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("backtest", total=run.progress().bars_total)
        while not (state := run.run_slice(100_000)).is_done:
            bar.update(task, completed=state.bars_done)
    return run.result()


def _as_json(result: BacktestResult) -> dict[str, object]:
    from dataclasses import asdict

    candles = result.candles
    return {
        "play": result.play.name, "play_hash": result.play.hash, "symbol": result.play.symbol, "bars": len(candles),
        "from": console.time_text(int(candles.open_time_ns[0])), "to": console.time_text(int(candles.open_time_ns[-1])),
        "starting_equity": result.starting_equity, "final_equity": result.final_equity,
        "denied_entries": result.denied_entries, "signals_hash": result.signals_hash, "trades_hash": result.trades_hash,
        "metrics": asdict(result.metrics), "trades": [asdict(trade) for trade in result.trades],
        "open_trade": asdict(result.open_trade) if result.open_trade else None,
    }  # fmt: skip


def _report(result: BacktestResult, *, show_trades: bool) -> None:
    from instance_manager.cli.backtest_report import print_report

    print_report(result, show_trades=show_trades)
