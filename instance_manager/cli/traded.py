"""`predator show-trades --score`: the figures of what an instance traded, judged as its play's backtests are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from instance_manager.cli import console
from instance_manager.cli.desk import Desk


def show_score(desk: Desk, instance: str, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Prints the figures of these trades and the verdicts on them; the play is the one the settings name."""
    from instance_manager.cli.backtest_report import performance_figures, print_verdicts, verdict_json
    from instance_manager.cli.plays import chosen_play
    from plays.traded_score import UNTOLD, Traded, traded_figures, traded_verdicts

    settings = desk.instance(instance)
    required = chosen_play(desk, settings.play).required
    trades = [Traded(**{name: row[name] for name in ("closed_at_ns", "profit", "fees")}) for row in rows]
    figures = traded_figures(trades, settings.capital)
    verdicts = traded_verdicts(required, figures)
    if as_json:
        console.print_json({"instance": instance, "required": verdict_json(verdicts), "metrics": asdict(figures)})
        return
    told = [line for line in performance_figures(figures) if line[0] not in UNSAID]
    console.print_table(f"what {instance} traded", ("figure", "is"), told)
    print_verdicts(verdicts)
    if getattr(required, UNTOLD) is not None:
        console.warn(f"{UNTOLD} cannot be told from trades alone")


# they need the candles
UNSAID = ("buy and hold", "longest drawdown", "in the market")
