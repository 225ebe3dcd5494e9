"""`predator backtest` of a play over several instruments that share one account: load, run, report."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.errors import ConfigurationError
from engine.market import timeframe_ns
from instance_manager.cli import console
from instance_manager.cli.backtest_report import (
    performance_figures,
    print_breakdowns,
    print_verdicts,
    verdict_json,
    verdict_rows,
)
from instance_manager.cli.history import HistoryOptions, gap_error
from instance_manager.timerange import parse_timerange

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal
    from pathlib import Path

    from adapters.candles.store import CandleStore
    from engine.candles import Candles
    from engine.instrument import Instrument
    from instance_manager.cli.desk import Desk
    from plays.backtest import Fees
    from plays.portfolio import Portfolio
    from plays.portfolio_result import PortfolioResult, PortfolioTrade
    from plays.schema import Play
    from plays.timeline import Timeline

SLICE_BARS = 50_000


def run_portfolio(
    desk: Desk, play: Play, given: HistoryOptions, equity: Decimal, fees_of: Callable[[Instrument], Fees]
) -> PortfolioResult:
    """All instruments, one after the other, then the trading; on standard error how far it is.

    Raises DataError when candles of one of them are missing or have gaps, before anything is computed.
    """
    from rich.console import Console
    from rich.progress import Progress

    from adapters.candles.store import CandleStore
    from plays.portfolio import Portfolio

    if given.candles is not None:
        raise ConfigurationError("--candles FILE is of one instrument: import it, several are read from the store")
    store, bounds = CandleStore(desk.workspace.candles), parse_timerange(given.timerange)
    timeline = timeline_of(store, play, given.exchange, bounds)
    run = Portfolio(play, equity, timeline, len(play.symbols), play.max_open_trades)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        signals = bar.add_task("signals", total=len(play.symbols))
        for symbol in play.symbols:
            _begin(run, store.load(given.exchange, symbol, play.timeframe, *bounds), fees_of)
            _warn_of_funding(store, given.exchange, symbol)
            while run.advance():
                bar.refresh()
            bar.advance(signals)
        trading = bar.add_task("trading", total=run.progress().bars_total)
        while not (state := run.run_slice(SLICE_BARS)).is_done:
            bar.update(trading, completed=state.bars_done)
    return run.result()


def _begin(run: Portfolio, candles: Candles, fees_of: Callable[[Instrument], Fees]) -> None:
    from plays.terms import terms_for

    instrument = terms_for(candles.symbol, candles)
    run.begin(candles, instrument, fees_of(instrument))


def _warn_of_funding(store: CandleStore, exchange: str, symbol: str) -> None:
    from adapters.candles.funding_file import stored_funding

    if stored_funding(store, exchange, symbol) is not None:
        console.warn(f"the stored funding of {symbol} is not counted: only with one instrument it is")


def timeline_of(store: CandleStore, play: Play, exchange: str, bounds: tuple[int | None, int | None]) -> Timeline:
    """The time from the first bar of any of the instruments to the last of any; each has to be without gaps in it."""
    from plays.timeline import timeline_over

    return timeline_over([_span(store, play, exchange, symbol, bounds) for symbol in play.symbols], play.timeframe)


def _span(
    store: CandleStore, play: Play, exchange: str, symbol: str, bounds: tuple[int | None, int | None]
) -> tuple[int, int]:
    """(first, last) open time of one instrument within the bounds. Raises DataError with the remedy."""
    first, end = bounds
    stretches = [
        one for one in store.coverage(exchange, symbol, play.timeframe)
        if (end is None or one.first_open_time_ns < end) and (first is None or one.last_open_time_ns >= first)
    ]  # fmt: skip
    if not stretches:
        store.load(exchange, symbol, play.timeframe, first, end)  # says what is missing, and what there is
    if len(stretches) > 1:
        raise gap_error(store, exchange, symbol, play.timeframe)
    start, last = stretches[0].first_open_time_ns, stretches[0].last_open_time_ns
    step = timeframe_ns(play.timeframe)
    start = start if first is None else max(start, -(-first // step) * step)
    return start, last if end is None else min(last, (end - 1) // step * step)


def report_portfolio(
    result: PortfolioResult, export: Path | None, html: Path | None, *, show_trades: bool, as_json: bool
) -> None:
    """Everything that was asked for: files, and the terminal's report or JSON."""
    if export is not None:
        from instance_manager.backtest_export import export_portfolio

        console.warn("wrote " + " and ".join(str(file) for file in export_portfolio(result, export)))
    if html is not None:
        from instance_manager.backtest_export import write_whole
        from instance_manager.portfolio_html import portfolio_html

        symbols = [SYMBOL_HEADS, *symbol_rows(result)]
        text = portfolio_html(result, portfolio_figures(result), symbols, verdict_rows(result.verdicts))
        write_whole(html, text.encode())
        console.warn(f"wrote {html}")
    if as_json:
        console.print_json(portfolio_json(result))
    else:
        print_portfolio(result, show_trades=show_trades)


def print_portfolio(result: PortfolioResult, *, show_trades: bool) -> None:
    """What was run, what the account earned, by instrument, reason and month; every trade when wanted."""
    play, timeline, metrics = result.play, result.timeline, result.metrics
    first, last = (console.time_text(int(timeline.open_time_ns[position])) for position in (0, -1))
    console.say(f"{play.name} ({play.hash}) on {len(result.instruments)} instruments, one account, {play.timeframe}")
    console.say(f"{first} to {last}, {timeline.bars} bars, {play.warmup_bars} of warm-up for each instrument")
    if show_trades:
        console.print_table("trades", TRADE_HEADS, [trade_row(one) for one in result.trades])
    console.print_table("result", ("figure", "is"), portfolio_figures(result))
    console.print_table("by instrument", SYMBOL_HEADS, symbol_rows(result))
    print_breakdowns(metrics)
    print_verdicts(result.verdicts)
    console.say(f"signals {result.signals_hash}, trades {result.trades_hash}")


def portfolio_figures(result: PortfolioResult) -> list[tuple[str, object]]:
    """The figures in words, for every kind of report."""
    most = result.play.max_open_trades
    return [
        *performance_figures(result.metrics),
        ("positions at once", f"at most {most}" if most else "as many as instruments"),
        ("entries without a free place", result.crowded_entries or None),
        ("entries below the minimum", result.denied_entries or None),
    ]


SYMBOL_HEADS = ("instrument", "bars", "trades", "won", "profit", "still open")


def symbol_rows(result: PortfolioResult) -> list[tuple[object, ...]]:
    """One row for each instrument."""
    rows: list[tuple[object, ...]] = []
    for one in result.symbols:
        still = f"{one.open_trade.side} {one.open_trade.quantity}, {one.open_trade.pnl:.2f}" if one.open_trade else ""
        rows.append((one.symbol, one.bars, one.trades, one.wins, f"{one.pnl:.2f}", still))
    return rows


TRADE_HEADS = ("instrument", "opened", "closed", "side", "quantity", "entry", "exit", "fees", "profit", "reason")


def trade_row(one: PortfolioTrade) -> tuple[object, ...]:
    trade = one.trade
    return (
        one.symbol, console.time_text(trade.entry_time_ns), console.time_text(trade.exit_time_ns), trade.side,
        trade.quantity, trade.entry_price, trade.exit_price, f"{trade.fees:.4f}", f"{trade.pnl:.4f}",
        trade.exit_reason.value,
    )  # fmt: skip


def portfolio_json(result: PortfolioResult) -> dict[str, object]:
    """The report for programs."""
    play, timeline = result.play, result.timeline
    return {
        "play": play.name, "play_hash": play.hash, "symbols": [one.symbol for one in result.instruments],
        "max_open_trades": play.max_open_trades, "bars": timeline.bars,
        "from": console.time_text(int(timeline.open_time_ns[0])),
        "to": console.time_text(int(timeline.open_time_ns[-1])),
        "starting_equity": result.starting_equity, "final_equity": result.final_equity,
        "denied_entries": result.denied_entries, "crowded_entries": result.crowded_entries,
        "signals_hash": result.signals_hash, "trades_hash": result.trades_hash,
        "required": verdict_json(result.verdicts), "metrics": asdict(result.metrics),
        "by_symbol": [asdict(one) for one in result.symbols],
        "trades": [{"symbol": one.symbol, **asdict(one.trade)} for one in result.trades],
    }  # fmt: skip
