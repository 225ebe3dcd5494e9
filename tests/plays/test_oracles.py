"""Indicators against what others compute: TA-Lib by column name, talipp bar by bar, and definitions by brute force."""

import numpy as np
import pytest
import talib
import talipp.indicators as others
from play_builders import histories, made
from talib import abstract
from talipp.ohlcv import OHLCV

from plays.indicators import WITHOUT, catalogue

CANDLES = made(900)
# seeds of recursive averages differ; by here they have died away
SETTLED = 600
FIELDS = ("open", "high", "low", "close", "volume")


def in_batch(name, values, candles=CANDLES):
    indicator = catalogue()[name]
    return indicator.batch([getattr(candles, field) for field in indicator.inputs], values)


def in_steps(name, values, candles=CANDLES):
    indicator = catalogue()[name]
    stepper = indicator.stepper(values)
    columns = (getattr(candles, field).tolist() for field in indicator.inputs)
    return np.array([stepper.update(*bar) for bar in zip(*columns, strict=True)]).T


@pytest.mark.parametrize("name", sorted(set(talib.get_functions()) - WITHOUT))
def test_b3_every_indicator_of_talib_is_that_indicator_of_talib(name):
    table = {field: getattr(CANDLES, field) for field in FIELDS}
    if list(abstract.Function(name).input_names) == ["prices"]:
        expected = abstract.Function(name)(table)
    else:
        inputs = [table[field] for field in catalogue()[name.lower()].inputs]
        expected = abstract.Function(name)(*inputs)
    columns = expected if isinstance(expected, list | tuple) else [expected]

    ours = in_batch(name.lower(), {})

    assert [np.array_equal(mine, theirs, equal_nan=True) for mine, theirs in zip(ours, columns, strict=True)] == (
        [True] * len(ours)
    )


# ours, its numbers, theirs, their outputs in our order, fed with bars instead of closes, their unit in ours
TALIPP = [
    ("sma", {"timeperiod": 20}, others.SMA(20), (), False, 1),
    ("ema", {"timeperiod": 20}, others.EMA(20), (), False, 1),
    ("wma", {"timeperiod": 20}, others.WMA(20), (), False, 1),
    ("dema", {"timeperiod": 20}, others.DEMA(20), (), False, 1),
    ("tema", {"timeperiod": 20}, others.TEMA(20), (), False, 1),
    ("t3", {"timeperiod": 5, "vfactor": 0.7}, others.T3(5, 0.7), (), False, 1),
    ("kama", {"timeperiod": 30}, others.KAMA(30, 2, 30), (), False, 1),
    ("rsi", {"timeperiod": 14}, others.RSI(14), (), False, 1),
    ("roc", {"timeperiod": 10}, others.ROC(10), (), False, 1),
    ("momentum", {"period": 10}, others.ROC(10), (), False, 1),
    ("trix", {"timeperiod": 10}, others.TRIX(10), (), False, 100),
    ("stddev", {"timeperiod": 14}, others.StdDev(14), (), False, 1),
    ("bbands", {"timeperiod": 20}, others.BB(20, 2), ("ub", "cb", "lb"), False, 1),
    ("macd", {}, others.MACD(12, 26, 9), ("macd", "signal", "histogram"), False, 1),
    ("atr", {"timeperiod": 14}, others.ATR(14), (), True, 1),
    ("natr", {"timeperiod": 14}, others.NATR(14), (), True, 1),
    ("cci", {"timeperiod": 20}, others.CCI(20), (), True, 1),
    ("adx", {"timeperiod": 14}, others.ADX(14, 14), ("adx",), True, 1),
    ("plus_di", {"timeperiod": 14}, others.ADX(14, 14), ("plus_di",), True, 1),
    ("minus_di", {"timeperiod": 14}, others.ADX(14, 14), ("minus_di",), True, 1),
    ("aroon", {"timeperiod": 14}, others.Aroon(14), ("down", "up"), True, 1),
    ("obv", {}, others.OBV(), (), True, 1),
    ("ad", {}, others.AccuDist(), (), True, 1),
    ("adosc", {}, others.ChaikinOsc(3, 10), (), True, 1),
    ("stochf", {"fastk_period": 14, "fastd_period": 3}, others.Stoch(14, 3), ("k", "d"), True, 1),
    ("willr", {"timeperiod": 14}, others.Williams(14), (), True, 1),
    ("sar", {}, others.ParabolicSAR(0.02, 0.02, 0.2), ("value",), True, 1),
    ("bop", {}, others.BOP(), (), True, 1),
    ("ultosc", {}, others.UO(7, 14, 28), (), True, 1),
]


@pytest.mark.parametrize(("name", "values", "other", "outputs", "is_of_bars", "unit"), TALIPP)
def test_b3_indicators_agree_with_talipp_bar_by_bar(name, values, other, outputs, is_of_bars, unit):
    rows = zip(*(getattr(CANDLES, field).tolist() for field in FIELDS), strict=True)
    theirs = []
    for row in rows:
        other.add(OHLCV(*row) if is_of_bars else row[3])
        last = other[-1]
        theirs.append([getattr(last, output) for output in outputs] if outputs and last is not None else [last])

    expected = np.array(theirs[SETTLED:], dtype=np.float64).T / unit

    for ours in (in_batch(name, values), in_steps(name, values)):
        np.testing.assert_allclose(np.array(ours)[:, SETTLED:], expected, rtol=1e-9, atol=1e-9)


# --- structures, from their definitions over the whole past at every bar ---------------------------------------------


def swing_points(values, side, sign):
    """(bar at which it is known, value) of all swing points: not below its left side, beyond all of its right."""
    found = [(2 * side, sign * max(sign * value for value in values[: 2 * side + 1]))] * 2
    for bar in range(side, len(values) - side):
        left, right = values[bar - side : bar], values[bar + 1 : bar + side + 1]
        is_beyond = all(sign * value < sign * values[bar] for value in right)
        if is_beyond and all(sign * value <= sign * values[bar] for value in left):
            found.append((bar + side, values[bar]))
    return found


def last_two(points, bar):
    """The last two that are known at `bar`, the newest first."""
    known = [value for when, value in points if when <= bar]
    return known[-1], known[-2]


def by_brute_force(candles, side, width):
    """swing, trend and zone at every bar that has them."""
    highs, lows = swing_points(candles.high.tolist(), side, 1), swing_points(candles.low.tolist(), side, -1)
    rows = []
    for bar in range(2 * side, len(candles)):
        (high, high_before), (low, low_before) = last_two(highs, bar), last_two(lows, bar)
        is_rising, is_falling = high > high_before and low > low_before, high < high_before and low < low_before
        resistance, support = (
            (last + before) / 2 if abs(last - before) <= width / 10_000 * before else last
            for last, before in ((high, high_before), (low, low_before))
        )
        rows.append((high, low, float(is_rising) - float(is_falling), support, resistance))
    return np.array(rows).T


@pytest.mark.parametrize("side", [1, 3, 8])
def test_b3_structures_kept_bar_by_bar_are_those_of_the_whole_past(side):
    width = 15
    for candles in [made(700, seed=3), *(history.rows(0, 700) for history in histories())]:
        expected = by_brute_force(candles, side, width)

        for ways in (in_batch, in_steps):
            swing, trend = ways("swing", {"bars": side}, candles), ways("trend", {"bars": side}, candles)
            zone = ways("zone", {"bars": side, "width": width}, candles)
            found = np.vstack([np.array(swing), np.array(trend), np.array(zone)])[:, 2 * side :]
            np.testing.assert_array_equal(found, expected)
        assert set(expected[2].tolist()) == {-1.0, 0.0, 1.0}
