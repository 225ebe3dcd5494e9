"""What a customer can set on its account, and what Binance says when it can't: through unmodified ccxt."""

import json
import re

import ccxt
import pytest

from tests.venue.conftest import clean

S = "BTC/USDT:USDT"
BTC = {"symbol": "BTCUSDT"}


async def refused(call, **parameters) -> int:
    """The code of the refusal."""
    with pytest.raises(ccxt.BaseError) as caught:
        await call(parameters)
    return int(re.search(r'"code":\s*(-?\d+)', str(caught.value))[1])


async def test_multi_assets_mode_and_isolated_margin_exclude_each_other(exchange):
    change, read = exchange.fapiPrivatePostMultiAssetsMargin, exchange.fapiPrivateGetMultiAssetsMargin
    assert await refused(change, multiAssetsMargin="false") == -4171
    order = await exchange.create_order(S, "limit", "buy", 0.01, 58000)
    assert await refused(change, multiAssetsMargin="true") == -4170
    await exchange.cancel_order(order["id"], S)
    await exchange.set_margin_mode("isolated", S)
    assert await refused(change, multiAssetsMargin="true") == -4167
    await exchange.set_margin_mode("cross", S)

    await change({"multiAssetsMargin": "true"})

    assert (await read())["multiAssetsMargin"] is True
    assert await refused(exchange.fapiPrivatePostMarginType, **BTC, marginType="ISOLATED") == -4168
    await change({"multiAssetsMargin": "false"})


async def test_an_isolated_position_takes_margin_and_remembers_it(exchange):
    await exchange.set_margin_mode("isolated", S)
    await exchange.create_order(S, "market", "buy", 0.1)
    before = (await exchange.fetch_positions([S]))[0]
    await exchange.fapiPrivatePostPositionMargin({**BTC, "amount": "50", "type": 1})
    await exchange.fapiPrivatePostPositionMargin({**BTC, "amount": "20", "type": 2})
    after = (await exchange.fetch_positions([S]))[0]
    moves = await exchange.fapiPrivateGetPositionMarginHistory(BTC)
    assert await refused(exchange.fapiPrivatePostLeverage, **BTC, leverage=2) == -4161
    await clean(exchange)
    await exchange.set_margin_mode("cross", S)

    assert after["liquidationPrice"] < before["liquidationPrice"]
    assert [(m["type"], float(m["amount"])) for m in moves][-2:] == [(1, 50.0), (2, 20.0)]


async def test_amendments_are_remembered_newest_first(exchange):
    order = await exchange.create_order(S, "limit", "buy", 0.01, 58000)
    await exchange.edit_order(order["id"], S, "limit", "buy", 0.02, 58000)
    await exchange.edit_order(order["id"], S, "limit", "buy", 0.02, 58100)
    rows = await exchange.fapiPrivateGetOrderAmendment({**BTC, "orderId": order["id"]})

    assert [r["amendment"]["count"] for r in rows] == [2, 1]
    assert {k: float(v) for k, v in rows[0]["amendment"]["price"].items()} == {"before": 58000, "after": 58100}
    assert {k: float(v) for k, v in rows[1]["amendment"]["origQty"].items()} == {"before": 0.01, "after": 0.02}


@pytest.mark.parametrize("mode", ["EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"])
async def test_who_would_trade_with_itself_sees_the_order_expire_in_match(exchange, mode):
    ask = (await exchange.fetch_order_book(S))["asks"][0][0]
    resting = await exchange.create_order(S, "limit", "sell", 0.01, ask)
    taken = await exchange.create_order(S, "limit", "buy", 0.01, ask, {"selfTradePreventionMode": mode})
    states = [(await exchange.fetch_order(o["id"], S))["info"]["status"] for o in (resting, taken)]

    maker = "NEW" if mode == "EXPIRE_TAKER" else "EXPIRED_IN_MATCH"
    taker = "FILLED" if mode == "EXPIRE_MAKER" else "EXPIRED_IN_MATCH"
    assert states == [maker, taker]


async def test_a_price_may_be_matched_to_the_book(exchange):
    book = await exchange.fetch_order_book(S, 20)
    order = {**BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    across = await exchange.fapiPrivatePostOrder({**order, "priceMatch": "OPPONENT", "newOrderRespType": "RESULT"})
    queued = await exchange.fapiPrivatePostOrder({**order, "priceMatch": "QUEUE_5"})
    assert await refused(exchange.fapiPrivatePostOrder, **order, priceMatch="QUEUE", price="58000") == -1106
    assert await refused(exchange.fapiPrivatePostOrder, **order, priceMatch="NEAR") == -1130

    assert (across["status"], float(across["price"]), across["priceMatch"]) == (
        "FILLED",
        book["asks"][0][0],
        "OPPONENT",
    )
    assert float(queued["price"]) == book["bids"][4][0]


async def test_forced_orders_are_listed_by_what_forced_them(exchange, paused_venue):
    await exchange.create_order(S, "market", "buy", 0.01)
    paused_venue.control("POST", "accounts/account-1/adl", BTC)
    await exchange.create_order(S, "market", "buy", 0.01)
    paused_venue.control("POST", "accounts/account-1/liquidate", {})
    adl = await exchange.fapiPrivateGetForceOrders({"autoCloseType": "ADL"})
    liquidated = await exchange.fapiPrivateGetForceOrders({"autoCloseType": "LIQUIDATION"})

    assert {o["clientOrderId"] for o in adl} == {"adl_autoclose"}
    assert all(o["clientOrderId"].startswith("autoclose-") for o in liquidated)
    assert liquidated != []


async def test_what_the_keys_may_not_do_is_refused_as_a_permission(exchange):
    for call in (exchange.fapiPrivateGetIncomeAsyn, exchange.fapiPrivatePostConvertGetQuote):
        assert await refused(call) == -2015
    assert json.loads(exchange.last_http_response)["msg"].startswith("Invalid API-key")


async def test_fees_may_be_burned_and_the_short_form_of_a_fill_comes_first(exchange):
    await exchange.fapiPrivatePostFeeBurn({"feeBurn": "true"})
    assert (await exchange.fapiPrivateGetFeeBurn())["feeBurn"] is True
    key = (await exchange.fapiPrivatePostListenKey())["listenKey"]
    async with exchange.redirect.ws_connect(f"wss://fstream.binance.com/ws/{key}") as socket:
        await exchange.create_order(S, "market", "buy", 0.01)
        heard = [json.loads((await socket.receive(timeout=5)).data) for _ in range(4)]

    assert [m["e"] for m in heard] == ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE"]
    short, long = heard[2], heard[3]["o"]
    assert [short[k] for k in "sqcSLlti"] == [long[k] for k in "sqcSLlti"]
