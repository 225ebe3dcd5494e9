import numpy as np
import pytest
from play_builders import made

from plays.features import FEATURES
from plays.indicators import catalogue, output_index, parameter_named

CANDLES = made(900)


def values_of(indicator):
    return {parameter.name: parameter.default for parameter in indicator.parameters}


def both_ways(name, values):
    indicator = catalogue()[name]
    inputs = [getattr(CANDLES, field) for field in indicator.inputs]
    stepper = indicator.stepper(values)
    stepped = [stepper.update(*bar) for bar in zip(*(column.tolist() for column in inputs), strict=True)]
    return indicator.lookback(values), indicator.batch(inputs, values), np.array(stepped).T


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_b3_every_indicator_gives_the_same_bits_in_batch_and_step(name):
    lookback, columns, stepped = both_ways(name, values_of(catalogue()[name]))

    for column, steps in zip(columns, stepped, strict=True):
        assert np.array_equal(column[lookback:].view(np.int64), steps[lookback:].view(np.int64)) or (
            np.isnan(column[lookback:]).any() and np.array_equal(column[lookback:], steps[lookback:], equal_nan=True)
        )


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_b6_the_look_back_is_where_the_first_value_is(name):
    if name in ("acos", "asin", "exp", "cosh", "sinh"):  # prices are beyond what these can take
        return
    lookback, columns, stepped = both_ways(name, values_of(catalogue()[name]))

    assert all(np.isfinite(column[lookback]) for column in columns)
    assert np.isfinite(stepped[:, lookback]).all()


def test_short_names_of_outputs_and_parameters():
    bands, macd, ema = (catalogue()[name] for name in ("bbands", "macd", "ema"))

    assert [output_index(bands, name) for name in ("upper", "lowerband", "", "up")] == [0, 2, None, None]
    assert [output_index(macd, name) for name in ("", "signal", "hist")] == [0, 1, 2]
    assert [getattr(parameter_named(ema, name), "name", None) for name in ("period", "time", "x")] == [
        "timeperiod", "timeperiod", None,
    ]  # fmt: skip


def window(values, bars):
    return np.lib.stride_tricks.sliding_window_view(values, bars)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("twpa", {"period": 5}, lambda c: window((c.open + c.high + c.low + c.close) / 4, 5).mean(axis=1)),
        ("velocity", {"period": 4}, lambda c: (c.close[4:] / c.close[:-4] - 1) * 100 / 4),
        ("momentum", {"period": 10}, lambda c: (c.close[10:] / c.close[:-10] - 1) * 100),
        ("pump_magnitude", {"period": 15}, lambda c: (c.close[14:] / window(c.low, 15).min(axis=1) - 1) * 100),
        ("spread", {"period": 10}, lambda c: window((c.high - c.low) / c.close, 10).mean(axis=1) * 100),
        (
            "volume_surge", {"short": 2, "long": 8},
            lambda c: window(c.volume, 10)[:, 8:].mean(axis=1) / window(c.volume, 10)[:, :8].mean(axis=1),
        ),
    ],
)  # fmt: skip
def test_e7_features_are_what_they_say(name, values, expected):
    lookback, (column,), _ = both_ways(name, values)

    np.testing.assert_allclose(column[lookback:], expected(CANDLES), rtol=1e-12, atol=1e-12)


def test_swings_are_confirmed_only_after_their_right_side_closed():
    _, (high, _), _ = both_ways("swing", {"bars": 3})
    peaks = [
        bar for bar in range(3, 897)
        if CANDLES.high[bar - 3 : bar + 4].argmax() == 3
    ]  # fmt: skip

    assert peaks
    for bar in peaks:
        assert high[bar + 3] == CANDLES.high[bar]
    changes = np.flatnonzero(np.diff(high[6:]) != 0) + 7
    assert {bar - 3 for bar in changes.tolist()} <= set(peaks)


def test_trend_and_zones_follow_from_the_swings():
    _, (trend,), _ = both_ways("trend", {"bars": 3})
    _, (support, resistance), _ = both_ways("zone", {"bars": 3, "width": 20})
    _, (high, low), _ = both_ways("swing", {"bars": 3})

    assert set(trend[6:].tolist()) == {-1.0, 0.0, 1.0}
    assert (np.abs(support[6:] / low[6:] - 1) <= 0.002).all()
    assert (np.abs(resistance[6:] / high[6:] - 1) <= 0.002).all()


def test_features_refuse_lengths_that_make_no_sense():
    assert [
        feature.name for feature in FEATURES if catalogue()[feature.name].lookback({feature.parameters[0][0]: 0}) >= 0
    ] == []
