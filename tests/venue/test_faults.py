"""Faults: whom they hit, how often, and what they do inside the exchange."""

from decimal import Decimal

import pytest

from tests.venue.builders import SYMBOL, exchange
from venue.clock import VenueClock
from venue.core.conditional import cancel_algo
from venue.core.refusal import Refused
from venue.faults import Fault, FaultError, Faults, Target, read_fault
from venue.nonsense import WAYS, nonsense
from venue.truth import Truth

D = Decimal


def faults(seed: int = 1) -> Faults:
    return Faults(truth=Truth(VenueClock()), seed=seed)


ORDER = Target(endpoint="/fapi/v1/order", method="POST", symbol=SYMBOL, client_id="abc-1", account="account-1")


@pytest.mark.parametrize(
    ("aim", "is_hit"),
    [
        ({}, True),
        ({"endpoint": "/order$"}, True),
        ({"endpoint": "/algoOrder"}, False),
        ({"method": "GET"}, False),
        ({"symbol": "ETHUSDT"}, False),
        ({"client_id": "^abc"}, True),
        ({"client_id": "^xyz"}, False),
        ({"account": "account-2"}, False),
        ({"account": "account-1", "symbol": SYMBOL, "method": "POST"}, True),
    ],
)
def test_a_fault_hits_only_what_it_aims_at(aim, is_hit):
    made = faults()
    made.add(Fault(kind="lose_response", **aim))

    assert (made.meet(("lose_response",), ORDER) is not None) == is_hit


def test_a_fault_passes_over_some_fires_a_few_times_and_is_gone():
    made = faults()
    made.add(Fault(kind="delay", count=2, skip=1))

    hits = [made.meet(("delay",), ORDER) is not None for _ in range(5)]

    assert hits == [False, True, True, False, False]
    assert made.active == {}


def test_chance_comes_from_the_seed():
    def drawn(seed):
        made = faults(seed)
        made.add(Fault(kind="delay", count=None, probability=0.5))
        return [made.meet(("delay",), ORDER) is not None for _ in range(30)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 5 < sum(drawn(1)) < 25


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "explode"}, "kind"),
        ({}, "kind"),
        ({"kind": "delay", "speed": 1}, "speed"),
        ({"kind": "delay", "count": "1"}, "count"),
        ({"kind": "delay", "count": True}, "count"),
        ({"kind": "delay", "endpoint": "("}, "endpoint"),
        ({"kind": "delay", "probability": 2}, "probability"),
        ({"kind": "delay", "delay_ms": -1}, "delay_ms"),
        ({"kind": "error", "status": 20}, "status"),
        ({"kind": "partial_fill", "fraction": "half"}, "fraction"),
        ({"kind": "delay", "id": 3}, "id"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_field(body, field):
    with pytest.raises(FaultError) as caught:
        read_fault(body)

    assert caught.value.field == field


def hostile(kind: str, **figures: object):
    venue = exchange()
    venue.floor.mischief = faults()
    venue.floor.mischief.add(Fault(kind=kind, **figures))
    return venue


def test_an_order_may_fill_only_in_part():
    venue = hostile("partial_fill", fraction="0.3")

    order = venue.market("BUY", "1")

    assert (order.filled, order.status, venue.amount) == (D("0.3"), "EXPIRED", D("0.3"))


def test_an_order_may_not_fill_at_all():
    venue = hostile("no_fill")

    assert (venue.market("BUY", "1").filled, venue.market("BUY", "1").filled) == (0, 1)


def test_a_market_order_may_slip():
    venue = hostile("slippage", ticks=25)

    assert venue.market("BUY", "1").average_price == D("60002.6")
    assert venue.market("SELL", "1").average_price == D("60000")


def test_a_stop_may_get_stuck_while_triggering_and_then_cannot_be_cancelled():
    venue = hostile("trigger_stuck")
    venue.market("BUY", "1")
    algo = venue.algo("STOP_MARKET", "SELL", "1", "59500", is_reduce_only=True)

    venue.move("59000", "58000")

    assert (algo.status, venue.amount) == ("TRIGGERING", D(1))
    with pytest.raises(Refused, match="unknown_order"):
        cancel_algo(venue.floor, venue.account, algo)


def test_a_stop_may_trigger_and_not_fill():
    venue = hostile("trigger_unfilled")
    venue.market("BUY", "1")
    algo = venue.algo("STOP_MARKET", "SELL", "1", "59500", is_reduce_only=True)

    venue.move("59000")

    assert (algo.status, venue.amount) == ("FINISHED", D(1))
    assert venue.account.orders[algo.order_id].status == "EXPIRED"


ANSWER = {"orderId": 7, "status": "NEW", "qty": "0.10", "open": [{"price": "-1.5", "isLast": True}]}
GARBLED = {
    "missing": {"status": "NEW", "open": [{"isLast": True}]},
    "types": {
        "orderId": {"value": [7]},
        "status": {"value": ["NEW"]},
        "qty": {"value": ["0.10"]},
        "open": [{"price": {"value": ["-1.5"]}, "isLast": {"value": [True]}}],
    },
    "negative": ANSWER | {"qty": "-0.10"},
    "status": ANSWER | {"status": "HALF_DONE"},
}


@pytest.mark.parametrize("way", GARBLED)
def test_nonsense_is_json_of_the_same_shape_that_means_nothing(way):
    assert nonsense(ANSWER, way) == GARBLED[way]


def test_no_number_of_nonsense_is_one():
    told = nonsense(ANSWER, "nan")

    assert isinstance(told, dict)
    assert (told["qty"], told["open"]) == ("NaN", [{"price": "NaN", "isLast": True}])
    assert told["orderId"] != told["orderId"]


def test_nonsense_of_no_said_way_goes_through_all_of_them():
    made = faults()
    fault = made.add(Fault(kind="nonsense", count=None))

    ways = [fault.way_now() for _ in range(2 * len(WAYS)) if made.meet(("nonsense",), ORDER)]

    assert ways == [*WAYS, *WAYS]
