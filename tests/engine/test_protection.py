"""Protective exits, computed by hand: prices are ticks, an entry stands at 10,000."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protection import (
    ExitReason,
    ProtectionRules,
    advance,
    due_exit,
    open_protection,
    reason_of,
    touched,
)

LONG, SHORT = 1, -1
D = Decimal


def rules(**fields):
    return ProtectionRules(**{name: D(value) if isinstance(value, str) else value for name, value in fields.items()})


def followed(given, side, bars):
    """The state after bars of (high, low, close)."""
    state = open_protection(given, side, 10_000)
    for high, low, close in bars:
        state = advance(given, state, high, low, close)
    return state


@pytest.mark.parametrize(
    ("side", "stop", "target"),
    [(LONG, 9_800, 10_400), (SHORT, 10_200, 9_600)],
)
def test_levels_stand_from_the_entry_on(side, stop, target):
    state = open_protection(rules(stoploss="0.02", take_profit="0.04"), side, 10_000)

    assert (state.stop_ticks, state.take_profit_ticks, state.stop_moved) == (stop, target, False)


@pytest.mark.parametrize(("side", "stop", "target"), [(LONG, 3_233, 3_433), (SHORT, 3_433, 3_233)])
def test_levels_are_rounded_away_from_the_entry(side, stop, target):
    # 3,333 x 0.97 = 3,233.01 and x 1.03 = 3,432.99
    state = open_protection(rules(stoploss="0.03", take_profit="0.03"), side, 3_333)

    assert (state.stop_ticks, state.take_profit_ticks) == (stop, target)


def test_ratios_are_of_the_stake_as_in_freqtrade():
    state = open_protection(rules(stoploss="0.10", take_profit="0.20", leverage="10"), LONG, 10_000)

    assert (state.stop_ticks, state.take_profit_ticks) == (9_900, 10_200)


@pytest.mark.parametrize(
    ("side", "opened", "high", "low", "reason", "price"),
    [
        (LONG, 10_000, 10_100, 9_900, None, 0),
        (LONG, 10_000, 10_100, 9_800, ExitReason.STOP_LOSS, 9_800),
        (LONG, 10_000, 10_400, 9_900, ExitReason.TAKE_PROFIT, 10_400),
        (LONG, 10_000, 10_500, 9_700, ExitReason.STOP_LOSS, 9_800),
        (LONG, 9_700, 10_500, 9_600, ExitReason.STOP_LOSS, 9_700),
        (LONG, 10_450, 10_500, 9_600, ExitReason.TAKE_PROFIT, 10_450),
        (SHORT, 10_000, 10_100, 9_900, None, 0),
        (SHORT, 10_000, 10_200, 9_900, ExitReason.STOP_LOSS, 10_200),
        (SHORT, 10_000, 10_100, 9_600, ExitReason.TAKE_PROFIT, 9_600),
        (SHORT, 10_000, 10_300, 9_500, ExitReason.STOP_LOSS, 10_200),
        (SHORT, 10_300, 10_400, 9_500, ExitReason.STOP_LOSS, 10_300),
        (SHORT, 9_500, 10_300, 9_400, ExitReason.TAKE_PROFIT, 9_500),
    ],
)
def test_what_a_bar_touches_first_by_our_rule(side, opened, high, low, reason, price):
    state = open_protection(rules(stoploss="0.02", take_profit="0.04"), side, 10_000)

    code, fill = touched(state.numbers(), opened, high, low)

    assert (reason_of(code), fill) == (reason, price)


LOOSE = rules(stoploss="0.02", trailing_stop=True)
TIGHT = rules(stoploss="0.02", trailing_stop=True, trailing_stop_positive="0.01")
OFFSET = replace(TIGHT, trailing_stop_positive_offset=D("0.03"))
ONLY_OFFSET = replace(OFFSET, trailing_only_offset_is_reached=True)


@pytest.mark.parametrize(
    ("given", "side", "bars", "stop", "moved"),
    [
        # plain trailing: the stop follows the best price at the stoploss distance
        (LOOSE, LONG, [(10_000, 9_900, 9_950)], 9_800, False),
        (LOOSE, LONG, [(10_500, 9_900, 10_000)], 10_290, True),
        (LOOSE, LONG, [(10_500, 9_900, 10_000), (10_300, 10_295, 10_300)], 10_290, True),
        (LOOSE, SHORT, [(10_100, 9_500, 9_600)], 9_690, True),
        # a tighter distance once there is any profit
        (TIGHT, LONG, [(10_100, 9_990, 10_050)], 9_999, True),
        (TIGHT, SHORT, [(10_010, 9_900, 9_950)], 9_999, True),
        # an offset: loose below it, tight above
        (OFFSET, LONG, [(10_200, 9_990, 10_100)], 9_996, True),
        (OFFSET, LONG, [(10_400, 9_990, 10_100)], 10_296, True),
        # only once the offset is reached
        (ONLY_OFFSET, LONG, [(10_299, 9_990, 10_100)], 9_800, False),
        (ONLY_OFFSET, LONG, [(10_301, 9_990, 10_100)], 10_197, True),
        (ONLY_OFFSET, SHORT, [(10_000, 9_600, 9_700)], 9_696, True),
        # break-even, alone and with trailing: whichever is nearer to profit
        (rules(stoploss="0.02", break_even="0.01"), LONG, [(10_099, 9_900, 10_000)], 9_800, False),
        (rules(stoploss="0.02", break_even="0.01"), LONG, [(10_100, 9_900, 10_000)], 10_000, True),
        (rules(stoploss="0.02", break_even="0.01"), SHORT, [(10_000, 9_900, 10_000)], 10_000, True),
        (rules(stoploss="0.02", break_even="0.01", trailing_stop=True), LONG, [(10_100, 9_900, 10_000)], 10_000, True),
        (rules(stoploss="0.02", break_even="0.01", trailing_stop=True), LONG, [(10_500, 9_900, 10_000)], 10_290, True),
        # without a stop to begin with
        (rules(trailing_stop=True, trailing_stop_positive="0.01"), LONG, [(10_500, 9_900, 10_000)], 10_395, True),
    ],
)  # fmt: skip
def test_where_the_stop_stands_after_these_bars(given, side, bars, stop, moved):
    state = followed(given, side, bars)

    assert (state.stop_ticks, state.stop_moved, state.bars_held) == (stop, moved, len(bars))


def test_a_moved_stop_is_reported_as_trailing():
    state = followed(LOOSE, LONG, [(10_500, 10_400, 10_450)])

    code, price = touched(state.numbers(), 10_450, 10_460, 10_200)

    assert (reason_of(code), price) == (ExitReason.TRAILING_STOP_LOSS, 10_290)


ROI = ((0, D("0.04")), (2, D("0.02")), (5, D("0")))


@pytest.mark.parametrize(
    ("bars_held", "close", "due"),
    [
        (1, 10_399, None),
        (1, 10_400, "roi"),
        (2, 10_199, None),
        (2, 10_200, "roi"),
        (5, 9_999, None),
        (5, 10_000, "roi"),
    ],
)
def test_the_minimal_roi_shrinks_with_time(bars_held, close, due):
    given = rules(minimal_roi=ROI)

    state = followed(given, LONG, [(close, close, close)] * bars_held)

    assert due_exit(given, state, close) == due


@pytest.mark.parametrize(("minutes", "bar_minutes", "last_quiet", "due"), [(3, 1, 2, 3), (10, 5, 1, 2), (11, 5, 2, 3)])
def test_the_time_exit_counts_whole_bars(minutes, bar_minutes, last_quiet, due):
    given = rules(time_exit_minutes=minutes, bar_minutes=bar_minutes)
    quiet, late = (followed(given, SHORT, [(10_000, 10_000, 10_000)] * bars) for bars in (last_quiet, due))

    assert due_exit(given, quiet, 10_000) is None
    assert due_exit(given, late, 10_000) is ExitReason.TIME_EXIT


@given(
    side=st.sampled_from([LONG, SHORT]),
    stoploss=st.integers(1, 500).map(lambda number: D(number) / 1_000),
    positive=st.none() | st.integers(1, 300).map(lambda number: D(number) / 1_000),
    bars=st.lists(st.tuples(st.integers(5_000, 15_000), st.integers(0, 300)), max_size=30),
)
def test_the_stop_only_ever_moves_towards_profit(side, stoploss, positive, bars):
    given = rules(stoploss=stoploss, trailing_stop=True, trailing_stop_positive=positive, break_even="0.01")
    state = open_protection(given, side, 10_000)

    for middle, half in bars:
        moved = advance(given, state, middle + half, middle - half, middle)
        assert side * moved.stop_ticks >= side * state.stop_ticks
        assert side * moved.best_ticks >= side * state.best_ticks
        state = moved


def test_every_reason_has_its_code():
    assert [reason_of(reason.code) for reason in ExitReason] == list(ExitReason)
    assert reason_of(0) is None
