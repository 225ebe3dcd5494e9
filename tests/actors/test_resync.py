"""C13, D9: the exchange's truth is adopted when halted, read lately, at rest and confirmed by a person; else not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.machine import Request
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import facts
from engine.messages.operator import ResyncWanted
from engine.order import OrderPurpose, OrderStatus, Side
from engine.position import Position
from engine.resync import adoption
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, closed_trades, holding
from tests.builders import D, an_order

STOP = OrderPurpose.STOP


def halted(desk: Desk) -> Desk:
    desk.latches = ct.LatchesRead(scope="instance", reason="somebody looks", flatten=False)
    desk.run(3_000)
    return desk


def said(desk: Desk, token: str = "") -> ct.CommandAnswered:
    desk.tell(ResyncWanted(reason="compared by hand", operator="anna", token=token))
    return [one.message for one in desk.sent if isinstance(one.message, ct.CommandAnswered)][-1]


def token_in(answer: ct.CommandAnswered) -> str:
    assert answer.is_done, answer.text
    return answer.text.rsplit(" ", 1)[1]


def adopt(desk: Desk) -> ct.CommandAnswered:
    return said(desk, token_in(said(desk)))


def settled(desk: Desk) -> Desk:
    """After the adoption a person resets, and it is well again."""
    desk.run(3_000)
    assert desk.book.reconciliation == "HEALTHY", desk.notes
    desk.latches = ct.LatchesRead(scope="", reason="", flatten=False)
    desk.tell(ct.ResetBreaker(reason="adopted", operator="anna"))
    desk.run(1_000)
    assert desk.book.breaker.level == "GREEN"
    return desk


def a_phantom() -> Desk:
    """We hold 0.1; at the exchange it vanished, its orders too, and no execution says so."""
    desk = holding()
    desk.exchange.position = Position()
    for name, order in desk.exchange.orders.items():
        if order.is_open:
            desk.exchange.orders[name] = replace(order, status=OrderStatus.CANCELLED)
    return halted(desk)


def an_untracked(side: Side = Side.BUY) -> Desk:
    """Somebody opened 0.2 on our instrument."""
    desk = Desk().ready()
    foreign = an_order("web-1", quantity=D("0.2"), side=side)
    desk.exchange.place_foreign(foreign, desk.now_ns)
    return halted(desk)


def test_a_phantom_position_is_adopted_as_gone_and_its_trade_is_closed():
    desk = a_phantom()
    assert desk.book.reconciliation == "CRITICAL"
    assert desk.book.position_quantity == D("0.1")

    answer = adopt(desk)

    assert answer.is_done
    assert "ours 0.100 becomes the exchange's 0" in answer.text
    assert desk.book.position_quantity == 0
    assert [trade.exit_reason for trade in closed_trades(desk)] == ["adopted"]
    assert_all_agree(settled(desk))


@pytest.mark.parametrize(("side", "held"), [(Side.BUY, D("0.2")), (Side.SELL, D("-0.2"))])
def test_an_untracked_position_is_adopted_and_gets_a_stop_of_ours(side, held):
    desk = an_untracked(side)
    assert desk.book.reconciliation == "CRITICAL"

    adopt(desk)
    desk.run(2_000)

    assert desk.book.position_quantity == held
    assert [order.quantity for order in desk.placed(STOP)] == [abs(held)]
    assert_all_agree(settled(desk))
    assert desk.placed(OrderPurpose.ENTRY) == [], "the order it would have had is never sent"


def test_what_is_adopted_at_the_bar_of_an_earlier_trade_shares_no_id_with_it():
    """It did, and the executor died of it each time it began (seed 6086)."""
    desk = holding()
    desk.market(39_100)  # its stop
    desk.run(1_000)
    assert len(closed_trades(desk)) == 1
    desk.exchange.place_foreign(an_order("web-1", quantity=D("0.2"), side=Side.BUY), desk.now_ns)
    halted(desk)

    adopt(desk)
    desk.run(2_000)

    names = [order.client_order_id for order in desk.placed()]
    assert len(names) == len(set(names))
    assert [o.leaves_quantity for o in desk.book.open_orders(STOP)] == [D("0.2")]
    assert desk.book.trade is not None
    assert desk.book.trade.bar_open_time_ns == closed_trades(desk)[0].entry_bar_open_time_ns


def test_a_position_that_grew_is_covered_whole():
    desk = holding()
    desk.exchange.place_foreign(an_order("web-1", quantity=D("0.1")), desk.now_ns)
    halted(desk)

    adopt(desk)
    desk.run(3_000)

    assert desk.book.position_quantity == D("0.2")
    assert desk.placed(STOP)[-1].quantity == D("0.2")
    assert_all_agree(settled(desk))


def test_balance_drift_is_adopted_by_a_new_anchor():
    desk = Desk().ready()
    desk.exchange.wallet.balance += Decimal(123)
    halted(desk)
    assert desk.book.reconciliation == "CRITICAL"

    answer = adopt(desk)

    assert "10000 is explained; the exchange's 10123" in answer.text
    assert desk.book.wallet_expected == desk.exchange.wallet_balance
    settled(desk)


def test_the_balance_of_a_light_reading_is_never_adopted():
    """It is of half a minute ago; adopted, it made money appear (seed 720)."""
    desk = Desk().ready()
    desk.exchange.wallet.balance += Decimal(123)
    seen = halted(desk).state.seen
    assert seen is not None

    assert adoption(desk.book, seen, instance="live-1", owns_wallet=True).wallet == 10_123
    assert adoption(desk.book, replace(seen, is_light=True), instance="live-1", owns_wallet=True).wallet is None


def test_a_ghost_order_is_cancelled_with_a_persons_word_and_never_without():
    desk = Desk().ready()
    ghost = an_order("web-7", STOP, trigger_price=D(30_000), side=Side.SELL)
    desk.exchange.place_foreign(ghost, desk.now_ns)
    halted(desk)
    assert desk.exchange.orders["web-7"].is_open, "what is not provably ours is left alone"

    answer = adopt(desk)

    assert "web-7" in answer.text
    assert not desk.exchange.orders["web-7"].is_open
    settled(desk)


def test_a_ghost_order_without_an_id_of_its_sender_is_cancelled_by_the_exchanges_own():
    desk = Desk().ready()
    desk.exchange.place_foreign(an_order("", STOP, trigger_price=D(30_000), side=Side.SELL), desk.now_ns)
    number = desk.exchange.orders[""].venue_order_id
    halted(desk)

    answer = adopt(desk)

    assert number in answer.text
    assert not desk.exchange.orders[""].is_open
    settled(desk)


def test_the_word_and_what_was_known_before_are_kept():
    desk = a_phantom()
    reports = []
    perform = desk._perform_one
    desk._perform_one = lambda effect, life: (reports.append(effect), perform(effect, life))

    adopt(desk)

    word = desk.events(facts.ResyncConfirmed)[0]
    assert (word.operator, word.reason) == ("anna", "compared by hand")
    incidents = [e.call for e in reports if isinstance(e, Request) and e.port == "incidents"]
    assert [one.cause for one in incidents] == ["resync"]
    assert incidents[0].snapshot is not None


def test_it_is_refused_while_it_trades():
    desk = Desk().ready()
    desk.exchange.wallet.balance += Decimal(5)

    answer = said(desk)

    assert (answer.is_done, "it trades" in answer.text) == (False, True)


def test_it_is_refused_without_a_reading_of_the_exchange_of_now():
    desk = a_phantom()
    desk.now_ns += 60_000_000_000

    answer = said(desk)

    assert (answer.is_done, "was not read within" in answer.text) == (False, True)


def test_it_is_refused_while_an_order_is_on_its_way():
    desk = a_phantom()
    stray = replace(desk.exchange.fills[-1], trade_id="late", client_order_id="nobody", venue_order_id="9")
    desk.tell(ex.FillReceived(fill=stray))

    answer = said(desk)

    assert (answer.is_done, "on their way" in answer.text) == (False, True)


def test_two_operators_cannot_adopt_what_only_one_of_them_saw():
    desk = an_untracked()
    seen_by_anna = token_in(said(desk))
    desk.exchange.place_foreign(an_order("web-2", quantity=D("0.1")), desk.now_ns)
    desk.run(3_000)

    answer = said(desk, seen_by_anna)

    assert (answer.is_done, "not what you saw" in answer.text) == (False, True)
    assert desk.events(facts.ResyncConfirmed) == []

    token = token_in(said(desk))
    first, second = said(desk, token), said(desk, token)
    assert (first.is_done, second.is_done) == (True, False)
    assert len(desk.events(facts.ResyncConfirmed)) == 1


def test_when_both_agree_there_is_nothing_to_adopt():
    desk = halted(Desk().ready())

    answer = said(desk)

    assert (answer.is_done, "nothing to adopt" in answer.text) == (False, True)
    assert len(desk.events(ev.WalletAnchored)) == 1
