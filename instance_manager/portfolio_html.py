"""A portfolio as one HTML file: as `html_report`, with a table of the instruments in place of one price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instance_manager.html_report import (
    LISTED_HEADS,
    MOST_LISTED,
    Rows,
    equity_charts,
    figure_tables,
    foot,
    head,
    listed_trade,
    page,
    table,
    trades_title,
)

if TYPE_CHECKING:
    from plays.portfolio_result import PortfolioResult


def portfolio_html(result: PortfolioResult, figures: Rows, symbols: Rows, required: Rows = ()) -> str:
    """The page. `figures`, `symbols` (its heads first) and `required` are rows of the terminal's report."""
    play, times = result.play, result.timeline.open_time_ns
    title = f"{play.name} on {len(result.instruments)} instruments, one account, {play.timeframe}"
    listed = [(one.symbol, *listed_trade(one.trade)) for one in result.trades[-MOST_LISTED:]]
    return page(title, [
        head(title, play.why, times), *equity_charts(times, result.equity_curve, float(result.starting_equity)),
        table("Instruments", [str(name) for name in symbols[0]], symbols[1:]),
        *figure_tables(result.metrics, figures, required),
        table(trades_title(len(result.trades)), ("instrument", *LISTED_HEADS), listed),
        foot(play.hash, result.signals_hash, result.trades_hash),
    ])  # fmt: skip
