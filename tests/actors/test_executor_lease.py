"""Who needs the instrument: an executor that is halted and holds nothing gives it up, and asks again after a reset."""

from actors.shell.lease_keeper import LeaseKeeper
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.account import InstrumentReleased
from engine.safety.limits import ARRIVES_WITHIN_NS
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import holding

SECOND_MS = 1_000


def released(desk: Desk) -> list[InstrumentReleased]:
    return [effect.message for effect in desk.sent if isinstance(effect.message, InstrumentReleased)]


def halt(desk: Desk) -> None:
    desk.tell(ct.FreezeWanted(cause="a test", text="halted"))
    desk.run(3 * SECOND_MS)


def test_halted_and_flat_it_gives_the_instrument_up_once():
    desk = Desk().ready()

    halt(desk)

    assert len(released(desk)) == 1
    assert desk.state.ready.leased_until_ns is None


def test_halted_with_a_position_it_keeps_the_instrument_to_protect_it():
    desk = holding()

    halt(desk)

    assert released(desk) == []
    assert desk.state.ready.leased_until_ns > desk.now_ns


def test_after_a_reset_it_asks_again():
    desk = Desk().ready()
    halt(desk)

    desk.tell(ct.ResetBreaker(reason="looked at it", operator="a person"))
    desk.run(2 * SECOND_MS)

    assert desk.book.breaker.level == "GREEN"
    assert desk.state.ready.leased_until_ns is not None


def test_a_life_that_begins_halted_and_flat_does_not_ask():
    desk = Desk().ready()
    halt(desk)
    desk.crash()
    desk.run(3 * SECOND_MS)

    assert desk.state.ready.leased_until_ns is None
    assert [call for call in desk.calls if isinstance(call, ex.PlaceOrder)] == []


def keeper_with_a_lease(now: list[int]) -> LeaseKeeper:
    keeper = LeaseKeeper(lambda: now[0])
    keeper.on_sent(ct.InstrumentWanted(instance="live-1", account="main", symbol="X", reply_to="executor", epoch=0))
    keeper.on_received(ct.InstrumentGranted(symbol="X", epoch=1, valid_for_ns=60_000_000_000))
    return keeper


def test_what_was_given_up_opens_no_gate_any_more():
    keeper = keeper_with_a_lease([0])
    assert keeper.left_ns() == 60_000_000_000

    keeper.on_sent(InstrumentReleased(instance="live-1", account="main", symbol="X"))

    assert keeper.left_ns() <= 0
    assert keeper.released() is None


def test_the_end_of_a_life_says_for_how_long_its_last_order_may_still_arrive():
    now = [0]
    keeper = keeper_with_a_lease(now)
    now[0] = 20_000_000_000
    assert keeper.released() == InstrumentReleased(instance="live-1", account="main", symbol="X", settles_in_ns=0)

    keeper.on_order()
    now[0] += 1_000_000_000

    assert keeper.released().settles_in_ns == ARRIVES_WITHIN_NS - 1_000_000_000


def test_a_short_life_does_not_know_what_the_one_before_sent():
    now = [5]
    keeper = keeper_with_a_lease(now)

    assert keeper.released().settles_in_ns == ARRIVES_WITHIN_NS
