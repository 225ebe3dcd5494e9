"""A9: one judge for backtests and for what an instance traded."""

from decimal import Decimal

import pytest
from play_builders import INSTRUMENT, a_play, made

from plays.backtest import Backtest
from plays.loading import library_plays, load_play
from plays.score import Required
from plays.traded_score import Traded, traded_figures, traded_verdicts

CASH = Decimal(10_000)
DAY_NS = 86_400_000_000_000


@pytest.mark.parametrize("name", sorted(library_plays()))
def test_a9_the_trades_of_a_backtest_are_judged_alike_from_a_journal(name):
    result = Backtest(load_play(library_plays()[name]), made(20_000), INSTRUMENT, CASH).run()

    figures = traded_figures(
        [Traded(closed_at_ns=one.exit_time_ns, profit=one.pnl, fees=one.fees) for one in result.trades], CASH
    )

    for figure in ("trades", "wins", "win_rate_percent", "profit_factor", "expectancy", "fees", "best_trade"):
        assert getattr(figures, figure) == pytest.approx(getattr(result.metrics, figure), rel=1e-9), figure
    earned = float(sum(one.pnl for one in result.trades))
    assert figures.final_equity == pytest.approx(10_000 + earned)
    assert 0 < figures.max_drawdown <= result.metrics.max_drawdown + 1e-6


def test_days_without_a_trade_are_days_that_earned_nothing():
    def sharpe(*days):
        trades = [Traded(closed_at_ns=day * DAY_NS + 1, profit=Decimal(profit), fees=Decimal(0))
                  for day, profit in days]  # fmt: skip
        return traded_figures(trades, Decimal(100)).sharpe

    # 1 %, nothing, nothing, 1 %: mean 0.5 %, deviation 0.577 %; without the quiet days it would be infinite
    assert sharpe((0, 1), (3, "1.01")) == pytest.approx(0.005 / 0.0057735 * 365**0.5, rel=1e-4)


def test_what_cannot_be_told_is_not_judged():
    figures = traded_figures([Traded(closed_at_ns=1, profit=Decimal(5), fees=Decimal(1))], CASH)

    verdicts = traded_verdicts(Required(trades=2, expectancy=1.0, max_drawdown_bars=3), figures)

    assert [(one.figure, one.met) for one in verdicts] == [("trades", False), ("expectancy", True)]


def test_nothing_traded_has_nothing_to_show():
    assert traded_figures([], CASH).trades == 0
    assert traded_verdicts(a_play().required, traded_figures([], CASH)) == ()
