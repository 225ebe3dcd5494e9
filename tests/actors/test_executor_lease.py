"""Who needs the instrument: an executor that is halted and holds nothing gives it up, and asks again after a reset."""

from dataclasses import replace

import pytest

from actors.shell.lease_keeper import LeaseKeeper
from engine import ids
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.account import InstrumentReleased
from engine.safety.limits import ARRIVES_WITHIN_NS
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import holding
from tests.builders import SYMBOL, D, an_order

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


def sharing() -> Desk:
    """live-1, on an account with another."""
    desk = Desk()
    desk.settings = replace(desk.settings, sharers=("live-2",))
    desk.boot()
    return desk.ready()


def test_what_another_trades_on_an_instrument_that_was_given_up_halts_nobody():
    """Panicked and GREEN, live-1 gave its instrument up; live-2's first trade there used to panic live-2."""
    desk = sharing()
    desk.latches = ct.LatchesRead(scope="instance", reason="a person said so", flatten=False)
    desk.run(3 * SECOND_MS)
    money = desk.exchange.wallet.balance
    desk.exchange.place_foreign(an_order(f"{ids.owner_prefix('live-2')}1-abcd-1-E0", quantity=D("0.2")), desk.now_ns)
    desk.exchange.wallet.balance = money  # of a shared wallet nobody explains it alone
    desk.run(15 * SECOND_MS)

    assert desk.book.reconciliation == "WARNING"
    assert desk.book.breaker.level == "GREEN"
    assert desk.latches_of_others == {}


def test_an_execution_of_nobody_we_know_halts_whoever_sees_it():
    desk = sharing()
    desk.latches = ct.LatchesRead(scope="instance", reason="a person said so", flatten=False)
    desk.run(3 * SECOND_MS)

    desk.exchange.place_foreign(an_order("web-1", quantity=D("0.2")), desk.now_ns)
    desk.run(15 * SECOND_MS)

    assert desk.book.breaker.cause == "foreign fill"


def test_an_execution_of_the_other_while_the_instrument_is_ours_halts():
    desk = sharing()

    desk.exchange.place_foreign(an_order(f"{ids.owner_prefix('live-2')}1-abcd-1-E0", quantity=D("0.2")), desk.now_ns)
    desk.run(15 * SECOND_MS)

    assert desk.book.breaker.level == "RED"


def test_who_was_refused_the_instrument_says_who_trades_it():
    desk = sharing()
    desk.tell(ct.InstrumentRefused(symbol=SYMBOL, holder="live-2"))

    desk.reconcile()

    [view] = [one.message for one in desk.sent if isinstance(one.message, ct.ViewReported)]
    assert view.traded_by == "live-2"


def test_who_holds_it_or_shares_with_nobody_answers_for_all_that_stands_there():
    alone, holder = Desk().ready(), sharing()
    alone.tell(ct.InstrumentRefused(symbol=SYMBOL, holder="live-2"))

    for desk in (alone, holder):
        desk.reconcile()
        [view] = [one.message for one in desk.sent if isinstance(one.message, ct.ViewReported)]
        assert view.traded_by == ""


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


# --- answers that come late ------------------------------------------------------------------------------------------

SECOND = 1_000_000_000


def an_asking(at_ns: int) -> ct.InstrumentWanted:
    return ct.InstrumentWanted(
        instance="live-1", account="main", symbol="X", reply_to="executor", epoch=0, asked_at_ns=at_ns
    )


def an_answer_to(asking: ct.InstrumentWanted, epoch: int = 1) -> ct.InstrumentGranted:
    return ct.InstrumentGranted(symbol="X", epoch=epoch, valid_for_ns=15 * SECOND, asked_at_ns=asking.asked_at_ns)


def test_an_answer_that_waited_for_a_paused_process_is_not_taken_for_one_to_its_newest_asking():
    """After a pause of a minute an old answer once opened the gate for fifteen seconds more; only the fence held."""
    now = [0]
    keeper = LeaseKeeper(lambda: now[0])
    keeper.on_sent(before := an_asking(1))
    now[0] = 60 * SECOND
    keeper.on_sent(an_asking(2))

    keeper.on_received(an_answer_to(before))

    assert keeper.left_ns() <= 0


def test_each_answer_counts_from_its_own_asking_even_where_all_are_slow():
    now = [0]
    keeper = LeaseKeeper(lambda: now[0])
    askings = [an_asking(number) for number in range(1, 5)]
    for asking in askings:
        keeper.on_sent(asking)
        now[0] += SECOND

    keeper.on_received(an_answer_to(askings[1]))
    assert keeper.left_ns() == 15 * SECOND - 3 * SECOND
    keeper.on_received(an_answer_to(askings[3], epoch=2))
    assert (keeper.left_ns(), keeper.epoch) == (14 * SECOND, 2)
    keeper.on_received(an_answer_to(askings[2]))
    assert (keeper.left_ns(), keeper.epoch) == (14 * SECOND, 2)


@pytest.mark.parametrize(
    "end",
    [InstrumentReleased(instance="live-1", account="main", symbol="X"), ct.InstrumentRefused(symbol="X", holder="y")],
)
def test_an_answer_from_before_the_lease_was_given_up_or_refused_opens_nothing(end):
    keeper = LeaseKeeper(lambda: 0)
    keeper.on_sent(asking := an_asking(1))
    keeper.on_sent(end)
    keeper.on_received(end)

    keeper.on_received(an_answer_to(asking))

    assert keeper.left_ns() <= 0


def test_a_machine_renews_by_the_time_of_its_asking():
    desk = Desk().ready()
    late = ct.InstrumentGranted(
        symbol=SYMBOL, epoch=desk.state.epoch, valid_for_ns=15 * SECOND, asked_at_ns=desk.now_ns - 14 * SECOND
    )

    desk.tell(late)

    assert desk.state.ready.leased_until_ns == desk.now_ns + SECOND
