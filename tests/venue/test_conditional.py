"""Conditional orders: when they fire, at which price, and what is told in which order."""

from decimal import Decimal

import pytest

from tests.venue.builders import exchange
from venue.core.conditional import cancel_algo
from venue.core.orders import WorkingType
from venue.core.refusal import Reason, Refused

D = Decimal


def test_a_stop_fires_at_its_own_price_when_the_market_passes_it():
    venue = exchange()
    venue.market("BUY", "1")
    venue.algo("STOP_MARKET", "SELL", "1", "59500", is_reduce_only=True)

    venue.move("59000")

    assert venue.account.trades[-1].price == D("59500")
    assert venue.amount == 0


def test_a_stop_jumped_over_fires_at_the_first_price_after_the_gap():
    venue = exchange()
    venue.market("BUY", "1")
    venue.algo("STOP_MARKET", "SELL", "1", "59500", is_reduce_only=True)

    venue.move("59000", is_gap=True)

    assert venue.account.trades[-1].price == D("59000")


def test_all_that_is_told_when_a_stop_fires():
    venue = exchange()
    venue.market("BUY", "1")
    algo = venue.algo("STOP_MARKET", "SELL", "1", "59500", is_reduce_only=True, client_algo_id="mine")
    venue.events.clear()

    venue.move("59500")

    assert venue.told() == [
        "algo TRIGGERING",
        "order NEW",
        "algo TRIGGERED",
        "AccountChanged",
        "order TRADE",
        "algo FINISHED",
    ]
    order = venue.account.orders[algo.order_id]
    assert (order.request.client_order_id, order.request.origin) == ("mine", "algo")


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "before", "at"),
    [
        ("STOP_MARKET", "BUY", "60500", "60499.9", "60500"),
        ("STOP_MARKET", "SELL", "59500", "59500.1", "59500"),
        ("TAKE_PROFIT_MARKET", "BUY", "59500", "59500.1", "59500"),
        ("TAKE_PROFIT_MARKET", "SELL", "60500", "60499.9", "60500"),
    ],
)
def test_each_kind_waits_for_its_side_of_the_price(kind, side, trigger, before, at):
    venue = exchange()
    algo = venue.algo(kind, side, "1", trigger)

    venue.move(before)
    assert algo.status == "NEW"
    venue.move(at)
    assert algo.status == "FINISHED"


def test_one_that_would_fire_at_once_is_refused():
    venue = exchange()
    for kind, side, trigger in (("STOP_MARKET", "SELL", "60000"), ("TAKE_PROFIT_MARKET", "BUY", "60001")):
        with pytest.raises(Refused) as caught:
            venue.algo(kind, side, "1", trigger)
        assert caught.value.reason is Reason.WOULD_TRIGGER


def test_a_trailing_stop_follows_the_best_price_and_fires_on_the_way_back():
    venue = exchange()
    venue.market("BUY", "1")
    algo = venue.algo("TRAILING_STOP_MARKET", "SELL", "1", callback_rate=D(1), is_reduce_only=True)

    venue.move("62000", "61380.1")
    assert algo.status == "NEW"
    venue.move("61000")

    assert venue.account.trades[-1].price == D("61380")


def test_a_trailing_stop_sleeps_until_its_activation_price():
    venue = exchange()
    algo = venue.algo("TRAILING_STOP_MARKET", "SELL", "1", callback_rate=D(1), activate_price=D("61000"))

    venue.move("60900", "59000", "60900")
    assert algo.status == "NEW"
    venue.move("61000", "60390")
    assert algo.status == "FINISHED"


def test_of_stop_and_take_profit_the_one_nearer_on_the_path_comes_first():
    venue = exchange()
    venue.market("BUY", "1")
    stop = venue.algo("STOP_MARKET", "SELL", trigger="59500", close_position=True)
    profit = venue.algo("TAKE_PROFIT_MARKET", "SELL", trigger="60500", close_position=True)

    venue.move("61000", "59000")

    assert (profit.status, stop.status, venue.amount) == ("FINISHED", "EXPIRED", D(0))


def test_close_position_closes_what_is_there_when_it_fires():
    venue = exchange()
    venue.market("BUY", "1")
    venue.algo("STOP_MARKET", "SELL", trigger="59500", close_position=True)
    venue.market("BUY", "0.5")

    venue.move("59500")

    assert venue.amount == 0
    with pytest.raises(Refused) as caught:
        venue.algo("STOP_MARKET", "SELL", "1", trigger="59000", close_position=True)
    assert caught.value.reason is Reason.CLOSE_POSITION_WITH_QUANTITY


def test_a_reducing_stop_without_a_position_is_rejected_when_it_fires():
    venue = exchange()
    algo = venue.algo("STOP_MARKET", "SELL", "1", "59500", is_reduce_only=True)

    venue.move("59500")

    assert (algo.status, algo.reason, algo.order_id) == ("REJECTED", "Reduce Only reject", None)


def test_a_stop_limit_places_a_limit_order_and_finishes_when_that_is_done():
    venue = exchange()
    algo = venue.algo("STOP", "SELL", "1", "59500", price=D("59600"))

    venue.move("59500")
    assert algo.status == "TRIGGERED"
    venue.move("59600")

    assert algo.status == "FINISHED"
    assert venue.account.trades[-1].price == D("59600")


def test_the_mark_price_may_fire_what_the_contract_price_does_not():
    venue = exchange()
    algo = venue.algo("STOP_MARKET", "SELL", "1", "59500", working_type=WorkingType.MARK_PRICE)
    venue.book.mark_offset = D(-100)

    venue.move("59600.1")
    assert algo.status == "NEW"
    venue.move("59600")
    assert algo.status == "FINISHED"


def test_a_cancelled_one_does_not_fire_and_a_name_is_unique_while_it_waits():
    venue = exchange()
    algo = venue.algo("STOP_MARKET", "SELL", "1", "59500", client_algo_id="same")
    with pytest.raises(Refused) as caught:
        venue.algo("STOP_MARKET", "SELL", "1", "59500", client_algo_id="same")
    assert caught.value.reason is Reason.DUPLICATE_CLIENT_ID

    cancel_algo(venue.floor, venue.account, algo)
    venue.move("59000")

    assert (algo.status, venue.account.trades) == ("CANCELED", [])
