"""The executor and what nobody knows: lost, late, doubled and reordered words of the exchange; a lost store."""

import pytest

from actors.executor_state import State
from adapters import simulated_rules
from engine.machine import Publish, Request
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import facts
from engine.order import OrderPurpose, OrderStatus
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, fate_of, holding
from tests.builders import NOW_NS, SYMBOL, D, a_fill, an_order

ENTRY, EXIT, STOP = OrderPurpose.ENTRY, OrderPurpose.EXIT, OrderPurpose.STOP
TARGET, EMERGENCY = OrderPurpose.TAKE_PROFIT, OrderPurpose.EMERGENCY_EXIT


@pytest.mark.parametrize("fate", ["answer lost", "silent"])
def test_an_unknown_entry_that_exists_is_found_by_its_id(fate):
    desk = Desk(fate_of(ENTRY, fate)).ready()
    desk.stream_is_up = False
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(14_000)

    assert len(desk.placed(ENTRY)) == 1
    assert desk.book.position_quantity == D("0.1")
    assert desk.book.open_orders(STOP)
    assert_all_agree(desk)


def test_while_an_entry_is_unknown_no_other_is_sent():
    desk = Desk(fate_of(ENTRY, "request lost")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(5_000)
    desk.cycle(2, Intent.ENTER_LONG)
    desk.run(1_000)

    assert len(desk.placed(ENTRY)) == 1
    assert [e.rule for e in desk.events(ev.SignalFiltered)] == ["one_order"]


def test_unknown_becomes_rejected_only_by_repeated_words_later_than_a_lost_request_can_live():
    desk = Desk(fate_of(ENTRY, "request lost")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(9_900)
    assert desk.book.orders[desk.placed(ENTRY)[0].client_order_id].status is OrderStatus.UNKNOWN

    desk.run(4_000)

    assert [e.reason for e in desk.events(ev.OrderRejected)] == ["not_found"]
    asked = [call for call in desk.calls if isinstance(call, ex.FindOrder)]
    assert 3 <= len(asked) <= 9, "the same answer again and again costs what others need for their questions"


def test_a_clock_that_is_set_forward_does_not_shorten_the_time_a_lost_request_may_live():
    desk = Desk(fate_of(ENTRY, "request lost")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(4_000)
    desk.now_ns += desk.state.settings.limits.receive_window_ms * 1_000_000
    desk.run(5_900)

    assert desk.book.orders[desk.placed(ENTRY)[0].client_order_id].status is OrderStatus.UNKNOWN
    assert desk.events(ev.OrderRejected) == []


def test_without_any_word_of_the_exchange_unknown_stays_unknown():
    def fate(call):
        return "request lost" if isinstance(call, (ex.PlaceOrder, ex.FindOrder)) else "ok"

    desk = Desk(fate).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(120_000, step_ms=500)

    assert desk.book.orders[desk.placed(ENTRY)[0].client_order_id].status is OrderStatus.UNKNOWN
    assert len(desk.placed(ENTRY)) == 1


def test_the_late_accept_trap_not_found_first_and_then_it_appears():
    desk = Desk(fate_of(ENTRY, "late")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(5_000)
    assert [m for m in desk.calls if isinstance(m, ex.FindOrder)], "asked too early, told: not found"

    desk.run(3_000)

    assert desk.book.position_quantity == D("0.1")
    assert desk.book.open_orders(STOP)
    assert len(desk.placed(ENTRY)) == 1
    assert_all_agree(desk)


def test_doubled_and_reordered_words_change_nothing():
    desk = Desk().ready()
    desk.holds_stream = True
    desk.cycle(1, Intent.ENTER_LONG)
    pushed, desk.exchange.pushed = desk.exchange.pushed, []
    desk.holds_stream = False
    for message in [*reversed(pushed), *pushed, *reversed(pushed)]:
        desk.tell(message)
    desk.run(1_000)

    assert len(desk.events(ev.OrderFilled)) == 1
    assert desk.book.position_quantity == D("0.1")
    assert_all_agree(desk)


def test_a_word_about_a_strange_order_is_no_word_about_ours():
    desk = holding()
    strange = an_order("web_17", status=OrderStatus.FILLED, filled_quantity=D("0.1"))
    report = simulated_rules.report(strange, desk.now_ns)
    desk.tell(ex.OrderUpdated(report=report))

    assert desk.book.position_quantity == D("0.1")


def test_nothing_is_sent_when_the_store_fails_and_the_journal_is_read_anew():
    desk = holding()
    desk.tell(ct.RecordFailed(text="disk full"))
    assert desk.state.phase == "HALTED"

    desk.tell(ct.Woken(label="store"))
    desk.run(1_500)

    assert desk.book.position_quantity == D("0.1")
    assert [event.text for event in desk.events(facts.StoreRegained)] == ["disk full"]
    assert_all_agree(desk)


def test_a_store_that_can_be_read_and_not_written_is_shown_and_asks_nothing_of_the_exchange():
    machine = holding().executor
    state, shown = machine.receive(State(settings=machine.settings), ct.RecordFailed(text="disk full"), NOW_NS)
    state, asked = machine.receive(state, ct.Woken(label="store"), NOW_NS)
    _, effects = machine.receive(state, ct.JournalRead(events=()), NOW_NS)

    assert Publish(phase="HALTED", extra={"store_failed": "disk full"}) in shown
    assert asked[0] == Request(port="journal", call=ct.ReadJournal())
    assert effects[0].events == (facts.StoreRegained(text="disk full"),)  # what follows needs it on the disk
    assert Request(port="exchange", call=ex.PrepareInstrument(symbol=SYMBOL, leverage=1)) in effects[1:]


def test_the_fill_of_an_order_taken_for_dead_is_still_money():
    desk = Desk(fate_of(ENTRY, "request lost")).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(13_000)
    name = desk.placed(ENTRY)[0].client_order_id
    assert desk.book.orders[name].status is OrderStatus.REJECTED

    desk.exchange.perform(ex.PlaceOrder(order=desk.placed(ENTRY)[0]), desk.now_ns)
    desk.run(1_000)

    assert desk.book.position_quantity == D("0.1")
    assert desk.book.open_orders(STOP)
    assert_all_agree(desk)


def test_history_before_the_journal_began_is_nobodys_business():
    desk = holding()
    desk.tell(ex.FillReceived(fill=a_fill("old", "web_1", occurred_at_ns=1)))
    desk.run(10_000)

    assert desk.book.breaker.level == "GREEN"
