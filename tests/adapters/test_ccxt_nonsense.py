"""An exchange that answers nonsense: orders become UNKNOWN, reads unavailable, and nothing raises."""

from __future__ import annotations

import json
import time

import pytest
from adapter_builders import SYMBOL, an_order
from loguru import logger
from strange_exchange import StrangeExchange

from adapters.ccxt import exchange as ccxt_exchange
from adapters.ccxt.access import Access
from adapters.ccxt.exchange import CcxtExchange
from engine.messages.exchange import (
    CancelOrder,
    CancelOutcomeUnknown,
    ExchangeUnavailable,
    FetchBars,
    FetchFills,
    FindOrder,
    OrderFound,
    OrderOutcomeUnknown,
    PlaceOrder,
    TakeSnapshot,
)
from engine.order import OrderStatus

NONSENSE = [
    "",
    "null",
    "[]",
    "[1, 2]",
    '"fine"',
    "17",
    "{}",
    '{"orderId": 1}',
    "<html>welcome</html>",
    '{"code": "soon"}',
    '{"code": 200}',
    '{"orderId": {}, "clientOrderId": [], "status": 5, "side": null, "origQty": "NaN", "updateTime": "x"}',
    '[{"symbol": "BTCUSDT", "positionAmt": "NaN"}]',
    "\x00\x01",
    '{"retCode": 0}',
    '{"retCode": 0, "result": {}}',
    '{"retCode": 0, "result": {"list": null}}',
    '{"retCode": 0, "result": {"orderId": "7", "orderLinkId": "somebody-else-s"}}',
    '{"retCode": 0, "result": {"list": [{"orderId": "7", "orderLinkId": "p", "orderStatus": "Dancing"}]}}',
    '{"retCode": 0, "result": {"list": [{"symbol": "BTCUSDT", "size": "NaN", "markPrice": "-1"}]}}',
    '{"retCode": "soon", "retMsg": 5}',
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    logger.remove()
    monkeypatch.setattr(ccxt_exchange, "RETRY_PAUSE_S", (0.0, 0.0))


@pytest.fixture
async def babbler():
    made = StrangeExchange()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(params=["binanceusdm", "bybit"])
def spoken(request):
    return request.param


@pytest.fixture
async def exchange(babbler, spoken):
    access = Access(
        exchange=spoken,
        environment="local",
        key="a-key-of-nobody",
        secret="a-secret-of-nobody",
        redirect_to=babbler.address,
    )
    made = CcxtExchange(access, lambda message: None, lambda usage: None)
    yield made
    await made.close()


@pytest.mark.parametrize("said", NONSENSE, ids=lambda text: repr(text)[:30])
async def test_nonsense_makes_orders_and_cancels_unknown_and_reads_unavailable(exchange, babbler, said):
    babbler.said = said
    order, since = an_order(), time.time_ns()

    placed = await exchange.perform(PlaceOrder(order=order))
    cancelled = await exchange.perform(CancelOrder(client_order_id="p", symbol=SYMBOL, is_conditional=False))
    unstopped = await exchange.perform(CancelOrder(client_order_id="p", symbol=SYMBOL, is_conditional=True))
    found = await exchange.perform(FindOrder(client_order_id="p", symbol=SYMBOL, is_conditional=False))
    seen = await exchange.perform(TakeSnapshot(symbol=SYMBOL, fills_since_ns=since))

    assert isinstance(placed, OrderOutcomeUnknown)
    assert isinstance(cancelled, CancelOutcomeUnknown)
    assert isinstance(unstopped, CancelOutcomeUnknown)
    assert isinstance(found, ExchangeUnavailable)
    assert isinstance(seen, ExchangeUnavailable)


@pytest.mark.parametrize("said", ["null", "{}", '"fine"', "<html>", '[{"t": 1}]', "[[1, 2]]"])
async def test_nonsense_instead_of_lists_is_unavailable(exchange, babbler, said):
    babbler.said = said
    bars = FetchBars(symbol=SYMBOL, timeframe="1m", from_open_time_ns=0, until_open_time_ns=None, limit=5)

    assert isinstance(await exchange.perform(bars), ExchangeUnavailable)
    assert isinstance(await exchange.perform(FetchFills(symbol=SYMBOL, since_ns=time.time_ns())), ExchangeUnavailable)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirection_is_not_followed_and_the_order_is_unknown(exchange, babbler, status):
    babbler.status, babbler.headers = status, {"Location": f"{babbler.address}/elsewhere"}

    placed = await exchange.perform(PlaceOrder(order=an_order()))

    assert isinstance(placed, OrderOutcomeUnknown)
    assert "/elsewhere" not in babbler.seen


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
async def test_no_5xx_is_ever_called_a_refusal(exchange, babbler, status):
    babbler.status, babbler.said = status, "<html>sorry</html>"
    cancel = CancelOrder(client_order_id="p", symbol=SYMBOL, is_conditional=True)

    assert isinstance(await exchange.perform(PlaceOrder(order=an_order())), OrderOutcomeUnknown)
    assert isinstance(await exchange.perform(cancel), CancelOutcomeUnknown)


ANOTHER = {
    "orderId": 8, "symbol": "BTCUSDT", "status": "FILLED", "clientOrderId": "p0000-1-abcd-1-E2", "origQty": "0.010",
    "executedQty": "0.010", "reduceOnly": False, "side": "BUY", "updateTime": 1_700_000_000_000,
}  # fmt: skip


@pytest.mark.parametrize("spoken", ["binanceusdm"], indirect=True)
async def test_an_answer_about_another_order_proves_nothing_about_ours(exchange, babbler):
    babbler.said = json.dumps(ANOTHER)
    name = "p0000-1-abcd-1-E1"

    placed = await exchange.perform(PlaceOrder(order=an_order(name)))
    found = await exchange.perform(FindOrder(client_order_id=name, symbol=SYMBOL, is_conditional=False))

    assert isinstance(placed, OrderOutcomeUnknown)
    assert isinstance(found, ExchangeUnavailable)


TRIGGERED = {
    "algoId": 9, "clientAlgoId": "p0000-1-abcd-1-S1", "symbol": "BTCUSDT", "algoStatus": "TRIGGERED", "side": "SELL",
    "quantity": "0.010", "triggerPrice": "57000.00", "reduceOnly": True, "actualOrderId": "8",
    "updateTime": 1_700_000_000_000,
}  # fmt: skip


@pytest.mark.parametrize("spoken", ["binanceusdm"], indirect=True)
async def test_a_triggered_stop_exists_even_while_what_it_became_is_not_shown_yet(exchange, babbler):
    babbler.answers = {
        "/fapi/v1/algoOrder": (200, TRIGGERED),
        "/fapi/v1/order": (400, {"code": -2013, "msg": "Order does not exist."}),
    }
    call = FindOrder(client_order_id="p0000-1-abcd-1-S1", symbol=SYMBOL, is_conditional=True)

    found = await exchange.perform(call)

    assert isinstance(found, OrderFound)
    assert (found.report.status, found.report.venue_order_id) == (OrderStatus.TRIGGERED, "8")
