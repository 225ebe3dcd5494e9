"""Orders against the local exchange: placed, refused, found, filled, cancelled, always by our own id."""

from __future__ import annotations

from decimal import Decimal

import pytest
from order_builders import (
    SYMBOL,
    a_limit,
    a_stop,
    an_entry,
    an_exit,
    away,
    cancel,
    find,
    mark_price,
    number_of,
    place,
    recently,
)
from subjects import FACES, Subject

from engine.messages.exchange import (
    CancelDone,
    CancelRefused,
    FetchFills,
    OrderFound,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderPlaced,
    OrderRefused,
)
from engine.order import OrderKind, OrderStatus, Side

pytestmark = pytest.mark.processes
SIMULATED_TOO = True


# --- placing ---------------------------------------------------------------------------------------------------------


async def test_a_market_order_is_filled_under_our_id(subject):
    order = an_entry()

    answer = await subject.perform(place(order))

    assert isinstance(answer, OrderPlaced)
    report = await subject.settled(answer, find(order))
    assert (report.client_order_id, report.status) == (order.client_order_id, OrderStatus.FILLED)
    assert report.filled_quantity == Decimal("0.010")
    [real] = subject.truth()["orders"]
    assert (real["client_order_id"], real["order_id"]) == (order.client_order_id, number_of(answer.venue_order_id))


async def test_a_limit_order_rests_with_its_exact_price_and_quantity(subject):
    order = a_limit(away(await mark_price(subject), "0.9"), quantity=Decimal("0.013"))

    answer = await subject.perform(place(order))

    assert (answer.status, answer.filled_quantity) == (OrderStatus.ACCEPTED, 0)
    [real] = subject.truth()["open_orders"]
    assert (Decimal(real["price"]), Decimal(real["quantity"])) == (order.price, order.quantity)


async def test_a_stop_rests_reduce_only_and_is_triggered_by_the_mark_price(subject):
    await subject.perform(place(an_entry()))
    order = a_stop(away(await mark_price(subject), "0.9"))

    answer = await subject.perform(place(order))

    assert answer.status is OrderStatus.ACCEPTED
    [real] = subject.truth()["open_algo_orders"]
    assert (real["client_algo_id"], real["reduce_only"], real["working_type"]) == (
        order.client_order_id, True, "MARK_PRICE",
    )  # fmt: skip
    assert Decimal(real["trigger_price"]) == order.trigger_price


async def test_a_take_profit_rests_beside_the_stop(subject):
    await subject.perform(place(an_entry()))
    mark = await mark_price(subject)

    stop = await subject.perform(place(a_stop(away(mark, "0.9"))))
    profit = await subject.perform(place(a_stop(away(mark, "1.1"), kind=OrderKind.TAKE_PROFIT_MARKET)))

    assert stop.venue_order_id != profit.venue_order_id
    assert len(subject.truth()["open_algo_orders"]) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": Decimal("0.001")}, "minimum_notional"),
        ({"quantity": Decimal(100)}, "insufficient_margin"),
        ({"is_reduce_only": True}, "reduce_only"),
    ],
)
async def test_what_the_exchange_refuses_is_refused_with_our_reason_and_its_code(subject, change, reason):
    answer = await subject.perform(place(an_entry(**change)))

    assert isinstance(answer, OrderRefused)
    assert (answer.by_us, answer.reason, answer.code) == (False, reason, subject.face.codes[reason])
    assert subject.truth()["positions"] == []


async def test_a_quantity_between_two_lots_is_refused(subject):
    answer = await subject.perform(place(an_entry(quantity=Decimal("0.0105"))))

    assert isinstance(answer, OrderRefused)
    assert (answer.reason, answer.code) == subject.face.too_precise
    assert subject.truth()["orders"] == []


async def test_a_stop_that_would_trigger_at_once_says_so(subject):
    await subject.perform(place(an_entry()))

    answer = await subject.perform(place(a_stop(away(await mark_price(subject), "1.1"))))

    assert isinstance(answer, OrderRefused)
    assert answer.reason == "would_trigger"


async def test_an_id_that_lives_already_is_unknown_not_refused_so_that_the_earlier_order_is_asked_for(subject):
    order = a_limit(away(await mark_price(subject), "0.9"))
    await subject.perform(place(order))

    again = await subject.perform(place(order))

    assert isinstance(again, OrderOutcomeUnknown)
    assert len(subject.truth()["open_orders"]) == 1


# --- asking ----------------------------------------------------------------------------------------------------------


async def test_orders_of_both_kinds_are_found_by_our_id(subject):
    entry = an_entry()
    await subject.perform(place(entry))
    stop = a_stop(away(await mark_price(subject), "0.9"))
    await subject.perform(place(stop))

    filled, resting = await subject.perform(find(entry)), await subject.perform(find(stop))

    assert isinstance(filled, OrderFound)
    assert (filled.report.status, filled.report.filled_quantity) == (OrderStatus.FILLED, entry.quantity)
    assert (resting.report.status, resting.report.is_conditional) == (OrderStatus.ACCEPTED, True)
    assert resting.report.trigger_price == stop.trigger_price
    assert resting.report.side == Side.SELL


@pytest.mark.parametrize("order", [an_entry(), a_stop(Decimal(1))], ids=["ordinary", "conditional"])
async def test_an_order_nobody_sent_is_not_found(subject, order):
    assert await subject.perform(find(order)) == OrderNotFound(client_order_id=order.client_order_id)


async def test_a_stop_that_was_triggered_is_found_with_what_it_became_and_filled(subject, venue):
    await subject.perform(place(an_entry()))
    mark = await mark_price(subject)
    stop = a_stop(away(mark, "0.99"))
    await subject.perform(place(stop))

    venue.price(str(away(mark, "0.98")))
    report = (await subject.perform(find(stop))).report
    fills = (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills

    assert (report.status, report.filled_quantity) == (OrderStatus.TRIGGERED, stop.quantity)
    assert fills[-1].venue_order_id == report.venue_order_id
    assert fills[-1].client_order_id == stop.client_order_id
    venue.price(str(mark))


@pytest.mark.parametrize("face", FACES, indirect=True)
async def test_fills_of_a_triggered_stop_are_attributed_by_an_adapter_that_never_heard_of_it(subject, venue):
    await subject.perform(place(an_entry()))
    mark = await mark_price(subject)
    stop = a_stop(away(mark, "0.99"))
    await subject.perform(place(stop))
    venue.price(str(away(mark, "0.98")))
    other = Subject(venue, subject.face, key=f"key-{subject.account}", secret=f"secret-{subject.account}")

    fills = (await other.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills

    assert [fill.client_order_id for fill in fills][-1] == stop.client_order_id
    await other.exchange.close()
    venue.price(str(mark))


async def test_fills_are_complete_exact_and_oldest_first(subject):
    first, second = an_entry(), an_exit()
    await subject.perform(place(first))
    await subject.perform(place(second))

    fills = (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills

    real = sorted(subject.truth()["trades"], key=lambda trade: trade["trade_id"])
    assert [number_of(fill.trade_id) for fill in fills] == [trade["trade_id"] for trade in real]
    assert [fill.client_order_id for fill in fills] == [first.client_order_id, second.client_order_id]
    assert [fill.sign for fill in fills] == [1, -1]
    assert [(fill.quantity, fill.price, fill.fee) for fill in fills] == [
        (Decimal(trade["quantity"]), Decimal(trade["price"]), Decimal(trade["fee"])) for trade in real
    ]


async def test_fills_of_more_than_one_page_are_all_there(subject, monkeypatch):
    from adapters.ccxt.dialects import binance_fills

    monkeypatch.setattr(binance_fills, "PAGE", 3)
    for _ in range(4):
        await subject.perform(place(an_entry()))
        await subject.perform(place(an_exit()))

    fills = (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills

    assert len(fills) == len(subject.truth()["trades"]) == 8


# --- cancelling ------------------------------------------------------------------------------------------------------


async def test_orders_of_both_kinds_are_cancelled_by_our_id(subject):
    await subject.perform(place(an_entry()))
    mark = await mark_price(subject)
    for order in (a_limit(away(mark, "0.9")), a_stop(away(mark, "0.8"))):
        await subject.perform(place(order))

        assert await subject.perform(cancel(order)) == CancelDone(client_order_id=order.client_order_id)
        assert (await subject.perform(find(order))).report.status is OrderStatus.CANCELLED

    assert subject.truth()["open_orders"] == subject.truth()["open_algo_orders"] == []


@pytest.mark.parametrize("order", [an_entry(), a_stop(Decimal(1))], ids=["ordinary", "conditional"])
async def test_cancelling_what_is_not_there_is_refused_as_unknown_order(subject, order):
    answer = await subject.perform(cancel(order))

    assert isinstance(answer, CancelRefused)
    assert answer.reason == "unknown_order"
