from decimal import Decimal

import numpy as np
import pytest

from engine import performance
from engine.performance import ClosedTrade, drawdown, performance_of
from engine.protection import ExitReason

DAY_NS = 86_400_000_000_000
JANUARY_NS = 1_704_067_200_000_000_000  # 2024-01-01


def trade(pnl, day, reason=ExitReason.EXIT_SIGNAL):
    return ClosedTrade(
        side="long", quantity=Decimal(1), entry_time_ns=JANUARY_NS + day * DAY_NS,
        exit_time_ns=JANUARY_NS + day * DAY_NS, entry_price=Decimal(100), exit_price=Decimal(100) + pnl,
        fees=Decimal("0.5"), pnl=Decimal(pnl), exit_reason=reason,
    )  # fmt: skip


def figures(trades=(), equity=(), starting=100.0):
    times = JANUARY_NS + np.arange(len(equity), dtype=np.int64) * DAY_NS
    marks = np.array(equity, dtype=np.float64)
    return performance_of(trades, marks, times, np.linspace(10, 20, len(equity)), np.array([1, 3]), starting)


def test_figures_by_hand():
    trades = [trade(30, 0), trade(-10, 1, ExitReason.STOP_LOSS), trade(20, 40, ExitReason.ROI), trade(-20, 41)]

    found = figures(trades, [110, 99, 120, 120])

    assert (found.trades, found.wins, found.losses, found.win_rate_percent) == (4, 2, 2, 50)
    assert (found.profit_factor, found.expectancy, found.best_trade, found.worst_trade) == (50 / 30, 5, 30, -20)
    assert (found.average_win, found.average_loss, found.fees) == (25, -15, 2)
    assert found.return_percent == pytest.approx(20)
    assert (found.max_drawdown, found.max_drawdown_percent, found.max_drawdown_bars) == (11, pytest.approx(10), 1)
    assert (found.exposure_percent, found.average_bars_held, found.buy_and_hold_percent) == (100, 2, 100)
    assert [(line.exit_reason, line.trades, line.wins, line.pnl) for line in found.by_reason] == [
        ("roi", 1, 1, 20), ("stop_loss", 1, 0, -10), ("exit_signal", 2, 1, 10),
    ]  # fmt: skip


def test_ratios_are_of_daily_returns():
    found = figures(equity=[110, 99, 108.9])

    daily = np.array([0.1, -0.1, 0.1])
    assert found.sharpe == pytest.approx(daily.mean() / daily.std(ddof=1) * np.sqrt(365))
    assert found.sortino == pytest.approx(daily.mean() / np.sqrt(0.01 / 3) * np.sqrt(365))


def test_months_begin_with_the_equity_of_the_last():
    found = figures([trade(5, 3), trade(7, 33)], [100.0] * 10 + [150.0] * 21 + [120.0] * 9)

    assert [(line.month, line.trades, line.pnl, line.return_percent) for line in found.by_month] == [
        ("2024-01", 1, 50, 50), ("2024-02", 1, -30, -20),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("equity", "fall"),
    [
        ([], (0, 0, 0)),
        ([101, 102], (0, 0, 0)),
        ([90, 80, 100], (20, 0.2, 2)),
        ([120, 60, 90, 119, 121, 120], (60, 0.5, 3)),
    ],
)
def test_the_drawdown_counts_from_the_start(equity, fall):
    assert drawdown(np.array(equity, dtype=np.float64), 100.0) == fall


def test_a_long_curve_compiled_falls_to_the_bit_as_its_points_one_by_one():
    equity = 100 + np.random.default_rng(3).normal(size=performance.WORTH_COMPILING).cumsum() / 50
    peaks = np.maximum.accumulate(np.maximum(equity, 100.0))
    above = np.flatnonzero(np.concatenate(([True], equity >= peaks, [True])))

    found = drawdown(equity, 100.0)

    assert found == performance.deepest_falls(equity.tolist(), 100.0)
    assert found == ((peaks - equity).max(), ((peaks - equity) / peaks).max(), np.diff(above).max() - 1)
    assert found[2] > 100


@pytest.mark.parametrize("hours", [[], [0], [0, 1, 23, 24], [5, 23, 24, 26, 47, 120, 121], [-30, -1, 0]])
def test_the_last_bar_of_each_day_is_found_where_days_are_missing_too(hours):
    times = JANUARY_NS + np.array(hours, dtype=np.int64) * (DAY_NS // 24)
    days = [hour // 24 for hour in hours]

    found = performance.last_of_days(times).tolist()

    assert found == [max(at for at, day in enumerate(days) if day == one) for one in sorted(set(days))]


def test_nothing_divides_by_nothing():
    empty, lost, still = figures(), figures(equity=[50.0, 0.0, 0.0]), figures(equity=[100.0, 100.0, 100.0])

    assert (empty.profit_factor, empty.sharpe, empty.calmar, empty.by_month) == (0, 0, 0, ())
    assert (lost.return_percent, lost.calmar, lost.max_drawdown_percent) == (-100, 0, 100)
    assert (still.sharpe, still.sortino, still.calmar) == (0, 0, 0)


def test_a_short_lucky_run_does_not_explode():
    times = JANUARY_NS + np.arange(3, dtype=np.int64) * DAY_NS

    assert performance.annual(50.0, times) > 0
    assert np.isfinite(performance.annual(1e9, times))
