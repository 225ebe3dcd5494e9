"""The gate and the breaker: what each look shuts for whom, and that RED is left by a person only."""

from dataclasses import replace

import pytest

from engine.order import OrderPurpose
from engine.safety import breaker as breakers
from engine.safety import gate
from engine.safety.breaker import Breaker, Level
from engine.safety.gate import Glance

CLEAR = Glance(is_panicked=False, guard_lease_left_ns=1, instrument_lease_left_ns=1, budget_left=True)
REDUCING = [purpose for purpose in OrderPurpose if purpose is not OrderPurpose.ENTRY]


@pytest.mark.parametrize("purpose", list(OrderPurpose))
def test_with_nothing_against_it_every_order_leaves(purpose):
    assert gate.check(purpose, CLEAR) is None


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"is_panicked": True}, "panic: it is latched; entries need it released by a person"),
        ({"guard_lease_left_ns": 0}, "guard: no guard is watching; entries need one whose lease runs"),
        ({"guard_lease_left_ns": -5}, "guard: no guard is watching; entries need one whose lease runs"),
        (
            {"instrument_lease_left_ns": 0},
            "lease: the instrument is not leased to this instance; entries need a lease that runs",
        ),
    ],
)
def test_f7_what_stops_an_entry_never_stops_a_way_out(seen, reason):
    glance = replace(CLEAR, **seen)

    assert gate.check(OrderPurpose.ENTRY, glance) == reason
    assert [gate.check(purpose, glance) for purpose in REDUCING] == [None] * len(REDUCING)


@pytest.mark.parametrize("purpose", list(OrderPurpose))
def test_the_fenced_and_the_broke_send_nothing_at_all(purpose):
    assert (
        gate.check(purpose, replace(CLEAR, is_fenced=True))
        == "fenced: a newer holder trades this instrument; only the newest may"
    )
    assert gate.check(purpose, replace(CLEAR, budget_left=False)) == gate.BROKE


@pytest.mark.parametrize(
    "seen",
    [
        {"is_fenced": True}, {"budget_left": False}, {"is_panicked": True}, {"guard_lease_left_ns": 0},
        {"instrument_lease_left_ns": 0},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_the_gate_refuses_is_said_as_rule_what_was_found_and_what_is_needed(seen):
    rule, _, said = gate.check(OrderPurpose.ENTRY, replace(CLEAR, **seen)).partition(": ")
    found, _, needed = said.partition("; ")

    assert rule.isalpha()
    assert found
    assert needed


LEVELS = list(Level)


@pytest.mark.parametrize("before", LEVELS)
@pytest.mark.parametrize("cause", LEVELS)
def test_c16_a_cause_only_ever_raises_the_level(before, cause):
    after = breakers.tripped(Breaker(level=before, cause="old"), cause, "new")

    assert LEVELS.index(after.level) == max(LEVELS.index(before), LEVELS.index(cause))
    assert after.cause == ("new" if LEVELS.index(cause) > LEVELS.index(before) else "old")


def test_c16_yellow_eases_and_red_does_not():
    assert breakers.eased(Breaker(level=Level.YELLOW, cause="x")) == Breaker()
    assert breakers.eased(Breaker(level=Level.RED, cause="x")) == Breaker(level=Level.RED, cause="x")
    assert breakers.reset() == Breaker()
