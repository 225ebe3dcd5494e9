"""The venue as MEXC futures, met by unmodified ccxt with production URLs: orders from placing to the books."""

import time

import ccxt
import pytest

from tests.venue.conftest import close, mexc_client

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"


def price_of(venue) -> float:
    return float(venue.control("GET", "market/BTCUSDT")["last"])


def move_to(venue, price: float) -> None:
    venue.control("POST", "market/BTCUSDT", {"price": str(price)})


def named(word: str) -> str:
    return f"{word}-{time.time_ns()}"


async def sent(exchange, side: int, vol: int, kind: int = 5, **more) -> dict:
    """An order in MEXC's own words: side 1 opens long, 2 closes short, 3 opens short, 4 closes long."""
    order = {"symbol": "BTC_USDT", "side": side, "vol": vol, "type": kind, "openType": 2}
    return (await exchange.contractPrivatePostOrderCreate({**order, **more}))["data"]


async def test_market_data_speaks_for_the_same_market_as_control_does(mexc, paused_venue):
    last = price_of(paused_venue)

    assert abs(await mexc.fetch_time() - time.time() * 1000) < 2000
    ticker = (await mexc.fetch_tickers())[S]
    assert ticker["last"] == (await mexc.fetch_ticker(S))["last"] == last
    bars = await mexc.fetch_ohlcv(S, "5m")
    assert len(bars) == 300
    assert bars == sorted(bars)
    assert (await mexc.fetch_ohlcv(S, "5m", bars[-4][0], 2))[0] == bars[-4]
    book = await mexc.fetch_order_book(S, 5)
    assert book["bids"][0][0] == last < book["asks"][0][0]
    assert (await mexc.fetch_funding_rate(S))["interval"] == "8h"
    assert len(await mexc.fetch_funding_rate_history(S)) >= 2
    market = mexc.market(S)
    assert (market["contractSize"], market["precision"]) == (0.001, {"amount": 1.0, "price": 0.1})
    assert (await mexc.fetch_status())["status"] == "ok"
    for price in ("index", "mark"):
        assert await mexc.fetch_ohlcv(S, "5m", None, None, {"price": price}) == bars


async def test_volumes_are_contracts_and_money_is_money(mexc, paused_venue):
    before = (await mexc.fetch_balance())["USDT"]["total"]

    order = await mexc.create_order(S, "market", "buy", 10, None, {"clientOrderId": named("open")})

    done = await mexc.fetch_order(order["id"], S)
    assert (done["status"], done["filled"], done["amount"]) == ("closed", 10, 10)
    trade = (await mexc.fetch_order_trades(order["id"], S))[0]
    assert (trade["amount"], trade["takerOrMaker"]) == (10, "taker")
    assert trade["cost"] == pytest.approx(trade["price"] * 0.01)  # 10 contracts of 0.001 BTC
    position = await mexc.fetch_position(S)
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 10, trade["price"])
    assert (await mexc.fetch_my_trades(S))[-1]["fee"]["cost"] == pytest.approx(trade["price"] * 0.01 * 0.0005)
    asset = (await mexc.contractPrivateGetAccountAssetCurrency({"currency": "USDT"}))["data"]
    assert before - float(asset["equity"]) < 1
    truth = paused_venue.control("GET", "accounts/account-1?brief=1")
    assert (float(truth["positions"][0]["quantity"]), float(truth["balance"])) == (
        0.01,
        pytest.approx(float(asset["equity"]) - float(asset["unrealized"])),
    )


async def test_a_resting_order_is_found_by_either_id_changed_and_cancelled(mexc, paused_venue):
    name, low = named("rest"), round(price_of(paused_venue) * 0.97)
    order = await mexc.create_order(S, "limit", "buy", 10, low, {"clientOrderId": name})
    by_name = {"symbol": "BTC_USDT", "external_oid": name}
    found = (await mexc.contractPrivateGetOrderExternalSymbolExternalOid(by_name))["data"]
    assert (found["orderId"], found["externalOid"], found["state"]) == (order["id"], name, 2)

    await mexc.contractPrivatePostOrderChangeLimitOrder({"orderId": order["id"], "price": low - 100, "vol": 20})

    row = (await mexc.fetch_open_orders(S))[0]
    assert (row["id"], row["amount"], row["price"]) == (order["id"], 20, low - 100)
    assert (await mexc.fetch_orders_by_ids([order["id"]], S))[0]["id"] == order["id"]
    await mexc.contractPrivatePostOrderCancelWithExternal({"symbol": "BTC_USDT", "externalOid": name})
    assert (await mexc.fetch_order(order["id"], S))["status"] == "canceled"
    assert order["id"] in [o["id"] for o in await mexc.fetch_canceled_orders(S)]
    with pytest.raises(ccxt.InvalidOrder, match="cannot be cancelled"):
        await mexc.cancel_order(order["id"], S)
    with pytest.raises(ccxt.InvalidOrder, match="order not exist"):
        await mexc.cancel_order("123", S)
    with pytest.raises(ccxt.ExchangeError, match="2040"):
        await mexc.fetch_order("123", S)


async def test_open_orders_come_in_pages_and_go_together(mexc, paused_venue):
    low = round(price_of(paused_venue) * 0.97)
    made = [(await mexc.create_order(S, "limit", "buy", 10, low - n))["id"] for n in range(23)]

    first = (await mexc.contractPrivateGetOrderListOpenOrders())["data"]
    second = (await mexc.contractPrivateGetOrderListOpenOrders({"page_num": 2}))["data"]

    assert [r["orderId"] for r in first + second] == made[::-1]
    assert (len(first), len(second)) == (20, 3)
    assert len(await mexc.fetch_open_orders(S)) == 23
    rows = await mexc.cancel_orders(made[:2], S)
    assert [r["info"]["errorMsg"] for r in rows] == ["success", "success"]
    await mexc.cancel_all_orders(S)
    assert await mexc.fetch_open_orders(S) == []


async def test_post_only_and_fill_or_kill_are_accepted_and_then_cancelled(mexc, paused_venue):
    high = round(price_of(paused_venue) * 1.01)
    post_only = await mexc.create_order(S, "limit", "buy", 10, high, {"postOnly": True})
    fill_or_kill = await sent(mexc, 1, 10, kind=4, price=high - 2000)

    states = [(await mexc.fetch_order(i, S))["info"] for i in (post_only["id"], fill_or_kill["orderId"])]

    assert [(r["state"], r["errorCode"], r["dealVol"]) for r in states] == [(4, 20, 0), (4, 19, 0)]


REFUSED = [
    ({"symbol": "NOPE_USDT"}, ccxt.BadSymbol, "1001"),
    ({"symbol": "BTCUSDT"}, ccxt.BadSymbol, "1001"),
    ({"side": 7}, ccxt.ExchangeError, "2001"),
    ({"openType": 3}, ccxt.ExchangeError, "2002"),
    ({"type": 1, "price": 90000}, ccxt.InvalidOrder, "2003"),
    ({"type": 1, "price": 30000, "side": 3}, ccxt.ExchangeError, "2004"),
    ({"vol": 90000}, ccxt.InsufficientFunds, "2005"),
    ({"leverage": 500}, ccxt.ExchangeError, "2006"),
    ({"side": 4}, ccxt.InvalidOrder, "2009"),
    ({"vol": 0}, ccxt.BadRequest, "2011"),
    ({"vol": 1}, ccxt.BadRequest, "2011"),
    ({"vol": 1.5}, ccxt.ExchangeError, "2015"),
    ({"type": 1, "price": 60000.05}, ccxt.ExchangeError, "2015"),
    ({"positionMode": 1}, ccxt.ExchangeError, "2022"),
    ({"vol": 5000000}, ccxt.ExchangeError, "2028"),
    ({"type": 9}, ccxt.ExchangeError, "2029"),
    ({"externalOid": "x" * 33}, ccxt.ExchangeError, "2030"),
    ({"externalOid": "no spaces"}, ccxt.BadRequest, "600"),
    ({"vol": None}, ccxt.BadRequest, "600"),
    ({"stopLossPrice": 90000}, ccxt.ExchangeError, "5003"),
]


@pytest.mark.parametrize(("changes", "error", "code"), REFUSED, ids=str)
async def test_refusals_in_mexcs_words(mexc, paused_venue, changes, error, code):
    with pytest.raises(error, match=f'"code":{code}'):
        await sent(
            mexc,
            **{"side": 1, "vol": 10, **{k: v for k, v in changes.items() if k != "type"}},
            kind=changes.get("type", 5),
        )
    assert await mexc.fetch_positions() == []


async def test_an_external_id_sent_again_is_answered_with_the_order_that_has_it(mexc):
    name = named("once")
    first = await mexc.create_order(S, "market", "buy", 10, None, {"clientOrderId": name})
    again = await mexc.create_order(S, "market", "buy", 10, None, {"clientOrderId": name})

    assert again["id"] == first["id"]
    assert (await mexc.fetch_position(S))["contracts"] == 10


async def test_a_batch_answers_for_each_order(mexc, paused_venue):
    low = round(price_of(paused_venue) * 0.97)
    one = {
        "symbol": "BTC_USDT",
        "side": 1,
        "vol": 10,
        "type": 1,
        "openType": 2,
        "price": low,
        "externalOid": named("b"),
    }
    rows = (await mexc.contractPrivatePostOrderSubmitBatch([one, {**one, "vol": 5000000, "externalOid": "b2"}]))["data"]

    assert [(r["externalOid"], r["errorCode"]) for r in rows] == [(one["externalOid"], 0), ("b2", 2028)]
    both = [{"symbol": "BTC_USDT", "externalOid": n} for n in (one["externalOid"], "b2")]
    found = (await mexc.contractPrivatePostOrderBatchQueryWithExternal(both))["data"]
    assert [r["orderId"] for r in found] == [rows[0]["orderId"]]
    gone = (await mexc.contractPrivatePostOrderBatchCancelWithExternal(both))["data"]
    assert [r["errorCode"] for r in gone] == [0, 2040]


async def test_leverage_margin_modes_and_hedging(paused_venue):
    other = mexc_client(paused_venue.port, number=4)
    await other.load_markets()
    await other.set_leverage(7, S, {"openType": 2, "positionType": 1})
    assert (await other.fetch_leverage(S))["longLeverage"] == 7
    await other.set_margin_mode("isolated", S, {"leverage": 5, "direction": "long"})
    order = {"marginMode": "isolated", "leverage": 5}
    await other.create_order(S, "market", "buy", 10, None, order)
    position = (await other.fetch_positions([S]))[0]
    assert (position["marginMode"], position["leverage"]) == ("isolated", 5)
    number = int(position["info"]["positionId"])
    await other.add_margin(S, 50, {"positionId": number})
    assert (await other.fetch_positions([S]))[0]["initialMargin"] == pytest.approx(position["initialMargin"] + 50)
    await other.reduce_margin(S, 50, {"positionId": number})
    with pytest.raises(ccxt.ExchangeError, match="2027"):
        await other.create_order(S, "market", "buy", 10)
    with pytest.raises(ccxt.ExchangeError, match="2021"):
        await other.create_order(S, "market", "buy", 10, None, {**order, "leverage": 9})
    with pytest.raises(ccxt.ExchangeError, match="2019"):
        await other.set_position_mode(True)
    await other.close_all_positions()
    await other.set_position_mode(True)
    assert (await other.fetch_position_mode())["hedged"] is True
    for side in (1, 3):
        await sent(other, side, 10, openType=1)
    assert {p["side"] for p in await other.fetch_positions([S])} == {"long", "short"}
    for side in (4, 2):
        await sent(other, side, 10, openType=1)
    assert await other.fetch_positions([S]) == []
    await close(other)


async def test_ccxts_hedged_orders_mean_the_position_they_name(paused_venue):
    """ccxt's side is the position's here: a hedged reduce-only buy closes a long."""
    other = mexc_client(paused_venue.port, number=5)
    await other.load_markets()
    await other.set_position_mode(True)
    await other.create_order(S, "market", "buy", 10, None, {"hedged": True})
    await other.create_order(S, "market", "sell", 10, None, {"hedged": True})

    await other.create_order(S, "market", "buy", 10, None, {"hedged": True, "reduceOnly": True})

    assert [p["side"] for p in await other.fetch_positions([S])] == ["short"]
    await other.create_order(S, "market", "sell", 10, None, {"hedged": True, "reduceOnly": True})
    assert await other.fetch_positions([S]) == []
    await other.set_position_mode(False)
    await close(other)


@pytest.mark.parametrize(("hand", "given", "category"), [("liquidate", {}, 2), ("adl", {"symbol": "BTCUSDT"}, 4)])
async def test_what_the_exchange_closes_by_force_has_a_category_of_its_own(mexc, paused_venue, hand, given, category):
    await mexc.create_order(S, "market", "buy", 10)

    paused_venue.control("POST", f"accounts/account-1/{hand}", given)

    assert await mexc.fetch_positions([S]) == []
    assert (await mexc.fetch_my_trades(S))[-1]["info"]["category"] == category


async def test_fees_risk_limits_and_what_is_not_there(mexc):
    rates = (await mexc.contractPrivateGetAccountContractFeeRate({"symbol": "BTC_USDT"}))["data"]
    assert rates == [{"symbol": "BTC_USDT", "makerFeeRate": 0.0002, "takerFeeRate": 0.0005}]
    tiers = (await mexc.contractPrivateGetAccountRiskLimit())["data"]["BTC_USDT"]
    assert len({t["level"] for t in tiers}) == 12
    assert (await mexc.fetch_leverage_tiers([S]))[S][0]["maxLeverage"] == 125
    with pytest.raises(ccxt.NotSupported):
        await mexc.fetch_trading_fee(S)
    with pytest.raises(ccxt.ExchangeError, match="404"):
        await mexc.contractPrivateGetTrackorderListOrders()
    with pytest.raises(ccxt.ExchangeError, match="4001"):
        await mexc.contractPrivateGetAccountAssetCurrency({"currency": "BTC"})


async def test_the_same_account_seen_through_both_faces(mexc, exchange):
    name = named("both")
    placed = await exchange.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": name})

    seen = (await mexc.fetch_closed_orders(S))[-1]

    assert (seen["info"]["externalOid"], seen["filled"], seen["average"]) == (name, 10, placed["average"])
    assert (await mexc.fetch_positions([S]))[0]["contracts"] == 10
