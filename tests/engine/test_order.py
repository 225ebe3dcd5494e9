"""The order lifecycle: every legal step, every illegal one, and fills in every order of arrival."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import order as lifecycle
from engine.errors import InvariantViolated
from engine.order import FINAL, UNRESOLVED, WORKING, OrderKind, OrderPurpose, OrderStatus, Side
from tests.builders import NOW_NS, D, a_fill, an_order

S = OrderStatus
LEGAL = {
    S.INTENDED: {S.UNKNOWN, S.ACCEPTED, S.TRIGGERED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.DENIED},
    S.UNKNOWN: {S.ACCEPTED, S.TRIGGERED, S.CANCELLED, S.EXPIRED, S.REJECTED},
    S.ACCEPTED: {S.TRIGGERED, S.CANCELLED, S.EXPIRED, S.REJECTED},
    S.TRIGGERED: {S.CANCELLED, S.EXPIRED, S.REJECTED},
    S.PARTIALLY_FILLED: {S.TRIGGERED, S.CANCELLED, S.EXPIRED},
    S.FILLED: set(),
    S.CANCELLED: set(),
    S.EXPIRED: set(),
    S.REJECTED: set(),
    S.DENIED: set(),
}
PAIRS = [(before, after) for before in S for after in S]
AFTER_A_PART = {
    S.INTENDED: S.PARTIALLY_FILLED,
    S.UNKNOWN: S.PARTIALLY_FILLED,
    S.ACCEPTED: S.PARTIALLY_FILLED,
    S.TRIGGERED: S.TRIGGERED,
    S.PARTIALLY_FILLED: S.PARTIALLY_FILLED,
    S.CANCELLED: S.CANCELLED,
    S.EXPIRED: S.EXPIRED,
    S.REJECTED: S.PARTIALLY_FILLED,
}


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_step_is_made_when_it_is_legal_and_crashes_the_machine_when_not(before, after):
    order = an_order(status=before)

    if after in LEGAL[before]:
        assert lifecycle.after_status(order, after, NOW_NS).status is after
    else:
        with pytest.raises(InvariantViolated, match=f"from {before} to {after}"):
            lifecycle.after_status(order, after, NOW_NS)
    assert lifecycle.can_become(order, after) is (after in LEGAL[before])


def test_every_status_is_unresolved_working_or_final_and_only_one_of_them():
    for status in S:
        assert sum(status in group for group in (UNRESOLVED, WORKING, FINAL)) == 1


def test_the_words_of_an_order_mean_what_they_say():
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)
    assert [kind for kind in OrderKind if kind.is_conditional] == [OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET]
    assert [status for status in S if an_order(status=status).is_unresolved] == [S.INTENDED, S.UNKNOWN]
    assert [status for status in S if an_order(status=status).is_working] == [
        S.ACCEPTED,
        S.TRIGGERED,
        S.PARTIALLY_FILLED,
    ]
    assert [purpose for purpose in OrderPurpose if purpose.opens_position] == [OrderPurpose.ENTRY]


def test_slippage_is_how_much_worse_than_the_decision_either_way():
    bought = an_order(reference_price=D(40_000), filled_quantity=D("0.1"), filled_notional=D(4_020))
    sold = replace(bought, side=Side.SELL)

    assert bought.slippage == D("0.005")
    assert sold.slippage == D("-0.005")
    assert an_order(reference_price=D(40_000)).slippage == 0
    assert replace(bought, reference_price=None).slippage == 0


def test_unknown_is_left_only_by_a_word_of_the_exchange():
    assert S.DENIED not in LEGAL[S.UNKNOWN]
    assert lifecycle.NEXT[S.UNKNOWN] == LEGAL[S.UNKNOWN]


def test_what_has_filled_can_not_have_been_rejected():
    order = an_order(status=S.TRIGGERED, filled_quantity=D("0.01"))

    assert not lifecycle.can_become(order, S.REJECTED)
    with pytest.raises(InvariantViolated, match="rejected after filling"):
        lifecycle.after_status(order, S.REJECTED, NOW_NS)


def test_a_fill_that_runs_ahead_of_the_acceptance_brings_the_exchanges_id_and_none_replaces_it():
    sent, known = an_order(), lifecycle.after_status(an_order(), S.ACCEPTED, NOW_NS, "77")
    part = {"quantity": D("0.01"), "client_order_id": "entry"}

    assert lifecycle.after_fill(sent, a_fill(venue_order_id="78", **part), NOW_NS).venue_order_id == "78"
    assert lifecycle.after_fill(known, a_fill(venue_order_id="", **part), NOW_NS).venue_order_id == "77"


def test_a_step_keeps_the_exchanges_id_and_notes_the_time():
    order = lifecycle.after_status(an_order(), S.ACCEPTED, NOW_NS, "77")

    assert lifecycle.after_status(order, S.CANCELLED, NOW_NS + 1).venue_order_id == "77"
    assert order.changed_at_ns == NOW_NS


@pytest.mark.parametrize("before", list(S))
def test_a_fill_is_taken_wherever_the_order_may_exist(before):
    order = an_order(status=before)

    if before in AFTER_A_PART:
        assert lifecycle.after_fill(order, a_fill(quantity=D("0.04")), NOW_NS).status is AFTER_A_PART[before]
        assert lifecycle.after_fill(order, a_fill(quantity=D("0.1")), NOW_NS).status is S.FILLED
    else:
        with pytest.raises(InvariantViolated, match=f"while {before}"):
            lifecycle.after_fill(order, a_fill(quantity=D("0.04")), NOW_NS)


def test_a_fill_larger_than_leaves_quantity_crashes_the_machine():
    order = replace(an_order(status=S.PARTIALLY_FILLED), filled_quantity=D("0.07"))

    with pytest.raises(InvariantViolated, match=r"fill 0\.04 is larger than what leaves, 0\.03"):
        lifecycle.after_fill(order, a_fill(quantity=D("0.04")), NOW_NS)


def test_b11_the_price_of_an_order_is_the_average_of_its_fills_and_never_zero():
    order = an_order(status=S.ACCEPTED)
    assert order.average_price is None

    order = lifecycle.after_fill(order, a_fill("1", quantity=D("0.06"), price=D(40_000)), NOW_NS)
    order = lifecycle.after_fill(order, a_fill("2", quantity=D("0.04"), price=D(40_100)), NOW_NS)

    assert order.average_price == D(40_040)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.randoms())
def test_any_split_of_fills_in_any_order_fills_it_the_same(lots, chance):
    total = sum(lots)
    fills = [a_fill(str(n), quantity=D(lot) / 1_000, price=D(40_000 + n)) for n, lot in enumerate(lots)]
    chance.shuffle(fills)
    order = an_order(status=S.ACCEPTED, quantity=D(total) / 1_000)

    for fill in fills:
        assert order.status is not S.FILLED
        order = lifecycle.after_fill(order, fill, NOW_NS)

    assert order.status is S.FILLED
    assert order.leaves_quantity == 0
    assert order.filled_notional == sum(fill.quantity * fill.price for fill in fills)
