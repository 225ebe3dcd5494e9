"""Alarms: how many of what within which time make YELLOW and RED, and what eases by itself."""

from dataclasses import replace

import pytest

from engine.messages import events as ev
from engine.order import OrderPurpose
from engine.safety import alarms
from engine.safety import pace as paces
from engine.safety.alarms import Kind, Vitals
from engine.safety.breaker import Breaker, Level
from engine.safety.limits import Limits
from engine.safety.pace import Pace
from tests.builders import (
    MS,
    NOW_NS,
    SECOND_NS,
    D,
    a_fill,
    accepted,
    an_order,
    filled,
    folded,
    intended,
    opened,
    started,
)

LIMITS = Limits()
MINUTE_NS = 60 * SECOND_NS
THRESHOLDS = [
    (Kind.UNKNOWN_ORDER, 3, 10),
    (Kind.REFUSAL, 3, 10),
    (Kind.UNAVAILABLE, 5, 40),
    (Kind.STREAM_LOSS, 3, 20),
    (Kind.EMERGENCY, 1, 3),
    (Kind.CLOSED_SYMBOL, 1, 10),
    (Kind.RESTART, 8, 40),
    (Kind.CLOCK_STEP, 1, 20),
    (Kind.PARTIAL_FILL, 5, 30),
]
LONG_NS = {Kind.RESTART: 300 * SECOND_NS, Kind.CLOCK_STEP: 300 * SECOND_NS, Kind.PARTIAL_FILL: 3_600 * SECOND_NS}


def after(kind, times, at_ns=NOW_NS):
    vitals = Vitals(heard_at_ns=NOW_NS)
    for _ in range(times):
        vitals = alarms.noted(vitals, kind, at_ns)
    return vitals


def level_of(vitals, *, now_ns=NOW_NS, **book):
    raised = alarms.due(vitals, replace(folded([started()]), **book), LIMITS, None, now_ns)
    return raised.level if isinstance(raised, ev.BreakerTripped) else raised


@pytest.mark.parametrize(("kind", "yellow", "red"), THRESHOLDS)
def test_c14_so_many_within_their_time_are_yellow_and_so_many_red(kind, yellow, red):
    assert level_of(after(kind, yellow - 1)) is None
    assert level_of(after(kind, yellow)) == "YELLOW"
    assert level_of(after(kind, red - 1)) == "YELLOW"
    assert level_of(after(kind, red)) == "RED"
    assert level_of(after(kind, red, NOW_NS - LONG_NS.get(kind, MINUTE_NS))) is None


def test_every_kind_has_thresholds_that_are_tried_here():
    assert {kind for kind, _, _ in THRESHOLDS} == set(Kind)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (ev.OrderBecameUnknown(client_order_id="entry", text=""), Kind.UNKNOWN_ORDER),
        (ev.OrderRejected(client_order_id="entry", code="", reason="too_small"), Kind.REFUSAL),
        (ev.OrderRejected(client_order_id="entry", code="", reason="not_found"), None),
        (ev.StreamChanged(stream="user", is_up=False, text=""), Kind.STREAM_LOSS),
        (ev.StreamChanged(stream="user", is_up=True, text=""), None),
        (ev.ExitWanted(reason="emergency_exit"), Kind.EMERGENCY),
        (ev.ExitWanted(reason="exit_signal"), None),
    ],
)
def test_which_facts_count(event, kind):
    vitals = alarms.after_event(Vitals(), event, folded([started()]), NOW_NS)

    assert vitals.times == ({kind: (NOW_NS,)} if kind else {})


def test_ct4_no_word_of_the_exchange_for_a_minute_is_red():
    vitals = alarms.heard(Vitals(), NOW_NS)

    assert level_of(vitals, now_ns=NOW_NS + MINUTE_NS - 1) is None
    assert level_of(vitals, now_ns=NOW_NS + MINUTE_NS) == "RED"
    assert level_of(Vitals(), now_ns=NOW_NS + MINUTE_NS) is None


def an_entry_filled_at(price):
    order = an_order(reference_price=D(40_000))
    events = [started(), intended(order), accepted("entry"), filled(a_fill(price=D(price)))]
    return folded(events)


@pytest.mark.parametrize(
    ("price", "level"),
    [(40_200, None), (40_201, "YELLOW"), (41_200, "YELLOW"), (41_201, "RED"), (38_000, None)],
)
def test_ct5_an_entry_filled_far_from_its_decision_slows_or_halts(price, level):
    book = an_entry_filled_at(price)
    vitals = alarms.after_event(Vitals(heard_at_ns=NOW_NS), opened()[-1], book, NOW_NS)

    raised = alarms.due(vitals, book, LIMITS, None, NOW_NS)

    assert (raised.level if raised else None) == level


def test_ct5_what_a_way_out_cost_says_nothing_of_entries():
    stop = replace(an_order("stop", OrderPurpose.STOP), reference_price=D(50_000))
    out = filled(a_fill("2", "stop", sign=-1, price=D(30_000)))
    book = folded([intended(stop), accepted("stop"), out], book=an_entry_filled_at(40_000))

    assert alarms.after_event(Vitals(), opened()[-1], book, NOW_NS).slippage == 0


def test_ct5_yellow_for_slippage_lasts_five_minutes():
    book = replace(an_entry_filled_at(40_400), breaker=Breaker(level=Level.YELLOW, cause="slippage"))
    vitals = alarms.after_event(Vitals(), opened()[-1], book, NOW_NS)

    assert alarms.due(vitals, book, LIMITS, None, NOW_NS + 5 * MINUTE_NS - 1) is None
    assert alarms.due(vitals, book, LIMITS, None, NOW_NS + 5 * MINUTE_NS) == ev.BreakerEased()


def test_yellow_eases_after_a_quiet_while_and_not_before():
    yellow = Breaker(level=Level.YELLOW, cause="orders were refused")
    vitals = after(Kind.REFUSAL, 1)

    assert level_of(vitals, now_ns=NOW_NS + 30_000 * MS - 1, breaker=yellow) is None
    assert level_of(vitals, now_ns=NOW_NS + 30_000 * MS, breaker=yellow) == ev.BreakerEased()


def test_yellow_stands_while_its_cause_does_and_can_become_red():
    yellow = Breaker(level=Level.YELLOW, cause="orders were refused")

    assert level_of(after(Kind.REFUSAL, 3), breaker=yellow) is None
    assert level_of(after(Kind.REFUSAL, 10), breaker=yellow) == "RED"


def test_c16_red_never_eases():
    red = Breaker(level=Level.RED, cause="anything")

    assert level_of(Vitals(), now_ns=NOW_NS + 1_000 * MINUTE_NS, breaker=red) is None


def test_e13_ten_failed_entries_in_a_row_disable_the_instance():
    assert level_of(Vitals(), entries_failed=9) is None
    assert level_of(Vitals(), entries_failed=10) == "RED"


def test_daily_loss_and_drawdown_halt():
    assert level_of(Vitals(), day_start_equity=D(11_999)) is None
    assert level_of(Vitals(), day_start_equity=D(12_000)) == "RED"
    assert level_of(Vitals(), peak_equity=D(19_999)) is None
    assert level_of(Vitals(), peak_equity=D(20_000)) == "RED"


def usual(a_minute, recent):
    this = NOW_NS // MINUTE_NS
    return Pace(minutes=tuple((this - 20 + n, a_minute) for n in range(20)), recent=(NOW_NS,) * recent)


def test_e13_more_than_twice_the_usual_rate_of_orders_is_yellow():
    assert level_of(Vitals(), pace=usual(6, 12)) is None
    assert level_of(Vitals(), pace=usual(6, 13)) == "YELLOW"
    assert level_of(Vitals(), pace=usual(1, 9)) is None, "a handful is no rush"
    assert level_of(Vitals(), pace=usual(1, 10)) == "YELLOW"
    assert level_of(Vitals(), pace=Pace(recent=(NOW_NS,) * 50)) is None, "nothing is usual yet"


def test_ten_minutes_say_what_is_usual_and_nine_do_not():
    this = NOW_NS // MINUTE_NS

    def known(minutes):
        return Pace(minutes=tuple((this - minutes + n, 6) for n in range(minutes)))

    assert known(9).usual_orders_a_minute(NOW_NS) == 0
    assert known(10).usual_orders_a_minute(NOW_NS) == 6


def test_a_reset_forgets_the_outcomes_but_not_when_the_exchange_was_heard():
    vitals = alarms.after_event(after(Kind.REFUSAL, 10), ev.BreakerReset(reason="", operator=""), folded([]), NOW_NS)

    assert vitals == Vitals(heard_at_ns=NOW_NS)


def test_a_kind_keeps_a_bounded_number_of_times():
    assert len(after(Kind.UNAVAILABLE, 1_000).times[Kind.UNAVAILABLE]) == alarms.KEPT + 1


def test_the_pace_counts_a_minute_and_remembers_an_hour():
    pace = Pace()
    for second in range(7_200):
        pace = paces.after_intent(pace, NOW_NS + second * SECOND_NS, second % 2 == 0)

    end = NOW_NS + 7_199 * SECOND_NS
    assert pace.orders_a_minute(end) == 60
    assert pace.entries_a_minute(end) == 30
    assert pace.usual_orders_a_minute(end) == 60
    assert len(pace.minutes) <= paces.USUAL_MINUTES + 1
