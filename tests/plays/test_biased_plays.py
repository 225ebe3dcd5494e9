"""Plays that cheat, each as people do by mistake elsewhere; here only with a part injected. All are caught."""

from dataclasses import replace

import numpy as np
import pytest
from play_builders import entering, made

from plays import batch, rules
from plays.indicators import catalogue
from plays.parity import lookahead, warm_up_dependence

CANDLES = made(1_500)


def inject(monkeypatch, name, compute, lookback):
    """An indicator of one series and one number that TA-Lib does not have; what is right stays as it is."""
    parameter = replace(catalogue()["sma"].parameters[0], name="period", default=5.0)
    false = replace(
        catalogue()["sma"], name=name, parameters=(parameter,), lookback=lambda values: lookback,
        batch=lambda inputs, values: (compute(np.asarray(inputs[0], float), int(values["period"])),),
    )  # fmt: skip
    whole = {**catalogue(), name: false}
    for module in (batch, rules):
        monkeypatch.setattr(module, "catalogue", lambda: whole)


def centred_mean(series, period):
    return np.convolve(series, np.ones(period) / period, mode="same")


def score_over_all(series, period):
    return (series - series.mean()) / series.std() * period


def next_value(series, period):
    return np.concatenate([series[1:], series[-1:]])


def filled_backwards(series, period):
    """Every `period`-th value is known, and said of the bars before it."""
    last = np.minimum((np.arange(len(series)) // period + 1) * period, len(series) - 1)
    return series[last]


def repainted_peaks(series, period):
    """A peak is told at its own bar, before its right side is there."""
    peaks = np.array(
        [series[max(0, bar - period) : bar + period + 1].max() == series[bar] for bar in range(len(series))]
    )
    return np.where(peaks, series, 0.0)


def smoothed_both_ways(series, period):
    """Without delay, because it runs back again."""
    weight, there = 2 / (period + 1), series.copy()
    for step in (1, -1):
        view = there[::step]
        for bar in range(1, len(view)):
            view[bar] = weight * view[bar] + (1 - weight) * view[bar - 1]
    return there


@pytest.mark.parametrize(
    "compute",
    [centred_mean, score_over_all, next_value, filled_backwards, repainted_peaks, smoothed_both_ways],
    ids=lambda compute: compute.__name__,
)
def test_an_indicator_that_sees_the_future_is_named(monkeypatch, compute):
    inject(monkeypatch, "false", compute, lookback=4)

    found = lookahead(entering("close > false(5)"), CANDLES, checks=60)

    assert "false(5)" in {one.what for one in found}


def test_the_same_injected_but_honest_is_not_accused(monkeypatch):
    inject(
        monkeypatch, "honest", lambda series, period: catalogue()["sma"].batch([series], {"timeperiod": period})[0], 4
    )

    assert lookahead(entering("close > honest(5)"), CANDLES, checks=60) == ()


def test_a_higher_timeframe_that_shows_its_unclosed_bar_is_found(monkeypatch):
    def from_its_open(run, node):
        values = run._values[node.inputs[0]]
        first, ratio = batch.alignment(run.candles, node.source)
        carried = np.full(len(run.candles), np.nan)
        carried[first : first + ratio * len(values)] = np.repeat(values, ratio)
        return carried

    monkeypatch.setattr(batch.BatchRun, "_carry", from_its_open)

    found = lookahead(entering("close > (sma(3) on 5m)"), CANDLES, checks=60)

    assert "sma(3) on 5m" in {one.what for one in found}


def slow_average(series, period):
    """It remembers for hundreds of bars, whatever warm-up it claims."""
    values = series.copy()
    for bar in range(1, len(values)):
        values[bar] = 0.005 * series[bar] + 0.995 * values[bar - 1]
    return values


def running_sum(series, period):
    return np.cumsum(series)


@pytest.mark.parametrize(("compute", "settles"), [(slow_average, True), (running_sum, False)])
def test_an_indicator_that_claims_too_short_a_warm_up_is_seen(monkeypatch, compute, settles):
    inject(monkeypatch, "hasty", compute, lookback=4)

    lines = warm_up_dependence(entering("close > hasty(5) and close > sma(50)"), CANDLES)

    differences = {line.feature: line.difference_percent for line in lines}
    assert differences["hasty(5)"][0] > 0.05
    assert (differences["hasty(5)"][-1] < 0.5) == settles
    assert max(differences["sma(50)"]) < 1e-9
