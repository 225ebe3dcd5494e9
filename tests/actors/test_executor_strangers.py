"""D14: what somebody else does to our position is noticed at once from the stream, and what was attached is cleaned."""

from dataclasses import replace

import pytest

from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.order import OrderPurpose, OrderStatus, Side
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, closed_trades, holding
from tests.builders import MS, D, a_fill, an_order


def by_hand(desk: Desk, quantity: str, side: Side = Side.SELL, **fields) -> None:
    """A person's market order on the same account."""
    order = an_order("web_17", OrderPurpose.EXIT, side=side, quantity=D(quantity))
    desk.exchange.place_foreign(replace(order, **fields), desk.now_ns)
    desk.run(0)
    desk.tell(ct.Woken(label="nothing"))


def test_a_position_closed_by_hand_is_taken_in_within_seconds_and_cleaned():
    desk = holding()
    by_hand(desk, "0.1")
    desk.run(1_500)

    assert desk.book.position_quantity == 0
    assert [t.exit_reason for t in closed_trades(desk)] == ["closed_elsewhere"]
    assert desk.book.open_orders() == ()
    assert desk.book.breaker.level == "RED"
    assert desk.book.breaker.cause == "closed_elsewhere"
    assert_all_agree(desk)


def test_a_liquidation_is_called_by_its_name():
    desk = holding()
    desk.holds_stream = True
    by_hand(desk, "0.1")
    desk.exchange.fills[-1] = replace(desk.exchange.fills[-1], is_liquidation=True)
    desk.exchange.pushed = [ex.FillReceived(fill=desk.exchange.fills[-1])]
    desk.holds_stream = False
    desk.run(1_500)

    assert [t.exit_reason for t in closed_trades(desk)] == ["liquidation"]
    assert desk.book.breaker.cause == "liquidation"
    assert_all_agree(desk)


def test_what_was_executed_before_our_position_was_opened_is_no_part_of_it():
    """Simulated seed 9283: a person closed what was his, we opened ours, and then heard of his."""
    desk = Desk().ready()
    his = replace(a_fill("his", "web_17"), sign=-1, quantity=D("0.04"), occurred_at_ns=desk.now_ns - MS)
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(500)
    desk.tell(ex.FillReceived(fill=his))
    desk.run(6_000)

    assert desk.book.position_quantity == D("0.1") == desk.exchange.position.quantity
    assert [o.quantity for o in desk.book.open_orders(OrderPurpose.STOP)] == [D("0.1")]
    assert desk.book.breaker.cause == "foreign fill"


def test_what_fills_beyond_our_position_in_the_same_reading_is_a_trade_of_its_own():
    """Simulated seed 6167: our stop closed ours, our target then reduced what somebody else held, and one reading told
    both: the trade turned round, with the levels of the other side."""
    desk = holding()
    desk.stream_is_up = False
    stop, target = desk.book.open_orders(OrderPurpose.STOP, OrderPurpose.TAKE_PROFIT)
    beyond = a_fill("3", target.client_order_id, sign=-1, quantity=D("0.05"))

    desk.tell(ex.FillsFetched(fills=(a_fill("2", stop.client_order_id, sign=-1), beyond)))

    assert [trade.quantity for trade in closed_trades(desk)] == [D("0.1")]
    assert (desk.book.trade.number, desk.book.trade.direction) == (2, -1)
    assert desk.book.protection is None or desk.book.protection.side == -1


def test_who_opened_something_beside_ours_and_closes_it_makes_our_stop_no_smaller():
    """Simulated seed 4941: somebody sold on top of our short and bought his back; our stop was made smaller for it."""
    desk = holding()
    by_hand(desk, "0.05", Side.BUY, is_reduce_only=False)
    desk.run(3_000)
    assert desk.book.breaker.cause == "foreign fill"

    by_hand(desk, "0.05", client_order_id="web_18")
    desk.run(3_000)

    assert desk.book.position_quantity == D("0.1") == desk.exchange.position.quantity
    assert [o.quantity for o in desk.book.open_orders(OrderPurpose.STOP)] == [D("0.1")]
    assert desk.book.breaker.level == "RED"


def test_a_position_made_smaller_by_hand_keeps_a_stop_for_exactly_the_rest():
    desk = holding()
    by_hand(desk, "0.04")
    desk.run(3_000)

    assert desk.book.position_quantity == D("0.06")
    assert [o.quantity for o in desk.book.open_orders(OrderPurpose.STOP)] == [D("0.06")]
    assert closed_trades(desk) == []
    assert desk.book.breaker.level == "RED"
    assert desk.longest_naked_ns == 0
    assert_all_agree(desk)


@pytest.mark.parametrize(("side", "quantity"), [(Side.BUY, "0.05"), (Side.SELL, "0.15")])
def test_what_opens_enlarges_or_turns_round_is_left_alone(side, quantity):
    desk = holding()
    by_hand(desk, quantity, side, is_reduce_only=False)
    desk.run(3_000)

    assert desk.book.position_quantity == D("0.1")
    assert len(desk.events(ev.ForeignFillSeen)) == 1
    assert desk.book.breaker.level == "RED"
    assert [o.purpose for o in desk.placed()] == [OrderPurpose.ENTRY, OrderPurpose.STOP, OrderPurpose.TAKE_PROFIT]


def test_without_the_stream_the_next_reconciliation_brings_it():
    desk = holding()
    desk.stream_is_up = False
    by_hand(desk, "0.1")
    desk.run(3_000)

    assert [t.exit_reason for t in closed_trades(desk)] == ["closed_elsewhere"]
    assert_all_agree(desk)


def test_the_fill_of_a_triggered_stop_that_runs_ahead_of_its_word_is_ours():
    desk = holding()
    desk.holds_stream = True
    desk.market(39_100)
    fill = desk.exchange.fills[-1]
    as_pushed = replace(fill, client_order_id="", venue_order_id="999")
    desk.exchange.fills[-1] = as_pushed
    stop = desk.exchange.orders[fill.client_order_id]
    desk.exchange.orders[fill.client_order_id] = replace(stop, venue_order_id="999")
    desk.exchange.pushed = [ex.FillReceived(fill=as_pushed)]
    desk.holds_stream = False
    desk.run(1_500)

    assert desk.events(ev.ReducedElsewhere) == []
    assert [t.exit_reason for t in closed_trades(desk)] == ["stop_loss"]
    assert desk.book.breaker.level == "GREEN"
    assert_all_agree(desk)


def test_while_an_order_that_may_claim_it_does_not_answer_it_is_held_but_not_for_ever():
    desk = holding()
    desk.fate = lambda call: "request lost" if isinstance(call, ex.FindOrder) else "ok"
    by_hand(desk, "0.1")
    desk.run(4_500)
    assert desk.events(ev.ReducedElsewhere) == []

    desk.run(1_000)

    assert len(desk.events(ev.ReducedElsewhere)) == 1
    assert desk.book.position_quantity == 0


def test_a_held_fill_that_comes_again_with_its_owner_is_taken_once():
    desk = holding()
    desk.holds_stream = True
    desk.market(39_100)
    fill = desk.exchange.fills[-1]
    desk.exchange.pushed = [
        ex.FillReceived(fill=replace(fill, client_order_id="", venue_order_id="999")),
        ex.FillReceived(fill=fill),
    ]
    desk.holds_stream = False
    desk.run(10_000)

    assert len([e for e in desk.events(ev.OrderFilled) if e.fill.sign < 0]) == 1
    assert desk.events(ev.ForeignFillSeen, ev.ReducedElsewhere) == []
    assert desk.book.breaker.level == "GREEN"


def test_a_stop_cancelled_by_hand_is_placed_again():
    desk = holding()
    stop = desk.book.open_orders(OrderPurpose.STOP)[0]
    desk.exchange.cancel_foreign(stop.client_order_id, desk.now_ns)
    desk.run(1_500)

    assert [o.status for o in desk.book.open_orders(OrderPurpose.STOP)] == [OrderStatus.ACCEPTED]
    assert desk.longest_naked_ns <= 1_000_000_000
    assert_all_agree(desk)
