from decimal import Decimal

import numpy as np
import pytest
from play_builders import INSTRUMENT, a_play, made

from engine.errors import ConfigurationError
from plays.backtest import Backtest
from plays.monte_carlo import monte_carlo, moves_of, outcomes

CASH = Decimal(100_000)


def result_of(sizing="{percent_of_equity: 50}", bars=3_000):
    return Backtest(a_play(sizing=sizing), made(bars), INSTRUMENT, CASH).run()


@pytest.mark.parametrize(
    ("moves", "is_compounding", "final", "fall"),
    [
        ([10.0, -20.0, 5.0], False, 95.0, 20 / 110 * 100),
        ([-0.5, 1.0, -0.1], True, 90.0, 50.0),
        ([50.0, 10.0], False, 160.0, 0.0),
        ([-100.0, 500.0], False, 0.0, 100.0),  # what is gone does not come back
        ([-1.5, 9.0], True, 0.0, 100.0),
    ],
)
def test_outcomes_by_hand(moves, is_compounding, final, fall):
    finals, falls = outcomes(np.array([moves]), 100.0, is_compounding=is_compounding)

    assert finals[0] == pytest.approx(final)
    assert falls[0] == pytest.approx(fall)


@pytest.mark.parametrize("sizing", ["{percent_of_equity: 50}", "{notional: 1000}"])
def test_as_it_happened_is_the_backtest_itself(sizing):
    result = result_of(sizing)

    found = monte_carlo(result, 200, 1, 50.0)

    profit = float(sum(trade.pnl for trade in result.trades))
    assert found.final_equity == pytest.approx(float(CASH) + profit)
    assert found.is_compounding == (sizing != "{notional: 1000}")
    assert found.max_drawdown_percent <= result.metrics.max_drawdown_percent + 1e-9


def test_another_order_changes_the_drawdown_and_not_the_end():
    shuffled, bootstrapped = monte_carlo(result_of(), 500, 1, 50.0).distributions

    assert max(shuffled.final_equity.values()) == pytest.approx(min(shuffled.final_equity.values()))
    assert shuffled.max_drawdown_percent[99] > shuffled.max_drawdown_percent[1]
    assert bootstrapped.final_equity[95] > bootstrapped.final_equity[5]
    for one in (shuffled, bootstrapped):
        values = list(one.max_drawdown_percent.values())
        assert values == sorted(values)


def test_equal_seeds_give_equal_numbers_and_others_do_not():
    result = result_of()

    assert monte_carlo(result, 200, 1, 5.0) == monte_carlo(result, 200, 1, 5.0)
    assert monte_carlo(result, 200, 1, 5.0) != monte_carlo(result, 200, 2, 5.0)


def test_a_bootstrap_of_many_runs_centres_on_what_happened():
    result = result_of("{notional: 1000}")
    moves, _ = moves_of(result)

    bootstrapped = monte_carlo(result, 4_000, 1, 50.0).distributions[1]

    assert bootstrapped.final_equity[50] == pytest.approx(float(CASH) + moves.sum(), abs=0.1 * np.abs(moves).sum())


def test_too_few_trades_and_too_many_runs_are_refused():
    with pytest.raises(ConfigurationError, match="too few to mix"):
        monte_carlo(result_of(bars=60), 200, 1, 50.0)
    with pytest.raises(ConfigurationError, match="at most"):
        monte_carlo(result_of(), 10**9, 1, 50.0)
