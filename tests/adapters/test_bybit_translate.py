"""Bybit's JSON, field by field: what it means, and that whatever can't be is refused by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from adapter_builders import SYMBOL, an_order

from adapters.ccxt.dialects.bybit_translate import (
    balances,
    executions,
    only_position,
    order_report,
    order_request,
    signed_quantity,
    stream_events,
)
from engine.errors import MalformedMessage
from engine.fill import Fill
from engine.messages.exchange import FundingPayment
from engine.order import OrderKind, OrderPurpose, OrderStatus, Side

ORDER = {
    "orderId": "7", "orderLinkId": "p0000-1-abcd-1-E1", "symbol": "BTCUSDT", "side": "Buy", "orderStatus": "New",
    "qty": "0.010", "cumExecQty": "0", "triggerPrice": "", "reduceOnly": False, "updatedTime": "1700000000000",
    "rejectReason": "EC_NoError",
}  # fmt: skip
EXECUTION = {
    "execId": "e1", "orderId": "7", "orderLinkId": "p0000-1-abcd-1-E1", "symbol": "BTCUSDT", "side": "Sell",
    "execQty": "0.010", "execPrice": "58000.1", "execFee": "0.29", "feeCurrency": "", "isMaker": False,
    "execTime": "1700000000000", "execType": "Trade", "seq": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "trigger", "reason", "status"),
    [
        ("New", "", "EC_NoError", OrderStatus.ACCEPTED),
        ("PartiallyFilled", "", "EC_NoError", OrderStatus.PARTIALLY_FILLED),
        ("Filled", "0", "EC_NoError", OrderStatus.FILLED),
        ("Cancelled", "0.00", "EC_PerCancelRequest", OrderStatus.CANCELLED),
        ("Cancelled", "", "EC_NoImmediateQtyToFill", OrderStatus.EXPIRED),
        ("Rejected", "", "EC_Other", OrderStatus.REJECTED),
        ("Untriggered", "57000", "EC_NoError", OrderStatus.ACCEPTED),
        ("Triggered", "57000", "EC_NoError", OrderStatus.TRIGGERED),
        ("New", "57000", "EC_NoError", OrderStatus.TRIGGERED),
        ("PartiallyFilled", "57000", "EC_NoError", OrderStatus.TRIGGERED),
        ("Filled", "57000", "EC_NoError", OrderStatus.FILLED),
        ("Deactivated", "57000", "EC_NoError", OrderStatus.CANCELLED),
    ],
)
def test_each_status_has_one_meaning_and_a_conditional_order_at_work_was_triggered(said, trigger, reason, status):
    report = order_report(ORDER | {"orderStatus": said, "triggerPrice": trigger, "rejectReason": reason}, SYMBOL)

    assert report.status is status
    assert report.is_conditional == (trigger == "57000")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("orderStatus", "Dancing"), ("orderStatus", None), ("side", "Both"), ("qty", "-1"), ("qty", "NaN"),
        ("cumExecQty", "Infinity"), ("cumExecQty", None), ("orderId", ""), ("updatedTime", "soon"),
        ("reduceOnly", "perhaps"), ("triggerPrice", "-5"), ("updatedTime", "0"),
    ],
)  # fmt: skip
def test_an_order_that_can_t_be_is_refused_by_the_name_of_the_field(field, value):
    with pytest.raises(MalformedMessage, match=f"field '{field}'"):
        order_report(ORDER | {field: value}, SYMBOL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("execQty", "0"),
        ("execQty", "-0.1"),
        ("execPrice", "NaN"),
        ("execFee", None),
        ("execTime", ""),
        ("execId", None),
    ],
)
def test_an_execution_that_can_t_be_is_refused_by_the_name_of_the_field(field, value):
    with pytest.raises(MalformedMessage, match=f"field '{field}'"):
        executions((EXECUTION | {field: value},), SYMBOL)


def test_an_execution_of_a_kind_we_do_not_know_is_refused_for_it_may_have_moved_money():
    with pytest.raises(MalformedMessage, match="a kind we don't know, 'Alchemy'"):
        executions((EXECUTION | {"execType": "Alchemy"},), SYMBOL)


@pytest.mark.parametrize(("kind", "is_forced"), [("Trade", False), ("BustTrade", True), ("AdlTrade", True)])
def test_executions_by_force_are_marked(kind, is_forced):
    [fill] = executions((EXECUTION | {"execType": kind},), SYMBOL)

    assert isinstance(fill, Fill)
    assert (fill.is_liquidation, fill.sign, fill.fee_asset) == (is_forced, -1, "USDT")


def test_a_fee_in_another_coin_keeps_its_name_and_a_rebate_its_sign():
    [fill] = executions((EXECUTION | {"execFee": "-0.01", "feeCurrency": "MNT"},), SYMBOL)

    assert (fill.fee, fill.fee_asset) == (Decimal("-0.01"), "MNT")


def test_funding_is_a_payment_positive_when_received():
    paid, got = executions(
        (
            EXECUTION | {"execType": "Funding", "execId": "f1", "execFee": "1.5", "execQty": "0"},
            EXECUTION | {"execType": "Funding", "execId": "f2", "execFee": "-0.5", "execTime": "1700000000001"},
        ),
        SYMBOL,
    )

    assert isinstance(paid, FundingPayment)
    assert (paid.amount, got.amount) == (Decimal("-1.5"), Decimal("0.5"))


def test_a_long_s_stop_waits_for_a_fall_of_the_mark_price_and_only_reduces():
    stop = an_order(
        "p0000-1-abcd-1-S1", side=Side.SELL, kind=OrderKind.STOP_MARKET, purpose=OrderPurpose.STOP,
        trigger_price=Decimal("57000.10"), is_reduce_only=True,
    )  # fmt: skip

    request = order_request(stop, "BTCUSDT")

    assert (request["triggerPrice"], request["triggerDirection"], request["triggerBy"]) == ("57000.1", 2, "MarkPrice")
    assert (request["orderType"], request["reduceOnly"], request["closeOnTrigger"]) == ("Market", True, True)
    assert request["positionIdx"] == 0


@pytest.mark.parametrize(
    ("kind", "side", "direction"),
    [
        (OrderKind.STOP_MARKET, Side.SELL, 2),
        (OrderKind.STOP_MARKET, Side.BUY, 1),
        (OrderKind.TAKE_PROFIT_MARKET, Side.SELL, 1),
        (OrderKind.TAKE_PROFIT_MARKET, Side.BUY, 2),
    ],
)
def test_which_way_the_price_must_go(kind, side, direction):
    order = an_order(kind=kind, side=side, trigger_price=Decimal(1), is_reduce_only=True)

    assert order_request(order, "BTCUSDT")["triggerDirection"] == direction


def test_positions_of_hedge_mode_are_refused_and_a_short_is_negative():
    short = {"positionIdx": 0, "side": "Sell", "size": "0.5"}

    assert only_position(({"positionIdx": 0, "side": "", "size": "0"},)) is None
    assert signed_quantity(only_position((short,))) == Decimal("-0.5")
    with pytest.raises(MalformedMessage, match="hedge mode"):
        only_position(({"positionIdx": 1, "side": "Buy", "size": "1"}, {"positionIdx": 2, "side": "Sell", "size": "0"}))


def test_available_is_the_wallet_less_what_is_tied_up_and_less_what_is_being_lost():
    coin = {
        "coin": "USDT", "walletBalance": "1000", "totalPositionIM": "100", "totalOrderIM": "", "locked": "0",
        "unrealisedPnl": "-50",
    }  # fmt: skip
    answer = {"result": {"list": [{"coin": [{"coin": "BTC", "walletBalance": "1"}, coin]}]}}

    assert balances(answer, "USDT") == (1_000, 850)
    assert balances(answer, "USDC") == (0, 0)


@pytest.mark.parametrize("topic", ["order.linear", "execution"])
def test_what_concerns_another_instrument_or_category_is_not_ours(topic):
    row = ORDER if topic.startswith("order") else EXECUTION

    assert stream_events({"topic": topic, "data": [row | {"symbol": "ETHUSDT"}]}, SYMBOL, "BTCUSDT") == ()
    assert stream_events({"topic": topic, "data": [row | {"category": "inverse"}]}, SYMBOL, "BTCUSDT") == ()
    assert len(stream_events({"topic": topic, "data": [row]}, SYMBOL, "BTCUSDT")) == 1
