"""Reconciliation compared: which difference of ours and the exchange's is found, and how grave it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine import ids
from engine.messages.control import ViewReported
from engine.messages.exchange import AccountSnapshot, OrderReport
from engine.order import Order, OrderPurpose, OrderStatus
from engine.reconcile import Difference, Verdict, compare, worst
from tests.builders import NOW_NS, SYMBOL, D, an_order

STOP = an_order("stop", OrderPurpose.STOP, status=OrderStatus.ACCEPTED, venue_order_id="1")
MINE = ids.owner_prefix("live-1")


def view(**fields: Any) -> ViewReported:
    """Flat, nothing open, nothing on its way."""
    made = ViewReported(
        snapshot_started_at_ns=NOW_NS, position_quantity=D(0), open_orders=(), wallet_expected=None, in_flight=False,
        fills_since_ns=0,
    )  # fmt: skip
    return replace(made, **fields)


def there(position: str = "0", *orders: OrderReport, **fields: Any) -> AccountSnapshot:
    made = AccountSnapshot(
        symbol=SYMBOL, started_at_ns=NOW_NS, finished_at_ns=NOW_NS, wallet_balance=D(0), available_balance=D(0),
        position_quantity=D(position), entry_price=D(0), mark_price=D(40_000), liquidation_price=None,
        open_orders=orders, fills=(),
    )  # fmt: skip
    return replace(made, **fields)


def shown(order: Order, **fields: Any) -> OrderReport:
    """What the exchange says of this order, as long as nobody touched it."""
    made = OrderReport(
        client_order_id=order.client_order_id, venue_order_id=order.venue_order_id, symbol=SYMBOL,
        is_conditional=order.kind.is_conditional, side=order.side, status=order.status, quantity=order.quantity,
        filled_quantity=order.filled_quantity, trigger_price=order.trigger_price, is_reduce_only=order.is_reduce_only,
        event_at_ns=NOW_NS,
    )  # fmt: skip
    return replace(made, **fields)


def found(ours: ViewReported, theirs: AccountSnapshot) -> dict[str, Verdict]:
    """Kind and severity of each difference."""
    return {one.kind: one.severity for one in differences(ours, theirs)}


def differences(ours: ViewReported, theirs: AccountSnapshot) -> tuple[Difference, ...]:
    return compare(ours, theirs, instance="live-1", owns_wallet=True, epsilon=Decimal("1e-6"))


def test_what_is_the_same_is_no_difference():
    assert found(view(position_quantity=D("0.1"), open_orders=(STOP,)), there("0.1", shown(STOP))) == {}


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [("0.1", "0", "phantom position"), ("0", "0.1", "untracked position"), ("0.1", "0.2", "position differs")],
)
def test_another_position_is_critical_and_has_a_name(ours, theirs, kind):
    assert found(view(position_quantity=D(ours)), there(theirs)) == {kind: Verdict.CRITICAL}


def test_an_order_of_ours_that_the_exchange_lacks_is_critical_and_named():
    [missing] = differences(view(position_quantity=D("0.1"), open_orders=(STOP,)), there("0.1"))

    assert (missing.kind, missing.severity) == ("missing order", Verdict.CRITICAL)
    assert "stop" in missing.text


def test_an_order_of_nobody_is_critical_and_one_with_our_id_is_only_being_cancelled():
    ghost, zombie = an_order("web-7"), an_order(f"{MINE}1-abcd-1-S0")

    assert found(view(), there("0", shown(ghost))) == {"ghost order": Verdict.CRITICAL}
    assert found(view(), there("0", shown(zombie))) == {"zombie order": Verdict.WARNING}


@pytest.mark.parametrize(
    "amended", [{"trigger_price": D(1_000)}, {"quantity": D("0.01")}, {"quantity": D("0.5")}],
)  # fmt: skip
def test_a_stop_that_somebody_amended_is_critical_and_tells_what_we_know_and_what_is_there(amended):
    there_now = shown(STOP, **amended)

    [difference] = differences(view(position_quantity=D("0.1"), open_orders=(STOP,)), there("0.1", there_now))

    assert (difference.kind, difference.severity) == ("amended order", Verdict.CRITICAL)
    assert "we know 0.1 at 39000" in difference.text
    assert f"the exchange has {there_now.quantity} at {there_now.trigger_price}" in difference.text


@pytest.mark.parametrize(
    "report",
    [
        shown(STOP, quantity=D("0.10"), trigger_price=D("39000.00")),
        shown(STOP, trigger_price=None),  # it does not say
        shown(STOP, status=OrderStatus.TRIGGERED, quantity=D("0.2")),
        shown(STOP, is_conditional=False, quantity=D("0.2"), trigger_price=D(0)),  # the order it became
    ],
)
def test_what_only_looks_different_is_no_amendment(report):
    assert found(view(position_quantity=D("0.1"), open_orders=(STOP,)), there("0.1", report)) == {}


def test_what_an_exchange_cut_to_the_position_is_no_amendment_and_what_covers_less_is_one():
    ours = view(position_quantity=D("0.04"), open_orders=(STOP,))

    assert found(ours, there("0.04", shown(STOP, quantity=D("0.04")))) == {}
    assert found(ours, there("0.04", shown(STOP, quantity=D("0.03")))) == {"amended order": Verdict.CRITICAL}


def test_orders_without_a_client_id_are_told_apart_by_the_exchanges_own():
    one, two = (shown(an_order(""), venue_order_id=number) for number in ("77", "78"))

    texts = [difference.text for difference in differences(view(), there("0", one, two))]

    assert ["(77)" in texts[0], "(78)" in texts[1]] == [True, True]


# --- an instrument that somebody else on the account trades ----------------------------------------------------------


def test_who_holds_nothing_does_not_halt_the_one_who_holds_the_instrument():
    theirs = there("0.3", shown(an_order("pffff-1-abcd-1-S0", OrderPurpose.STOP)))

    [difference] = differences(view(traded_by="live-2"), theirs)

    assert difference.severity is Verdict.WARNING
    assert difference.text == "traded by live-2: its position is 0.3, its open orders are 1"


def test_the_holder_of_the_instrument_halts_for_the_very_same():
    theirs = there("0.3", shown(an_order("web-7")))

    assert worst(differences(view(), theirs)) is Verdict.CRITICAL


@pytest.mark.parametrize("mine", [{"position_quantity": D("0.1")}, {"open_orders": (STOP,)}])
def test_who_has_something_there_still_explains_all_of_it(mine):
    assert worst(differences(view(traded_by="live-2", **mine), there("0.3"))) is Verdict.CRITICAL


def test_what_our_own_id_proves_ours_is_told_whoever_trades_there():
    zombie = shown(an_order(f"{MINE}1-abcd-1-S0"))

    assert found(view(traded_by="live-2"), there("0", zombie)) == {"zombie order": Verdict.WARNING}


def test_where_the_other_trades_nothing_all_is_well_but_the_wallet_is_still_explained():
    assert found(view(traded_by="live-2"), there()) == {}
    assert found(view(traded_by="live-2", wallet_expected=D(7)), there()) == {"balance drift": Verdict.CRITICAL}
