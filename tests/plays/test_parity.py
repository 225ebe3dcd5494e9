"""The proofs must be able to fail: each is shown a fault that it has to find."""

from decimal import Decimal

import numpy as np
import pytest
from play_builders import INSTRUMENT, entering, made

from plays import batch as over_arrays
from plays.backtest import Backtest
from plays.loading import library_plays, load_play
from plays.parity import lookahead, parity, warm_up_dependence


@pytest.fixture
def sees_the_future(monkeypatch):
    """`close[1]` is the next close, not the last one, over arrays."""
    monkeypatch.setattr(over_arrays, "earlier", lambda values, bars: np.roll(values, -bars))


def test_parity_finds_the_first_bar_that_differs(sees_the_future):
    found = parity(entering("ema(5)[1] > close"), made(300))

    assert not found.holds
    assert found.first_difference.startswith("intent at 2020-01-01 00:")
    assert found.hash != found.stepped_hash


def test_lookahead_names_what_changes_without_the_future(sees_the_future):
    found = lookahead(entering("ema(5)[1] > close"), made(300), checks=40)

    assert {one.what for one in found} == {"intent"}
    assert any(one.with_future != one.without_future for one in found)


def test_a_higher_timeframe_read_too_early_is_found(monkeypatch):
    carry = over_arrays.BatchRun._carry
    monkeypatch.setattr(over_arrays.BatchRun, "_carry", lambda run, node: np.roll(carry(run, node), -1))

    assert lookahead(entering("close crosses above open on 5m"), made(300), checks=80)


@pytest.mark.parametrize("name", sorted(library_plays()))
def test_nothing_that_ships_sees_the_future(name):
    assert lookahead(load_play(library_plays()[name]), made(1_500), checks=40) == ()


def test_what_remembers_for_ever_depends_on_the_history_and_a_window_does_not():
    lines = {line.feature: line for line in warm_up_dependence(entering("ema(20) > sma(20)"), made(3_000))}

    assert lines["ema(20)"].history_bars == (20, 40, 80, 160)
    assert lines["ema(20)"].difference_percent[0] > lines["ema(20)"].difference_percent[-1]
    assert max(lines["sma(20)"].difference_percent) < 1e-9


def test_b5_the_fingerprints_are_those_of_the_last_release():
    result = Backtest(load_play(library_plays()["ma_cross"]), made(5_000), INSTRUMENT, Decimal(100_000)).run()

    assert (result.signals_hash, result.trades_hash) == ("a07c66eb2fcaf83d", "0e73184f76667606")
