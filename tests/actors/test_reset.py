"""C16: a person's reset is refused while what it would clear persists, and says what that is."""

from __future__ import annotations

from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.order import OrderPurpose, Side
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import closed_trades, fate_of
from tests.builders import D, an_order

STOP = OrderPurpose.STOP
UNREAD = ct.Reconciled(state="WARNING", differences=("the exchange cannot be read",), compared_at_ns=1)


def reset(desk: Desk) -> ct.CommandAnswered:
    desk.tell(ct.ResetBreaker(reason="looked at it", operator="anna"))
    return [one.message for one in desk.sent if isinstance(one.message, ct.CommandAnswered)][-1]


def halted(desk: Desk) -> Desk:
    desk.tell(ct.FreezeWanted(cause="a test", text="halted"))
    return desk


def with_a_ghost() -> Desk:
    desk = Desk().ready()
    desk.exchange.place_foreign(an_order("web-7", STOP, trigger_price=D(30_000), side=Side.SELL), desk.now_ns)
    desk.run(3_000)
    assert desk.book.reconciliation == "CRITICAL"
    return desk


def test_it_is_done_when_nothing_is_against_it_with_name_and_reason():
    desk = halted(Desk().ready())

    answer = reset(desk)

    assert (answer.is_done, answer.text) == (True, "reset by anna: looked at it")
    assert desk.book.breaker.level == "GREEN"


def test_a_difference_that_readings_only_fail_to_see_still_stands():
    """Three readings that fail make CRITICAL a WARNING; the ghost order is there all the same."""
    desk = with_a_ghost()
    desk.tell(UNREAD)
    assert desk.book.reconciliation == "WARNING"

    answer = reset(desk)

    assert not answer.is_done
    assert "reconciliation is WARNING and was not HEALTHY since it found: an order nobody here sent" in answer.text
    assert desk.book.breaker.level == "RED"


def test_it_still_stands_after_a_restart():
    desk = with_a_ghost()
    desk.tell(UNREAD)
    desk.crash()
    desk.run(600)

    assert not reset(desk).is_done


def test_once_both_agree_it_is_done():
    desk = with_a_ghost()
    desk.tell(UNREAD)
    desk.exchange.cancel_foreign("web-7", desk.now_ns)
    desk.run(2_000)

    assert reset(desk).is_done


def test_while_nobody_knows_what_became_of_an_order_it_is_refused():
    desk = halted(holding_with_a_lost_stop())

    answer = reset(desk)

    assert (answer.is_done, answer.text) == (False, "an order is still unknown")


def holding_with_a_lost_stop() -> Desk:
    desk = Desk(fate_of(STOP, "request lost")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)
    assert any(order.is_unresolved for order in desk.book.open_orders())
    return desk


def test_a_position_that_cannot_be_closed_is_no_position_that_was_closed():
    """The reset was answered with done, and the same turn tripped RED and panic again."""
    desk = Desk(_refuse_all_but_entries).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(15_000)
    assert desk.book.is_panicked

    answer = reset(desk)

    assert (answer.is_done, answer.text) == (False, "the position cannot be closed stands: 3 exits were refused")
    assert desk.events(ev.BreakerReset) == []

    desk.fate = lambda call: "ok"
    desk.run(8_000)

    assert len(closed_trades(desk)) == 1
    assert reset(desk).is_done


def _refuse_all_but_entries(call: Message) -> str:
    is_entry = isinstance(call, ex.PlaceOrder) and call.order.purpose is OrderPurpose.ENTRY
    return "refuse nonsense" if isinstance(call, ex.PlaceOrder) and not is_entry else "ok"
