"""A backtest as one HTML file that needs nothing else: no network, no script; light and dark as the reader's system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from engine.candles import utc
from instance_manager.charts import Mark, line_chart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.performance import ClosedTrade, Performance
    from plays.backtest_result import BacktestResult

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

# more marks than these hide the price, and more rows nobody reads; all trades are in --export and --json
MOST_MARKED, MOST_LISTED = 150, 500

Rows = Sequence[Sequence[object]]

STYLE = """
:root{color-scheme:light dark;--page:#fff;--ink:#1c2430;--soft:#667085;--rule:#e4e7ec;--card:#f7f8fa;
--line:#2563eb;--price:#667085;--gain:#12805c;--loss:#c0362c}
@media(prefers-color-scheme:dark){:root{--page:#12161d;--ink:#e6e9ef;--soft:#98a2b3;--rule:#2a313d;--card:#1a202a;
--line:#6ea0ff;--price:#98a2b3;--gain:#3ecf9a;--loss:#ff7a6e}}
body{background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p{color:var(--soft);margin:.2rem 0}
svg{width:100%;height:auto;background:var(--card);border-radius:6px}svg text{fill:var(--soft);font-size:11px}
svg .grid{stroke:var(--rule)}
.table{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:500}
.gain{color:var(--gain)}.loss{color:var(--loss)}code{font-size:.85em}
"""


def html_report(result: BacktestResult, figures: Rows, required: Rows = ()) -> str:
    """The page. `figures` and `required` are rows of the terminal's report, so that both say the same."""
    play, times = result.play, result.candles.open_time_ns
    title = f"{play.name} on {play.symbol} {play.timeframe}"
    equity = equity_charts(times, result.equity_curve, float(result.starting_equity))
    body = [head(title, play.why, times), *equity, _price_chart(result), *_tables(result, figures, required)]
    return page(title, [*body, foot(play.hash, result.signals_hash, result.trades_hash)])


def page(title: str, parts: Sequence[str]) -> str:
    """The whole file."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def head(title: str, why: str, times: Integers) -> str:
    """What was run, and over what time."""
    return (
        f"<h1>{escape(title)}</h1><p>{escape(why)}</p>"
        f"<p>{utc(int(times[0]))} to {utc(int(times[-1]))}, {len(times)} bars</p>"
    )


def foot(play_hash: str, signals_hash: str, trades_hash: str) -> str:
    """The fingerprints."""
    return (
        f"<p>play <code>{play_hash}</code>, signals <code>{signals_hash}</code>, trades "
        f"<code>{trades_hash}</code>. Past results say little about future ones.</p>"
    )


def equity_charts(times: Integers, equity: Floats, starting_equity: float) -> Iterator[str]:
    """Equity and drawdown."""
    from engine.performance import drawdown_curve

    falls = drawdown_curve(equity, starting_equity) * -100
    yield "<h2>Equity</h2>" + line_chart("equity", times, equity, tone="line")
    yield "<h2>Drawdown</h2>" + line_chart(
        "drawdown in percent", times, falls, tone="loss", height=140, is_area=True, unit=" %"
    )


def _price_chart(result: BacktestResult) -> str:
    marked = result.trades[-MOST_MARKED:]
    said = f" (entries and exits of the last {MOST_MARKED} trades)" if len(result.trades) > MOST_MARKED else ""
    marks = [mark for trade in marked for mark in _marks(trade)]
    return f"<h2>Price{said}</h2>" + line_chart(
        "price with entries and exits", result.candles.open_time_ns, result.candles.close, tone="price", height=320,
        marks=marks,
    )  # fmt: skip


def _marks(trade: ClosedTrade) -> Iterator[Mark]:
    tone = "gain" if trade.pnl > 0 else "loss"
    yield Mark(
        time_ns=trade.entry_time_ns, value=float(trade.entry_price), shape="up" if trade.side == "long" else "down",
        tone=tone, text=f"{trade.side} {trade.quantity} at {trade.entry_price}, {utc(trade.entry_time_ns)}",
    )  # fmt: skip
    yield Mark(
        time_ns=trade.exit_time_ns, value=float(trade.exit_price), shape="cross", tone=tone,
        text=f"{trade.exit_reason.value} at {trade.exit_price}, {utc(trade.exit_time_ns)}: {trade.pnl:.2f}",
    )  # fmt: skip


def _tables(result: BacktestResult, figures: Rows, required: Rows) -> Iterator[str]:
    yield from figure_tables(result.metrics, figures, required)
    listed = [listed_trade(one) for one in result.trades[-MOST_LISTED:]]
    yield table(trades_title(len(result.trades)), LISTED_HEADS, listed)


def figure_tables(metrics: Performance, figures: Rows, required: Rows) -> Iterator[str]:
    """What was required and reached; the profit by month and by exit reason."""
    if required:
        yield table("Required", ("figure", "wanted", "is", "met"), required)
    yield table("Figures", ("figure", "is"), [row for row in figures if row[1] is not None])
    yield table(
        "By month", ("month", "trades", "profit", "return"),
        [(one.month, one.trades, one.pnl, f"{one.return_percent:.2f} %") for one in metrics.by_month],
    )  # fmt: skip
    yield table(
        "By exit reason", ("reason", "trades", "won", "profit"),
        [(one.exit_reason, one.trades, one.wins, one.pnl) for one in metrics.by_reason],
    )  # fmt: skip


LISTED_HEADS = ("opened", "closed", "side", "quantity", "entry", "exit", "profit", "reason")


def listed_trade(one: ClosedTrade) -> tuple[object, ...]:
    """A trade as a row of LISTED_HEADS."""
    return (
        utc(one.entry_time_ns), utc(one.exit_time_ns), one.side, one.quantity, one.entry_price, one.exit_price,
        float(one.pnl), one.exit_reason.value,
    )  # fmt: skip


def trades_title(count: int) -> str:
    """Whether all trades are listed, or only the last."""
    return "Trades" if count <= MOST_LISTED else f"The last {MOST_LISTED} of {count} trades"


def table(title: str, columns: Sequence[str], rows: Rows) -> str:
    """One table under its title."""
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f'<h2>{escape(title)}</h2><div class="table"><table><tr>{heads}</tr>{body}</table></div>'


def _cell(value: object) -> str:
    """Floats are profits: to the cent, and coloured."""
    if isinstance(value, float):
        return f'<td class="{"gain" if value > 0 else "loss"}">{value:.2f}</td>'
    return f"<td>{escape(str(value))}</td>"
