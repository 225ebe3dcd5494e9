"""A halt is told to a person: at once, until it is known to have arrived, and again by who finds it (A11, E5)."""

from __future__ import annotations

from engine.machine import Record, Send
from engine.messages import control as ct
from engine.messages import notices as nt
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import fate_of, holding

FREEZE = ct.FreezeWanted(cause="engine and store differ", text="engine at event 7, store at 6, and they stay different")


def alerts(desk: Desk) -> list[nt.Alert]:
    return [one.message for one in desk.sent if isinstance(one.message, nt.Alert)]


def test_a11_a_halt_is_told_once_with_what_is_at_stake():
    desk = holding()
    desk.tell(FREEZE)
    desk.run(60_000)

    (alert,) = alerts(desk)
    assert alert.subject.startswith("halt of 20")
    assert alert.text.startswith(f"live-1 HALTED, {FREEZE.cause}: {FREEZE.text}. It holds 0.100 from 40000")
    assert ", its stop is at 39200.00. Nothing is opened until a reset." in alert.text
    assert alert.text.endswith("predator status --instance live-1")
    assert not alert.is_again


def test_a_panic_of_one_that_holds_nothing_says_so():
    desk = Desk().ready()
    desk.latches = ct.LatchesRead(scope="global", reason="enough", flatten=False)
    desk.run(1_000)

    assert [one.text.split(". ")[:2] for one in alerts(desk)] == [["live-1 HALTED, panic: enough", "It holds nothing"]]


def test_a_position_without_a_stop_is_told_as_one():
    desk = Desk(fate_of(OrderPurpose.STOP, *["request lost"] * 9)).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.tell(FREEZE)

    assert "it has NO STOP" in alerts(desk)[0].text


def test_the_halt_is_durable_before_anybody_is_told():
    desk = holding()
    _, effects = desk.executor.receive(desk.state, FREEZE, desk.now_ns)

    told = [effect for effect in effects if isinstance(effect, Send) and isinstance(effect.message, nt.Alert)]
    assert isinstance(effects[0], Record)
    assert len(told) == 1


def test_while_the_notifier_is_away_it_is_tried_every_second_and_then_no_more():
    desk = holding()
    desk.notifier_is_up = False
    desk.tell(FREEZE)
    desk.run(3_000)
    tried = len(alerts(desk))

    desk.notifier_is_up = True
    desk.run(60_000)

    assert 2 <= tried <= 4
    assert len(alerts(desk)) == tried + 1
    assert len({one.subject for one in alerts(desk)}) == 1


def test_an_executor_that_comes_to_life_halted_says_it_again_and_one_that_was_reset_does_not():
    desk = holding()
    desk.tell(FREEZE)
    desk.crash()
    desk.run(2_000)

    first, again = alerts(desk)
    assert (again.subject, again.is_again) == (first.subject, True)

    desk.tell(ct.ResetBreaker(reason="looked at it", operator="anna"))
    desk.crash()
    desk.run(2_000)
    assert len(alerts(desk)) == 2
