"""What the books record as the price of a market order is the average of its fills, and never 0 (B11).

The trap: an exchange's answer to a market order may tell an average price of 0, and its status is FILLED all the same.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from order_builders import SYMBOL, an_entry, an_exit, find, place, recently

from engine.messages import events as ev
from engine.messages.exchange import FetchFills
from engine.order import OrderStatus
from tests.builders import folded, started

pytestmark = pytest.mark.processes
SIMULATED_TOO = True


@pytest.mark.parametrize("quantity", [Decimal("0.010"), Decimal(8)], ids=["one fill", "through the book"])
async def test_the_recorded_price_of_a_market_order_is_the_average_of_its_fills_b11(subject, quantity):
    order = an_entry(quantity=quantity)
    book = folded([started(), ev.OrderIntended(order=order, decision_id="r1-1")])
    before = book.orders[order.client_order_id].average_price

    answer = await subject.perform(place(order))
    assert (await subject.settled(answer, find(order))).status is OrderStatus.FILLED
    for fill in (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills:
        book = folded([ev.OrderFilled(client_order_id=order.client_order_id, fill=fill)], book=book)

    recorded = book.orders[order.client_order_id]
    trades = subject.truth()["trades"]
    paid = sum(Decimal(trade["quantity"]) * Decimal(trade["price"]) for trade in trades)
    assert before is None  # nothing is known yet, which is not 0
    assert (recorded.status, recorded.filled_quantity) == (OrderStatus.FILLED, quantity)
    assert recorded.average_price == paid / quantity > 0
    assert book.trade is not None
    assert book.trade.entry_price == recorded.average_price


async def test_an_exit_records_what_it_got_b11(subject):
    entry, leaving = an_entry(quantity=Decimal(8)), an_exit(quantity=Decimal(8))
    book = folded([started(), *(ev.OrderIntended(order=order, decision_id="r1-1") for order in (entry, leaving))])
    for order in (entry, leaving):
        await subject.perform(place(order))

    for fill in (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=recently()))).fills:
        book = folded([ev.OrderFilled(client_order_id=fill.client_order_id, fill=fill)], book=book)

    sold = [trade for trade in subject.truth()["trades"] if trade["side"] == "SELL"]
    got = sum(Decimal(trade["quantity"]) * Decimal(trade["price"]) for trade in sold)
    assert book.orders[leaving.client_order_id].average_price == got / 8 > 0
