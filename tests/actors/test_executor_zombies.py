"""D9: an order that is provably ours and should not live is cancelled, and the exchange is read again; no other is."""

from __future__ import annotations

from engine import ids
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.order import OrderPurpose, Side
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import holding
from tests.builders import D, an_order

STOP = OrderPurpose.STOP
OURS = f"{ids.owner_prefix('live-1')}1-abcd-1-S0"
OTHERS = f"{ids.owner_prefix('live-2')}1-abcd-1-S0"


def resting(desk: Desk, name: str) -> None:
    """An order with this id, of which our book knows nothing."""
    order = an_order(name, STOP, trigger_price=D(30_000), side=Side.SELL)
    desk.exchange.place_foreign(order, desk.now_ns)


def cancelled(desk: Desk) -> list[str]:
    return [call.client_order_id for call in desk.calls if isinstance(call, ex.CancelOrder)]


def reasons(desk: Desk) -> list[str]:
    return [one.message.reason for one in desk.sent if isinstance(one.message, ct.ReconcileNow)]


def test_an_order_of_ours_that_the_book_does_not_know_is_cancelled_and_the_exchange_is_read_again():
    desk = Desk().ready()
    resting(desk, OURS)
    desk.run(2_000)

    assert OURS in cancelled(desk)
    assert "zombie order" in reasons(desk)
    assert not desk.exchange.orders[OURS].is_open
    assert desk.book.breaker.level == "GREEN"
    assert desk.book.reconciliation == "HEALTHY"


def test_one_that_the_book_believes_over_is_cancelled_too():
    desk = holding()
    stop = desk.book.open_orders(STOP)[0]
    desk.market(42_100)  # the target fills, and the stop is taken away
    desk.run(1_000)
    assert not desk.book.orders[stop.client_order_id].is_open
    desk.calls.clear()
    desk.exchange.orders[stop.client_order_id] = stop  # the exchange had said that it was, and it still rests

    desk.run(2_000)

    assert stop.client_order_id in cancelled(desk)


def test_what_is_not_provably_ours_is_never_cancelled():
    desk = Desk().ready()
    for name in ("web-7", OTHERS, ""):
        resting(desk, name)
    desk.run(10_000)

    assert cancelled(desk) == []
    assert "zombie order" not in reasons(desk)


def test_an_order_of_ours_that_is_wanted_is_no_zombie():
    desk = holding()
    desk.run(5_000)

    assert cancelled(desk) == []
