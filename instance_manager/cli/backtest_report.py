"""The report of a backtest in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING

from instance_manager.cli import console
from plays.score import missing, passed

if TYPE_CHECKING:
    from engine.performance import ClosedTrade, Performance
    from plays.backtest_result import BacktestResult
    from plays.score import Verdict


def print_report(result: BacktestResult, *, show_trades: bool) -> None:
    """What was run, what it earned, by reason and by month; every trade when wanted."""
    candles, metrics = result.candles, result.metrics
    first, last = (console.time_text(int(candles.open_time_ns[position])) for position in (0, -1))
    console.say(f"{result.play.name} ({result.play.hash}) on {result.play.symbol} {result.play.timeframe}")
    console.say(f"{first} to {last}, {len(candles)} bars, {result.play.warmup_bars} of warm-up")
    if show_trades:
        _print_trades(result.trades)
    console.print_table("result", ("figure", "is"), figures(result))
    print_breakdowns(metrics)
    print_verdicts(result.verdicts)
    console.say(f"signals {result.signals_hash}, trades {result.trades_hash}")


def print_breakdowns(metrics: Performance) -> None:
    """The profit by exit reason and by month."""
    console.print_table(
        "by exit reason", ("reason", "trades", "won", "profit"),
        [(line.exit_reason, line.trades, line.wins, f"{line.pnl:.2f}") for line in metrics.by_reason],
    )  # fmt: skip
    console.print_table(
        "by month", ("month", "trades", "profit", "return"),
        [(line.month, line.trades, f"{line.pnl:.2f}", f"{line.return_percent:.2f} %") for line in metrics.by_month],
    )  # fmt: skip


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Whether the play's own requirements are met; nothing when it states none."""
    if not verdicts:
        return
    console.print_table("required", ("figure", "wanted", "is", "met"), verdict_rows(verdicts))
    lacking = missing(verdicts)
    console.say(f"required score: {f'missing {lacking}' if lacking else 'passed'}")


def verdict_rows(verdicts: Sequence[Verdict]) -> list[tuple[object, ...]]:
    """The verdicts as rows of a table."""
    return [(one.figure, one.wanted_text, one.reached_text, "yes" if one.met else "no") for one in verdicts]


def verdict_json(verdicts: Sequence[Verdict]) -> dict[str, object]:
    """The verdicts as `--json` has them; a figure that is infinite is null."""
    lines = [{**asdict(one), "reached": one.reached if isfinite(one.reached) else None} for one in verdicts]
    return {"passed": passed(verdicts), "missing": missing(verdicts) or None, "figures": lines}


def figures(result: BacktestResult) -> list[tuple[str, object]]:
    """The run's figures in words, for every kind of report."""
    one = result.open_trade
    still = f"{one.side} {one.quantity} from {one.entry_price}, {one.pnl:.2f}" if one else None
    return [
        *performance_figures(result.metrics),
        ("funding", f"{result.funding:.2f}" if result.funding else None),
        ("entries below the minimum", result.denied_entries or None),
        ("still open", still),
    ]


def performance_figures(metrics: Performance) -> list[tuple[str, object]]:
    """Figures in words, shortened for people."""
    return [
        ("equity", f"{metrics.starting_equity:.2f} → {metrics.final_equity:.2f} ({metrics.return_percent:.2f} %)"),
        ("buy and hold", f"{metrics.buy_and_hold_percent:.2f} %"),
        ("trades", f"{metrics.trades} ({metrics.win_rate_percent:.1f} % won)"),
        ("profit factor, expectancy", f"{metrics.profit_factor:.2f}, {metrics.expectancy:.2f} a trade"),
        ("average win, loss", f"{metrics.average_win:.2f}, {metrics.average_loss:.2f}"),
        ("best, worst trade", f"{metrics.best_trade:.2f}, {metrics.worst_trade:.2f}"),
        ("fees", f"{metrics.fees:.2f}"),
        ("deepest drawdown", f"{metrics.max_drawdown_percent:.2f} % ({metrics.max_drawdown:.2f})"),
        ("longest drawdown", f"{metrics.max_drawdown_bars} bars"),
        ("Sharpe, Sortino, Calmar", f"{metrics.sharpe:.2f}, {metrics.sortino:.2f}, {metrics.calmar:.2f}"),
        ("in the market", f"{metrics.exposure_percent:.1f} % of bars, {metrics.average_bars_held:.1f} bars a trade"),
    ]


def _print_trades(trades: tuple[ClosedTrade, ...]) -> None:
    console.print_table(
        "trades", ("opened", "closed", "side", "quantity", "entry", "exit", "fees", "profit", "reason"),
        [
            (
                console.time_text(trade.entry_time_ns), console.time_text(trade.exit_time_ns), trade.side,
                trade.quantity, trade.entry_price, trade.exit_price, f"{trade.fees:.4f}",
                f"{trade.pnl:.4f}", trade.exit_reason.value,
            )
            for trade in trades
        ],
    )  # fmt: skip
