from decimal import Decimal

import pytest
from play_builders import INSTRUMENT, a_play, made

from engine.errors import ConfigurationError
from plays.backtest import Backtest
from plays.sweep import grid, sweep

CASH = Decimal(100_000)


def searched():
    return a_play(
        parameters="{fast: {value: 3, low: 2, high: 6, step: 2}, slow: {value: 8, low: 8, high: 9, step: 1}, keep: 14}",
        entry="{long: ema(fast) crosses above ema(slow) and rsi(keep) > 10}",
        exit="{long: ema(fast) crosses below ema(slow)}",
    )


def test_the_grid_has_every_combination_of_what_has_a_range():
    assert grid(searched()) == tuple({"fast": fast, "slow": slow} for fast in (2, 4, 6) for slow in (8, 9))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_sweep_gives_what_single_runs_give(threads):
    play, candles = searched(), made(3_000)

    rows = list(sweep(play, candles, INSTRUMENT, CASH, grid(play), threads=threads))

    alone = [Backtest(play.with_parameters(values), candles, INSTRUMENT, CASH).run() for values in grid(play)]
    assert [row.values for row in rows] == list(grid(play))
    assert [(row.trades, row.final_equity) for row in rows] == [(len(one.trades), one.final_equity) for one in alone]
    assert len({row.play_hash for row in rows}) == 6


def test_a_parameter_the_play_does_not_have_is_refused():
    with pytest.raises(ConfigurationError, match="did you mean 'fast'"):
        searched().with_parameters({"fasst": 3})
