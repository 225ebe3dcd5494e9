"""E4: the exchange is back. Everything is read and compared before anything is opened."""

from __future__ import annotations

from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.actors.executor_desk import Desk

ENTRY = OrderPurpose.ENTRY
LOST = ex.StreamLost(stream="user", reason="a test")
BACK = ex.StreamOpened(stream="user")


def waiting_for_the_stream() -> Desk:
    """HEALTHY a moment ago; the stream was lost, and an entry waits for it."""
    desk = Desk().ready()
    desk.tell(LOST)
    desk.cycle(1, Intent.ENTER_LONG)
    assert desk.placed() == []
    return desk


def test_a_verdict_from_before_the_stream_came_back_opens_nothing():
    desk = waiting_for_the_stream()

    desk.tell(BACK)

    assert desk.placed(ENTRY) == []
    reasons = [one.message.reason for one in desk.sent if isinstance(one.message, ct.ReconcileNow)]
    assert reasons[-1] == "user stream opened"


def test_neither_does_one_of_a_reading_that_was_made_before():
    desk = waiting_for_the_stream()
    desk.tell(BACK)

    desk.tell(ct.Reconciled(state="HEALTHY", differences=(), compared_at_ns=desk.now_ns))

    assert desk.placed(ENTRY) == []


def test_after_a_reading_that_agrees_the_entry_that_waited_leaves():
    desk = waiting_for_the_stream()
    desk.tell(BACK)
    desk.now_ns += 1_000_000

    desk.reconcile()

    assert len(desk.placed(ENTRY)) == 1
