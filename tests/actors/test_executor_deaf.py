"""An executor that may have missed what became of its orders: only a reading since its stream is up makes it sure."""

from __future__ import annotations

from engine.messages import exchange as ex
from engine.order import OrderPurpose
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, holding
from tests.builders import MS

STOP = OrderPurpose.STOP


def hears(desk: Desk) -> bool:
    assert desk.state is not None
    return desk.state.ready.hears


def resting_stops(desk: Desk) -> list[str]:
    return [o.client_order_id for o in desk.exchange.orders.values() if o.purpose is STOP and o.is_working]


def lose_the_stream(desk: Desk) -> None:
    desk.stream_is_up = False
    desk.tell(ex.StreamLost(stream="user", reason="a test"))


def open_the_stream(desk: Desk) -> None:
    desk.stream_is_up = True
    desk.tell(ex.StreamOpened(stream="user"))


def test_it_hears_once_it_has_read_the_exchange_while_its_stream_was_up():
    desk = Desk().ready()
    assert hears(desk)

    lose_the_stream(desk)
    desk.reconcile()
    assert not hears(desk)

    desk.now_ns += MS
    open_the_stream(desk)
    assert not hears(desk)
    desk.now_ns += MS
    desk.reconcile()
    assert hears(desk)


def test_a_reading_that_began_before_the_stream_was_up_does_not_count():
    desk = Desk().ready()
    lose_the_stream(desk)
    began_ns = desk.now_ns
    desk.now_ns += MS
    open_the_stream(desk)

    desk.now_ns = began_ns
    desk.reconcile()

    assert not hears(desk)


def test_while_deaf_a_moved_stop_leaves_the_old_one_standing_until_it_has_looked():
    """Simulated seeds 105 and 1699: the new one had met its trigger, filled in part and expired."""
    desk = holding()
    [old] = resting_stops(desk)
    lose_the_stream(desk)
    desk.market(40_400)
    for bar in (2, 3):
        desk.cycle(bar, close=40_400.0)
        desk.run(500, step_ms=50)

    assert old in resting_stops(desk)
    assert len(resting_stops(desk)) > 1

    open_the_stream(desk)
    desk.run(2_500)

    assert len(resting_stops(desk)) == 1
    assert_all_agree(desk)
