"""What is computed two at a time has the bits it has alone."""

import numpy as np
import pytest
from play_builders import a_play, made

from plays.batch import crossings
from plays.evaluator import batch
from plays.features import FEATURES
from plays.paired import both_crosses, two_averages

EWMA = next(feature for feature in FEATURES if feature.name == "ewma")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 2_001])
def test_two_averages_at_once_have_the_bits_of_each_alone(size):
    series = made(2_001).close[:size]

    pair = two_averages(series, 9, 21)

    for period, column in zip((9, 21), pair, strict=True):
        (alone,) = EWMA.batch([series], {"period": period})
        known = ~np.isnan(alone)
        assert column[known].tobytes() == alone[known].tobytes()


def test_a_cross_and_its_opposite_are_each_as_alone_also_where_there_is_no_number():
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, 4, 500).astype(float), rng.integers(0, 4, 500).astype(float)
    left[rng.integers(0, 500, 50)] = np.nan

    above, below = both_crosses(left, right)

    assert above.tolist() == crossings("crosses above", [left, right], 500).tolist()
    assert below.tolist() == crossings("crosses below", [left, right], 500).tolist()
    assert above.any()
    assert below.any()


@pytest.mark.parametrize("terms", [("ewma(3)", "ewma(8)"), ("ewma(ewma(5), 3)", "ewma(ewma(5), 9)"), ("ewma(8)", "7")])
def test_plays_of_pairs_and_of_one_after_the_other_say_the_same(terms):
    one, other = terms
    candles = made(800)
    up, down = (f"{{long: '{one} crosses {where} {other}'}}" for where in ("above", "below"))
    both = batch(a_play(entry=up, exit=down), candles)

    enters = batch(a_play(entry=up, exit="{}"), candles)
    leaves = batch(a_play(entry=down, exit="{}"), candles)

    assert both.intents.tolist() == (enters.intents | leaves.intents * 2).tolist()


def test_three_averages_of_one_series_are_those_of_three_plays():
    condition = "ewma(3) > ewma(5) and ewma(5) > ewma(9)"
    whole = batch(a_play(entry=f"{{long: {condition}}}"), made(300))

    for name, column in zip(whole.feature_names, whole.columns, strict=True):
        alone = batch(a_play(entry=f"{{long: {name} > 0}}", exit="{}"), made(300))
        assert column.tobytes() == alone.columns[0].tobytes()
