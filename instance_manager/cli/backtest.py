"""`predator backtest`: a play over stored candles, reported in the terminal, as JSON, Parquet and HTML."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from engine.market import TIMEFRAME_MINUTES
from instance_manager.cli import console
from instance_manager.cli.amounts import amount_of
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.exit_codes import ExitCode
from instance_manager.cli.history import HistoryOptions, stored_candles
from instance_manager.cli.option_group import spread
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.cli.plays import PlayArgument, chosen_play

if TYPE_CHECKING:
    from engine.funding import FundingRates
    from engine.instrument import Instrument
    from plays.backtest import Backtest, Fees
    from plays.backtest_result import BacktestResult
    from plays.schema import Play

EquityOption = Annotated[str, typer.Option("--equity", help="Starting equity.")]
FeeOption = Annotated[
    str | None,
    typer.Option("--fee", help="Fraction of notional for each fill, as 0.0005; else the play's.", show_default=False),
]
SlippageOption = Annotated[
    str | None,
    typer.Option("--slippage", help="Fraction of price that market fills lose; else the play's.", show_default=False),
]
DetailOption = Annotated[
    str | None,
    typer.Option("--timeframe-detail", help="Make and settle the bars on these finer candles.", show_default=False),
]
FundingOption = Annotated[
    str | None,
    typer.Option("--funding", help="A rate for each 8 hours, or a file of rates.", show_default=False),
]
SymbolsOption = Annotated[
    str | None,
    typer.Option("--symbols", help="Several, as A,B,C: one account trades them all.", show_default=False),
]
PlacesOption = Annotated[
    int | None,
    typer.Option("--max-open-trades", min=1, help="Positions at once, of several instruments.", show_default=False),
]
RequireOption = Annotated[
    bool, typer.Option("--require", help="Exit code 1 when the score that the play requires is not reached.")
]
ExportOption = Annotated[
    Path | None,
    typer.Option("--export", help="Write trades to FILE.parquet, equity to FILE.equity.parquet.", show_default=False),
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write the report with charts to one HTML file.", show_default=False)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(HistoryOptions):
    equity: EquityOption = "10000"
    fee: FeeOption = None
    slippage: SlippageOption = None


def register(app: typer.Typer) -> None:
    app.command("backtest")(spread(backtest))


def backtest(
    play: PlayArgument,
    given: RunOptions,
    detail: DetailOption = None,
    funding: FundingOption = None,
    symbols: SymbolsOption = None,
    max_open_trades: PlacesOption = None,
    show_trades: Annotated[bool, typer.Option("--trades", help="List every trade, too.")] = False,
    export: ExportOption = None,
    html: HtmlOption = None,
    require: RequireOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a play over stored candles and report what it would have earned.

    Example: predator backtest ma_cross --timerange 20240101-20240201 --html report.html

    Example: predator backtest ma_cross --symbols BTC/USDT:USDT,ETH/USDT:USDT --max-open-trades 1
    """
    from instance_manager.cli.backtest_report import print_report
    from instance_manager.cli.portfolio import report_portfolio, run_portfolio

    desk = open_desk(home)
    wanted = in_symbols(chosen_play(desk, play), symbols, max_open_trades)
    if wanted.symbols:
        require_no_more(detail, funding)
        shared = run_portfolio(desk, wanted, given, equity_of(given.equity), lambda one: fees_of(wanted, one, given))
        report_portfolio(shared, export, html, show_trades=show_trades, as_json=as_json)
        require_verdict(all(one.met for one in shared.verdicts), require=require)
        return
    result = finished(prepared(desk, wanted, given, detail, funding))
    _write_files(result, export, html)
    if as_json:
        console.print_json(_as_json(result))
    else:
        print_report(result, show_trades=show_trades)
    require_verdict(all(one.met for one in result.verdicts), require=require)


def prepared(
    desk: Desk, wanted: Play, given: RunOptions, detail: str | None = None, funding: str | None = None
) -> Backtest:
    """The run that these options mean."""
    from plays.backtest import Backtest
    from plays.batch import aggregated
    from plays.terms import terms_for

    require_finer(wanted, detail)
    history = stored_candles(desk, wanted, given, detail)
    finer = None if detail is None else history
    instrument = terms_for(wanted.symbol, history)
    record, rate = funding_of(desk, wanted, given.exchange, funding)
    fees = fees_of(wanted, instrument, given, rate)
    bars = history if finer is None else aggregated(history, wanted.timeframe)
    return Backtest(wanted, bars, instrument, equity_of(given.equity), fees, detail=finer, funding=record)


def require_finer(play: Play, detail: str | None) -> None:
    """Raises ConfigurationError for a `--timeframe-detail` that the play's bars cannot be made of."""
    whole = TIMEFRAME_MINUTES[play.timeframe]
    finer = [name for name, minutes in TIMEFRAME_MINUTES.items() if minutes < whole and whole % minutes == 0]
    if detail is not None and detail not in finer:
        raise ConfigurationError(
            f"--timeframe-detail {detail}: {play.name} has bars of {play.timeframe}, which can be made of "
            f"{', '.join(finer) or 'no finer ones'}"
        )


def funding_of(
    desk: Desk, play: Play, exchange: str, funding: str | None
) -> tuple[FundingRates | None, Decimal | None]:
    """(a record of rates, or one rate) of `--funding`; else the record beside the candles, if there is one."""
    from adapters.candles.funding_file import read_funding_file, stored_funding
    from adapters.candles.store import CandleStore

    if funding is None:
        return stored_funding(CandleStore(desk.workspace.candles), exchange, play.symbol), None
    if funding.endswith((".parquet", ".csv")):
        return read_funding_file(Path(funding)), None
    return None, amount_of("--funding", funding, least=Decimal(-1), most=Decimal(1))


def require_no_more(detail: str | None, funding: str | None) -> None:
    """Refuses what several instruments on one account do not know yet."""
    for option, value in (("--timeframe-detail", detail), ("--funding", funding)):
        if value is not None:
            raise ConfigurationError(
                f"{option} is for one instrument at a time: leave it out, or name one with --symbols"
            )


def in_symbols(play: Play, symbols: str | None, max_open_trades: int | None) -> Play:
    """The play in the instruments of `--symbols` and with the places of `--max-open-trades`, where they are given."""
    if symbols is None and max_open_trades is None:
        return play
    from plays.schema import SYMBOL

    names = tuple(name.strip() for name in symbols.split(",")) if symbols else play.symbols
    most = play.max_open_trades if max_open_trades is None else max_open_trades
    if len(names) < 2 and max_open_trades is not None:
        raise ConfigurationError("--max-open-trades is for several instruments: name them with --symbols A,B")
    for name in names:
        if not re.fullmatch(SYMBOL, name):
            raise ConfigurationError(f"--symbols: {name!r} is no symbol, write it as ccxt does, BTC/USDT:USDT")
        if names.count(name) > 1:
            raise ConfigurationError(f"--symbols: {name} is there twice")
    return play.with_symbols(names, most)


def equity_of(text: str) -> Decimal:
    """The starting equity of `--equity`."""
    return amount_of("--equity", text, least=Decimal(1))


def fees_of(play: Play, instrument: Instrument, given: RunOptions, funding_rate: Decimal | None = None) -> Fees:
    """What `--fee`, `--slippage` and `--funding` say; else the play's costs, else the instrument's."""
    from plays.backtest import usual_fees

    fees = usual_fees(play, instrument)
    if given.fee is not None:
        share = amount_of("--fee", given.fee, most=Decimal("0.1"))
        fees = replace(fees, taker=share, maker=share)
    if given.slippage is not None:
        share = amount_of("--slippage", given.slippage, most=Decimal("0.1"))
        fees = replace(fees, slippage=share, slippage_ticks=0)
    return fees if funding_rate is None else replace(fees, funding_rate=funding_rate)


def finished(run: Backtest) -> BacktestResult:
    """Runs to the end; a run of more than a second shows how far it is, on standard error."""
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


def require_verdict(is_passed: bool, *, require: bool) -> None:
    """Ends with exit code 1 when `--require` is given and the play's score is not reached."""
    if require and not is_passed:
        raise typer.Exit(ExitCode.FAILED)


def _write_files(result: BacktestResult, export: Path | None, html: Path | None) -> None:
    from instance_manager.cli.backtest_report import figures, verdict_rows

    if export is not None:
        from instance_manager import backtest_export

        console.warn("wrote " + " and ".join(str(file) for file in backtest_export.export(result, export)))
    if html is not None:
        from instance_manager.backtest_export import write_whole
        from instance_manager.html_report import html_report

        write_whole(html, html_report(result, figures(result), verdict_rows(result.verdicts)).encode())
        console.warn(f"wrote {html}")


def _as_json(result: BacktestResult) -> dict[str, object]:
    from instance_manager.cli.backtest_report import verdict_json

    candles = result.candles
    return {
        "play": result.play.name, "play_hash": result.play.hash, "symbol": result.play.symbol, "bars": len(candles),
        "from": console.time_text(int(candles.open_time_ns[0])), "to": console.time_text(int(candles.open_time_ns[-1])),
        "starting_equity": result.starting_equity, "final_equity": result.final_equity,
        "funding": result.funding,
        "denied_entries": result.denied_entries, "signals_hash": result.signals_hash, "trades_hash": result.trades_hash,
        "required": verdict_json(result.verdicts), "metrics": asdict(result.metrics),
        "trades": [asdict(trade) for trade in result.trades],
        "open_trade": asdict(result.open_trade) if result.open_trade else None,
    }  # fmt: skip
