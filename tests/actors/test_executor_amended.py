"""A stop of ours that somebody amended at the exchange: a right one rests beside it at once, and a person must look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.order import Order, OrderPurpose, OrderStatus
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, closed_trades, holding
from tests.builders import D

STOP, TARGET = OrderPurpose.STOP, OrderPurpose.TAKE_PROFIT
USELESS = {"quantity": D("0.01"), "trigger_price": D(1_000)}


def amend_by_hand(desk: Desk, purpose: OrderPurpose = STOP, **terms: object) -> Order:
    [ours] = desk.book.open_orders(purpose)
    there = desk.exchange.orders[ours.client_order_id]
    desk.exchange.perform(ex.AmendOrder(order=replace(there, **terms)), desk.now_ns)  # type: ignore[arg-type]
    return ours


@pytest.mark.parametrize("terms", [{"quantity": D("0.01")}, {"trigger_price": D(1_000)}, USELESS])
def test_a_right_stop_rests_beside_the_wrong_one_within_a_second_and_it_halts(terms):
    """0.1 at 39,200 became 0.01 at 1,000, and all was said to be HEALTHY."""
    desk = holding()
    wrong = amend_by_hand(desk, **terms)
    desk.run(1_000)

    right = desk.placed(STOP)[-1]
    assert right.client_order_id != wrong.client_order_id
    assert (right.quantity, right.trigger_price) == (wrong.quantity, wrong.trigger_price)

    desk.run(4_000)

    assert desk.book.breaker.level == "RED"
    [report] = desk.incidents
    assert report.cause == "reconciliation"
    assert "we know 0.100 at 39200.0" in report.text


def test_once_it_has_halted_the_wrong_one_is_taken_away_and_a_person_can_reset():
    desk = holding()
    wrong = amend_by_hand(desk, **USELESS)
    desk.run(8_000)

    assert not desk.exchange.orders[wrong.client_order_id].is_open
    assert [order.trigger_price for order in desk.book.open_orders(STOP)] == [D("39200.0")]
    assert desk.book.reconciliation == "HEALTHY"
    assert desk.book.breaker.level == "RED"
    assert_all_agree(desk)
    desk.tell(ct.ResetBreaker(reason="my own hand", operator="anna"))
    assert desk.book.breaker.level == "GREEN"


def test_one_that_was_made_smaller_and_fills_is_over_when_that_is_filled():
    """It was asked for without end, and nothing was opened any more (seed 26)."""
    desk = holding()
    wrong = amend_by_hand(desk, quantity=D("0.01"))
    desk.run(500)
    desk.market(39_100)  # both stops
    desk.run(3_000)

    ended = desk.book.orders[wrong.client_order_id]
    assert (ended.status, ended.filled_quantity) == (OrderStatus.EXPIRED, D("0.01"))
    assert [trade.quantity for trade in closed_trades(desk)] == [D("0.1")]
    assert desk.book.reconciliation == "HEALTHY"
    assert_all_agree(desk)


def test_it_is_over_also_where_nobody_heard_that_it_filled():
    """Whoever asks for a conditional order that filled hears that it was triggered: it was asked for without end, and
    nothing was opened any more (seeds 247, 328)."""
    desk = holding()
    wrong = amend_by_hand(desk, quantity=D("0.01"))
    desk.run(500)
    desk.stream_is_up = False
    desk.market(39_100)
    desk.run(12_000)

    ended = desk.book.orders[wrong.client_order_id]
    assert (ended.status, ended.filled_quantity) == (OrderStatus.EXPIRED, D("0.01"))
    assert_all_agree(desk)


def test_a_target_is_put_right_too():
    desk = holding()
    amend_by_hand(desk, TARGET, trigger_price=D(90_000))
    desk.run(5_000)

    assert [order.trigger_price for order in desk.placed(TARGET)] == [D("42000.0")] * 2
    assert desk.book.breaker.level == "RED"


def test_what_is_changed_back_before_it_was_confirmed_halts_nobody_and_leaves_one_stop():
    desk = holding()
    ours = amend_by_hand(desk, trigger_price=D(1_000))
    amend_by_hand_back = replace(desk.exchange.orders[ours.client_order_id], trigger_price=ours.trigger_price)
    desk.exchange.perform(ex.AmendOrder(order=amend_by_hand_back), desk.now_ns)
    desk.run(4_000)

    assert desk.book.breaker.level == "GREEN"
    assert len(desk.book.open_orders(STOP)) == 1


def test_a_stop_that_we_move_ourselves_is_no_amendment():
    desk = holding()
    for price in (40_500, 41_000, 41_500):
        desk.market(price)
        desk.cycle(len(desk._cycles) + 1, close=float(price))
        desk.run(6_000)

    assert len(desk.placed(STOP)) > 1
    assert desk.state is not None
    assert desk.state.busy.amended == frozenset()
    assert desk.book.breaker.level == "GREEN"
