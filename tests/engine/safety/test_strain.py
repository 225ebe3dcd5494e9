"""Host, market, exchange speed and results: each trigger of the breaker at its limit, and below it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.messages import events as ev
from engine.messages.host import HostRead
from engine.order import OrderPurpose
from engine.safety import alarms, strain
from engine.safety.alarms import Vitals
from engine.safety.limits import Limits
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
AT_EASE = HostRead(
    memory_used=0.3, load_per_core=0.5, disk_free_bytes=50_000_000_000, instance_bytes=400_000_000, clock_step_ns=0
)


def raised_by(vitals, book=None, mark=None, now_ns=NOW_NS):
    return alarms.due(replace(vitals, heard_at_ns=now_ns), book or folded([started()]), LIMITS, mark, now_ns)


@pytest.mark.parametrize(
    ("reading", "cause", "level"),
    [
        ({"memory_used": 0.92}, "memory", "YELLOW"),
        ({"memory_used": 0.98}, "memory", "RED"),
        ({"load_per_core": 24.0}, "processor", "YELLOW"),
        ({"load_per_core": 96.0}, "processor", "RED"),
        ({"disk_free_bytes": 999_000_000}, "disk", "YELLOW"),
        ({"disk_free_bytes": 99_000_000}, "disk", "RED"),
        ({"instance_bytes": 3_000_000_000}, "own memory", "YELLOW"),
        ({"instance_bytes": 8_000_000_000}, "own memory", "RED"),
    ],
)
def test_c14_what_the_host_says_trips_the_breaker(reading, cause, level):
    raised = raised_by(Vitals(host=replace(AT_EASE, **reading)))

    assert (raised.cause, raised.level) == (cause, level)
    assert "limit" in raised.text


def test_a_host_at_ease_raises_nothing():
    assert raised_by(Vitals(host=AT_EASE)) is None
    almost = replace(AT_EASE, memory_used=0.91, load_per_core=23.9, disk_free_bytes=1_000_000_000)
    assert raised_by(Vitals(host=almost)) is None


def test_yellow_by_the_host_eases_when_it_was_well_for_a_while_and_does_not_flicker():
    tripped = ev.BreakerTripped(level="YELLOW", cause="memory", text="")
    book = folded([started(), tripped])
    vitals = alarms.after_event(Vitals(host=AT_EASE), tripped, book, NOW_NS)

    assert raised_by(vitals, book, now_ns=NOW_NS + 29 * SECOND_NS) is None
    assert isinstance(raised_by(vitals, book, now_ns=NOW_NS + 30 * SECOND_NS), ev.BreakerEased)


def test_a_reset_forgets_what_was_counted_and_not_how_the_host_fares():
    full = Vitals(host=replace(AT_EASE, disk_free_bytes=1))
    after = alarms.after_event(full, ev.BreakerReset(reason="", operator=""), folded([started()]), NOW_NS)

    assert raised_by(after).cause == "disk"


@pytest.mark.parametrize(("offset_ms", "level"), [(999, None), (1_000, "YELLOW"), (-1_000, "YELLOW"), (30_000, "RED")])
def test_a_clock_far_from_the_exchanges_trips_the_breaker(offset_ms, level):
    raised = raised_by(Vitals(clock_offset_ns=offset_ms * MS))

    assert (raised.level if raised else None) == level
    assert raised is None or ("behind" in raised.text) == (offset_ms > 0)


def test_a_step_of_our_own_clock_is_counted():
    small = alarms.after_reading(Vitals(), replace(AT_EASE, clock_step_ns=1_900 * MS), LIMITS, NOW_NS)
    step = alarms.after_reading(Vitals(), replace(AT_EASE, clock_step_ns=-2_000 * MS), LIMITS, NOW_NS)

    assert raised_by(small) is None
    assert raised_by(step).cause == "clock steps"


def test_a_slow_exchange_is_yellow():
    assert raised_by(Vitals(read_in_ns=3_999 * MS)) is None
    assert raised_by(Vitals(read_in_ns=4_000 * MS)).cause == "slow exchange"


def test_volatility_at_its_limit_is_too_much_and_ten_changes_are_enough_to_say_so():
    limits = replace(LIMITS, max_volatility=D("0.75"))
    closes = (100.0, 200.0) * 6  # changes of +100 % and -50 %: one deviation is exactly 75 %

    assert strain.volatility(closes[:11], limits) is not None
    assert strain.volatility(closes[:10], limits) is None
    assert strain.volatility((0.0, *closes[:11]), limits) is not None, "a price of nothing is no change"


def test_without_a_mark_price_a_position_is_as_large_as_when_it_was_entered():
    limits = replace(LIMITS, max_notional=D(1_000))

    assert strain.position_size(folded(opened()), limits, None) is not None


def test_results_at_their_limit_are_not_warned_of():
    limits = replace(LIMITS, sharpe_trades=2, least_sharpe=D("-0.5"))

    assert strain.poor_results([D(-3), D(1)], limits) is None
    assert strain.poor_results([D("-3.1"), D(1)], limits) is not None


def test_e2_closes_that_leap_are_yellow():
    def after(step):
        vitals = Vitals()
        for number in range(40):
            vitals = alarms.after_bar(vitals, 100.0 * (1 + step * (number % 2)), LIMITS)
        return vitals

    assert raised_by(after(0.02)) is None
    raised = raised_by(after(0.04))
    assert (raised.cause, raised.level) == ("volatility", "YELLOW")
    assert len(after(0.02).closes) <= LIMITS.volatility_bars + 1


@pytest.mark.parametrize(("mark", "level"), [(749_000, None), (750_000, "YELLOW"), (1_500_000, "RED")])
def test_c14_a_position_that_outgrew_its_limit_trips_the_breaker(mark, level):
    entry = an_order()
    book = folded([started(), intended(entry), accepted(entry.client_order_id), filled(a_fill())])
    assert book.position_quantity == D("0.1")

    raised = raised_by(Vitals(), book, D(mark))

    assert (raised.level if raised else None) == level
    assert raised is None or raised.cause == "position size"


def test_an_entry_that_ends_in_part_is_counted_and_a_stop_is_not():
    entry = an_order()
    part = filled(a_fill(quantity=D("0.04")))
    over = ev.OrderCancelled(client_order_id=entry.client_order_id)
    book = folded([started(), intended(entry), accepted(entry.client_order_id), part, over])

    assert alarms.after_event(Vitals(), over, book, NOW_NS).times == {alarms.Kind.PARTIAL_FILL: (NOW_NS,)}
    unfilled = folded([started(), intended(entry), accepted(entry.client_order_id), over])
    assert alarms.after_event(Vitals(), over, unfilled, NOW_NS).times == {}
    exit_part = filled(a_fill("2", "exit", sign=-1, quantity=D("0.04")))
    exit_over = ev.OrderCancelled(client_order_id="exit")
    held = folded([*opened(), intended(an_order("exit", OrderPurpose.EXIT)), accepted("exit"), exit_part, exit_over])
    assert alarms.after_event(Vitals(), exit_over, held, NOW_NS).times == {}


@pytest.mark.parametrize(("what", "counted"), [("died", 1), ("restarted", 0)])
def test_deaths_of_actors_are_counted(what, counted):
    event = ev.ActorChanged(role="data", what=what, generation=2, pid=7)

    vitals = alarms.after_event(Vitals(), event, folded([started()]), NOW_NS)

    assert len(vitals.times.get(alarms.Kind.RESTART, ())) == counted


def test_an_instrument_that_is_not_traded_is_told_apart_from_other_refusals():
    entry = an_order()
    no = ev.OrderRejected(client_order_id=entry.client_order_id, code="-4108", reason="symbol_closed")

    vitals = alarms.after_event(Vitals(), no, folded([started(), intended(entry), no]), NOW_NS)

    assert raised_by(vitals).cause == "refusals because the instrument is not traded"


def test_e2_steady_losses_warn_once_an_hour_and_halt_nothing():
    vitals = Vitals(profits=tuple(D(-10 if n % 5 else 3) for n in range(30)))

    warned = alarms.warning(vitals, LIMITS, NOW_NS)
    assert "Sharpe" in warned.text
    vitals = alarms.after_event(vitals, warned, folded([started()]), NOW_NS)

    assert raised_by(vitals) is None
    assert alarms.warning(vitals, LIMITS, NOW_NS + 3_599 * SECOND_NS) is None
    assert alarms.warning(vitals, LIMITS, NOW_NS + 3_600 * SECOND_NS) is not None
    assert alarms.warning(Vitals(profits=vitals.profits[:29]), LIMITS, NOW_NS) is None
    assert alarms.warning(Vitals(profits=tuple(-p for p in vitals.profits)), LIMITS, NOW_NS) is None
