from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from play_builders import INSTRUMENT, made

from engine.backtest.layout import MOST_TICKS
from plays.errors import BacktestError
from plays.ticks import prices_in_ticks

TICKS = [Decimal(text) for text in ("0.01", "0.05", "0.0001", "0.5", "1", "3")]


def candles_of(prices):
    """Candles whose open, high, low and close are these, whatever their order."""
    columns = np.array(prices, np.float64).reshape(-1, 4).T
    names = ("open", "high", "low", "close")
    return replace(made(len(columns[0])), **{name: column.copy() for name, column in zip(names, columns, strict=True)})


# whole ticks and what is between them, halves
HALVES = st.integers(1, 10**5).map(lambda whole: whole + Decimal("0.5"))
NUMBERS = st.one_of(st.decimals(Decimal("0.6"), 100_000, places=4), HALVES)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(numbers=st.lists(NUMBERS, min_size=4, max_size=40), tick=st.sampled_from(TICKS), shift=st.integers(-3, 3))
def test_prices_become_ticks_as_the_instrument_rounds_them(numbers, tick, shift):
    prices = [float(np.nextafter(float(one * tick), shift * np.inf) if shift else one * tick) for one in numbers]
    prices = prices[: len(prices) // 4 * 4]
    instrument = replace(INSTRUMENT, tick_size=tick)

    ticks = prices_in_ticks(candles_of(prices), instrument)

    assert ticks.ravel().tolist() == [instrument.to_ticks(price) for price in prices]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 0.0, -5.0, 0.004, float(MOST_TICKS) / 100 + 1])
@pytest.mark.parametrize("place", range(4))
def test_a_price_that_is_none_or_does_not_fit_the_tick_is_refused_wherever_it_stands(wrong, place):
    prices = np.full((9, 4), 100.0)
    prices[5, place] = wrong

    with pytest.raises(BacktestError, match="check the instrument's tick size"):
        prices_in_ticks(candles_of(prices), INSTRUMENT)


def test_no_bars_are_no_ticks():
    assert prices_in_ticks(made(3).rows(0, 0), INSTRUMENT).shape == (0, 4)


def test_columns_that_are_not_to_be_changed_or_do_not_lie_together_are_read_all_the_same():
    candles = made(100)
    for column in (candles.open, candles.close):
        column.flags.writeable = False

    assert np.array_equal(
        prices_in_ticks(candles.take(slice(None, None, 2)), INSTRUMENT), prices_in_ticks(candles, INSTRUMENT)[::2]
    )
