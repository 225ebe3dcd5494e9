"""`predator backtest | list-plays | check-play | parity`: plays on history, without an instance."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from adapters.candle_store import CandleStore
    from engine.candles import Candles
    from engine.errors import DataError
    from engine.instrument import Instrument
    from plays.backtest import Backtest
    from plays.backtest_result import BacktestResult
    from plays.schema import Play

PlayArgument = Annotated[str, typer.Argument(help="A play's name, or a .yml file.", show_default=False)]
TimerangeOption = Annotated[
    str | None,
    typer.Option("--timerange", help="20240101-20240601, UTC days, the second excluded.", show_default=False),
]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="Whose stored candles to use.")]
CandlesOption = Annotated[
    Path | None,
    typer.Option("--candles", help="A .parquet or .csv file instead of stored candles.", show_default=False),
]
FeeOption = Annotated[
    str | None, typer.Option("--fee", help="Fraction of notional for each fill, as 0.0005.", show_default=False)
]


def register(app: typer.Typer) -> None:
    app.command("backtest")(backtest)
    app.command("list-plays")(list_plays)
    app.command("check-play")(check_play)
    app.command("parity")(parity)
    app.command("lookahead-analysis")(lookahead_analysis)
    app.command("recursive-analysis")(recursive_analysis)


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

    desk = open_desk(home)
    wanted = _play(desk, play)
    history = _candles(desk, wanted, exchange, candles, timerange)
    instrument = _terms(wanted, history)
    fees = Fees(taker=instrument.taker_fee if fee is None else _amount("--fee", fee, most=Decimal("0.1")),
                slippage=_amount("--slippage", slippage, most=Decimal("0.1")))  # fmt: skip
    run = Backtest(wanted, history, instrument, _amount("--equity", equity, least=Decimal(1)), fees)
    result = _with_progress(run)
    if as_json:
        console.print_json(_as_json(result))
    else:
        _report(result, show_trades=show_trades)


def list_plays(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The plays there are: your own (in the workspace) before those that ship."""
    from plays.errors import PlayError
    from plays.loading import library_plays, load_play, plays_in

    own = plays_in(open_desk(home).workspace.plays)
    lines = []
    for name, path in sorted((library_plays() | own).items()):
        line: dict[str, object] = {"play": name, "own": name in own}
        try:
            loaded = load_play(path)
            line |= {"symbol": loaded.symbol, "timeframe": loaded.timeframe, "warm-up": loaded.warmup_bars,
                     "hash": loaded.hash, "why": loaded.why, "error": None}  # fmt: skip
        except PlayError as error:
            line |= {"symbol": None, "timeframe": None, "warm-up": None, "hash": None, "why": None, "error": str(error)}
        lines.append(line)
    if as_json:
        console.print_json(lines)
    else:
        rows = [[*list(line.values())[:-2], line["error"] or line["why"]] for line in lines]
        console.print_table("plays", ("play", "own", "symbol", "timeframe", "warm-up", "hash", "why"), rows)


def check_play(play: PlayArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Is this play right? Says what it computes, or the line and column of what is wrong (exit code 2).

    Example: predator check-play my-plays/trend.yml
    """
    checked = _play(open_desk(home), play)
    program = checked.program
    rules = {name: program.nodes[position].text for name, position in program.rules.items()}
    features = [program.nodes[position].text for position in program.features]
    if as_json:
        console.print_json({
            "play": checked.name, "hash": checked.hash, "symbol": checked.symbol, "timeframe": checked.timeframe,
            "timeframes": program.timeframes, "warmup_bars": checked.warmup_bars, "rules": rules, "features": features,
        })  # fmt: skip
        return
    console.say(f"{checked.name} is right. hash {checked.hash}, {checked.warmup_bars} bars of warm-up")
    console.print_table("rules", ("rule", "means"), list(rules.items()))
    console.say("computes: " + ", ".join(features))


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
    wanted = _play(desk, play)
    found = proofs.parity(wanted, _candles(desk, wanted, exchange, candles, timerange))
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
    wanted = _play(desk, play)
    found = proofs.lookahead(wanted, _candles(desk, wanted, exchange, candles, timerange), checks)
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
    wanted = _play(desk, play)
    lines = proofs.warm_up_dependence(wanted, _candles(desk, wanted, exchange, candles, timerange))
    if as_json:
        console.print_json({"play": wanted.name, "warmup_bars": wanted.warmup_bars, "features": lines})
        return
    lengths = lines[0].history_bars if lines else ()
    rows = [(line.feature, *(f"{value:.6f} %" for value in line.difference_percent)) for line in lines]
    console.print_table(
        f"{wanted.name}: difference to the whole history", ("feature", *(f"{bars} bars" for bars in lengths)), rows
    )


# --- what the commands share -----------------------------------------------------------------------------------------


def _play(desk: Desk, name: str) -> Play:
    from plays.loading import find_play, load_play

    return load_play(find_play(name, [desk.workspace.plays]))


def _candles(desk: Desk, play: Play, exchange: str, file: Path | None, timerange: str | None) -> Candles:
    from instance_manager.timerange import parse_timerange

    start_ns, end_ns = parse_timerange(timerange)
    if file is not None:
        from adapters.candle_files import read_candle_file

        return read_candle_file(file, play.symbol, play.timeframe)[0].between(start_ns, end_ns)
    from adapters.candle_store import CandleStore

    store = CandleStore(desk.workspace.candles)
    history = store.load(exchange, play.symbol, play.timeframe, start_ns, end_ns)
    if history.first_gap() is not None:
        raise _several_stretches(store, exchange, play)
    return history


def _several_stretches(store: CandleStore, exchange: str, play: Play) -> DataError:
    from engine.errors import DataError

    stretches = "; ".join(
        f"{console.time_text(one.first_open_time_ns)} to {console.time_text(one.last_open_time_ns)}"
        for one in store.coverage(exchange, play.symbol, play.timeframe)
    )
    return DataError(
        f"the candles of {play.symbol} {play.timeframe} have gaps between these stretches: {stretches}. "
        "Choose one with --timerange, or import what is missing"
    )


def _terms(play: Play, candles: Candles) -> Instrument:
    from plays.terms import terms_for

    return terms_for(play.symbol, candles)


def _amount(option: str, text: str, *, least: Decimal = Decimal(0), most: Decimal = Decimal(10**9)) -> Decimal:
    from engine.errors import ConfigurationError

    try:
        amount = Decimal(text)
    except ArithmeticError:
        raise ConfigurationError(f"{option} {text!r} is not a number") from None
    if not (amount.is_finite() and least <= amount <= most):
        raise ConfigurationError(f"{option} {text} must be from {least} to {most}")
    return amount


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
