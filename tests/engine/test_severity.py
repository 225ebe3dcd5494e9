"""Every kind of event has a severity, and one that says something better or worse than usual has another."""

from __future__ import annotations

import pytest

from engine.book import fold
from engine.messages import events as ev
from engine.messages import facts
from engine.severity import OF_KIND, Severity, severity_of


def test_every_kind_that_a_journal_may_hold_has_one():
    assert set(OF_KIND) == set(fold.KINDS)


def test_they_are_ordered():
    assert sorted(Severity, key=lambda one: one.rank) == [Severity.INFO, Severity.WARNING, Severity.CRITICAL]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ev.BreakerTripped(level="RED", cause="drawdown", text=""), Severity.CRITICAL),
        (ev.BreakerTripped(level="YELLOW", cause="slow", text=""), Severity.WARNING),
        (ev.ReconciliationChanged(state="HEALTHY", differences=()), Severity.INFO),
        (ev.ReconciliationChanged(state="WARNING", differences=()), Severity.WARNING),
        (ev.ReconciliationChanged(state="CRITICAL", differences=()), Severity.CRITICAL),
        (ev.StreamChanged(stream="user", is_up=True, text=""), Severity.INFO),
        (ev.StreamChanged(stream="user", is_up=False, text=""), Severity.WARNING),
        (ev.ActorChanged(role="data", what="started", generation=1, pid=1), Severity.INFO),
        (ev.ActorChanged(role="data", what="killed: silent", generation=1, pid=1), Severity.WARNING),
        (ev.ExitWanted(reason="roi"), Severity.INFO),
        (ev.ExitWanted(reason="emergency_exit"), Severity.CRITICAL),
        (facts.LimitsSet(limits={}), Severity.INFO),
        (facts.LimitsSet(limits={}, loosened=("max_notional 1 -> 2",), reason="so"), Severity.WARNING),
    ],
)
def test_it_is_that_of_what_the_event_says(event, expected):
    assert severity_of(event) is expected
