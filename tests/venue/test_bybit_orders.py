"""The venue as Bybit v5, met by unmodified ccxt with production URLs: orders from placing to the books."""

import time

import ccxt
import pytest

from tests.venue.conftest import bybit_client, close

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"


def price_of(venue) -> float:
    return float(venue.control("GET", "market/BTCUSDT")["last"])


def move_to(venue, price: float) -> None:
    venue.control("POST", "market/BTCUSDT", {"price": str(price)})


async def settled(exchange, order) -> dict:
    return await exchange.fetch_order(order["id"], S, {"acknowledged": True})


def named(word: str) -> str:
    return f"{word}-{time.time_ns()}"


async def test_market_data_speaks_for_the_same_market_as_control_does(bybit, paused_venue):
    last = price_of(paused_venue)

    assert abs(await bybit.fetch_time() - time.time() * 1000) < 2000
    assert (await bybit.fetch_ticker(S))["last"] == last
    bars = await bybit.fetch_ohlcv(S, "5m", limit=7)
    assert len(bars) == 7
    assert bars == sorted(bars)
    book = await bybit.fetch_order_book(S, 5)
    assert book["bids"][0][0] == last < book["asks"][0][0]
    assert (await bybit.fetch_funding_rate(S))["interval"] == "8h"
    assert len(await bybit.fetch_funding_rate_history(S)) >= 2
    assert bybit.market(S)["precision"] == {"amount": 0.001, "price": 0.1}


async def test_an_order_is_acknowledged_without_a_word_on_what_became_of_it(bybit):
    name = named("ack")
    before = (await bybit.fetch_balance())["USDT"]["total"]

    order = await bybit.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": name})

    assert set(order["info"]) == {"orderId", "orderLinkId"}
    assert order["clientOrderId"] == name
    done = await settled(bybit, order)
    assert (done["status"], done["filled"]) == ("closed", 0.01)
    trade = (await bybit.fetch_my_trades(S))[-1]
    assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (order["id"], 0.01, "taker")
    after = (await bybit.fetch_balance())["USDT"]
    assert before - after["total"] == pytest.approx(trade["fee"]["cost"])
    assert after["used"] > 0
    position = (await bybit.fetch_positions([S]))[0]
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.01, trade["price"])


async def test_a_resting_order_is_amended_found_by_its_link_id_and_cancelled(bybit, paused_venue):
    name, low = named("rest"), round(price_of(paused_venue) * 0.97)
    order = await bybit.create_order(S, "limit", "buy", 0.01, low, {"clientOrderId": name})

    await bybit.edit_order(order["id"], S, "limit", "buy", 0.02, low - 100)

    found = await bybit.privateGetV5OrderRealtime({"category": "linear", "symbol": "BTCUSDT", "orderLinkId": name})
    row = found["result"]["list"][0]
    assert (row["orderId"], row["qty"], row["price"]) == (order["id"], "0.02", str(low - 100))
    await bybit.cancel_order(None, S, {"orderLinkId": name})
    assert (await settled(bybit, order))["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound, match="110001"):
        await bybit.cancel_order(order["id"], S)


async def test_open_orders_come_in_pages_of_twenty_with_a_cursor(bybit, paused_venue):
    low = round(price_of(paused_venue) * 0.97)
    made = [(await bybit.create_order(S, "limit", "buy", 0.01, low - n))["id"] for n in range(23)]

    assert len(await bybit.fetch_open_orders(S)) == 20
    asked = {"category": "linear", "symbol": "BTCUSDT"}
    first = (await bybit.privateGetV5OrderRealtime(asked))["result"]
    second = (await bybit.privateGetV5OrderRealtime({**asked, "cursor": first["nextPageCursor"]}))["result"]
    ids = [row["orderId"] for row in first["list"] + second["list"]]
    assert sorted(ids) == sorted(made)
    assert second["nextPageCursor"] == ""
    assert len((await bybit.privateGetV5OrderRealtime({**asked, "limit": 50}))["result"]["list"]) == 23
    assert len(await bybit.cancel_all_orders(S)) == 23


async def test_a_stop_keeps_its_id_when_it_fires_and_becomes_an_order(bybit, paused_venue):
    last = price_of(paused_venue)
    await bybit.create_order(S, "market", "buy", 0.01)
    stop = await bybit.create_order(S, "market", "sell", 0.01, None, {"stopLossPrice": round(last * 0.99)})
    waiting = (await bybit.fetch_open_orders(S))[0]
    assert (waiting["id"], waiting["info"]["orderStatus"], waiting["reduceOnly"]) == (stop["id"], "Untriggered", True)

    move_to(paused_venue, round(last * 0.985))

    done = await settled(bybit, stop)
    assert (done["status"], done["filled"], done["info"]["stopOrderType"]) == ("closed", 0.01, "Stop")
    assert (await bybit.fetch_my_trades(S))[-1]["order"] == stop["id"]
    assert await bybit.fetch_positions() == []


async def test_a_conditional_order_can_be_amended(bybit, paused_venue):
    last = price_of(paused_venue)
    await bybit.create_order(S, "market", "buy", 0.02)
    stop = await bybit.create_order(S, "market", "sell", 0.01, None, {"stopLossPrice": round(last * 0.98)})

    moved = {"category": "linear", "symbol": "BTCUSDT", "orderId": stop["id"], "triggerPrice": str(round(last * 0.99))}
    await bybit.privatePostV5OrderAmend(moved)

    assert (await bybit.fetch_open_orders(S))[0]["triggerPrice"] == round(last * 0.99)


async def test_protection_of_the_whole_position_is_set_changed_and_gone_with_it(bybit, paused_venue):
    last = price_of(paused_venue)
    stop = {"category": "linear", "symbol": "BTCUSDT", "positionIdx": 0, "tpslMode": "Full"}
    with pytest.raises(ccxt.BadRequest, match="zero position"):
        await bybit.privatePostV5PositionTradingStop({**stop, "stopLoss": str(round(last * 0.98))})
    await bybit.create_order(S, "market", "buy", 0.03)
    with pytest.raises(ccxt.BadRequest, match="should lower than base_price"):
        await bybit.privatePostV5PositionTradingStop({**stop, "stopLoss": str(round(last * 1.02))})

    levels = {"stopLoss": str(round(last * 0.98)), "takeProfit": str(round(last * 1.02))}
    await bybit.privatePostV5PositionTradingStop({**stop, **levels})

    position = (await bybit.fetch_positions([S]))[0]
    assert (position["stopLossPrice"], position["takeProfitPrice"]) == (round(last * 0.98), round(last * 1.02))
    with pytest.raises(ccxt.ExchangeError, match="34040"):
        await bybit.privatePostV5PositionTradingStop({**stop, **levels})
    await bybit.privatePostV5PositionTradingStop({**stop, "takeProfit": "0"})
    assert [o["info"]["stopOrderType"] for o in await bybit.fetch_open_orders(S)] == ["StopLoss"]
    move_to(paused_venue, round(last * 0.97))
    assert await bybit.fetch_positions() == []
    assert await bybit.fetch_open_orders(S) == []


async def test_protection_that_comes_with_the_entry_guards_the_position(bybit, paused_venue):
    last = price_of(paused_venue)
    levels = {"stopLoss": {"triggerPrice": round(last * 0.98)}, "takeProfit": {"triggerPrice": round(last * 1.02)}}

    await bybit.create_order(S, "market", "buy", 0.01, None, levels)

    assert {o["info"]["stopOrderType"] for o in await bybit.fetch_open_orders(S)} == {"StopLoss", "TakeProfit"}
    move_to(paused_venue, round(last * 1.03))
    assert await bybit.fetch_positions() == []
    assert await bybit.fetch_open_orders(S) == []


async def test_post_only_and_fill_or_kill_are_accepted_and_then_cancelled(bybit, paused_venue):
    high = round(price_of(paused_venue) * 1.01)
    post_only = await bybit.create_order(S, "limit", "buy", 0.01, high, {"postOnly": True})
    fill_or_kill = await bybit.create_order(S, "limit", "buy", 0.01, high - 2000, {"timeInForce": "FOK"})

    rows = [(await settled(bybit, o))["info"] for o in (post_only, fill_or_kill)]

    assert [r["orderStatus"] for r in rows] == ["Cancelled", "Cancelled"]
    assert [r["rejectReason"] for r in rows] == ["EC_PostOnlyWillTakeLiquidity", "EC_NoImmediateQtyToFill"]


REFUSED = [
    ({"qty": "5000"}, ccxt.BadRequest, "10001"),
    ({"qty": "0.0001"}, ccxt.BadRequest, "10001"),
    ({"qty": "0.001"}, ccxt.InvalidOrder, "110094"),
    ({"qty": "90"}, ccxt.InsufficientFunds, "110007"),
    ({"reduceOnly": True}, ccxt.InvalidOrder, "110017"),
    ({"orderType": "Limit", "price": "90000"}, ccxt.InvalidOrder, "110003"),
    ({"orderType": "Limit", "price": "60000.05"}, ccxt.BadRequest, "10001"),
    ({"triggerPrice": "30000", "triggerDirection": 1}, ccxt.InvalidOrder, "110092"),
    ({"triggerPrice": "90000", "triggerDirection": 2}, ccxt.InvalidOrder, "110093"),
    ({"triggerPrice": "90000"}, ccxt.BadRequest, "triggerDirection"),
    ({"positionIdx": 1}, ccxt.BadRequest, "position idx"),
    ({"symbol": "NOPEUSDT"}, ccxt.BadSymbol, "10001"),
    ({"category": "spot"}, ccxt.BadRequest, "Illegal category"),
    ({"category": ""}, ccxt.BadRequest, "Illegal category"),
    ({"orderLinkId": "no spaces"}, ccxt.BadRequest, "orderLinkId"),
]


@pytest.mark.parametrize(("changes", "error", "text"), REFUSED, ids=str)
async def test_refusals_in_bybits_words(bybit, changes, error, text):
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
    with pytest.raises(error, match=text):
        await bybit.privatePostV5OrderCreate({**order, **changes})


async def test_a_link_id_may_be_used_once_also_when_its_order_is_done(bybit):
    name = named("once")
    await bybit.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": name})
    with pytest.raises(ccxt.InvalidOrder, match="110072"):
        await bybit.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": name})


async def test_the_same_account_seen_through_both_faces(bybit, exchange):
    name = named("both")
    placed = await exchange.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": name})

    seen = (await bybit.fetch_closed_orders(S))[-1]

    assert (seen["clientOrderId"], seen["filled"], seen["average"]) == (name, 0.01, placed["average"])


async def test_leverage_modes_and_who_it_is(paused_venue):
    other = bybit_client(paused_venue.port, number=4)
    await other.load_markets()
    await other.set_leverage(7, S)
    with pytest.raises(ccxt.BadRequest, match="110043"):
        await other.set_leverage(7, S)
    assert (await other.fetch_leverage(S))["longLeverage"] == 7
    await other.set_position_mode(True, S)
    with pytest.raises(ccxt.NoChange):
        await other.set_position_mode(True, S)
    for index, side in ((1, "buy"), (2, "sell")):
        await other.create_order(S, "market", side, 0.01, None, {"positionIdx": index})
    assert {p["side"] for p in await other.fetch_positions([S])} == {"long", "short"}
    for index, side in ((1, "sell"), (2, "buy")):
        await other.create_order(S, "market", side, 0.01, None, {"positionIdx": index, "reduceOnly": True})
    await other.set_position_mode(False, S)
    isolated = {"category": "linear", "symbol": "BTCUSDT", "tradeMode": 1, "buyLeverage": "5", "sellLeverage": "5"}
    await other.privatePostV5PositionSwitchIsolated(isolated)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        await other.privatePostV5PositionSwitchIsolated(isolated)
    assert (await other.privateGetV5AccountInfo())["result"]["marginMode"] == "ISOLATED_MARGIN"
    assert (await other.fetch_trading_fee(S))["taker"] == 0.0005
    await close(other)


async def test_a_batch_answers_for_each_order(bybit, paused_venue):
    low = round(price_of(paused_venue) * 0.97)
    wanted = [
        {"symbol": S, "type": "limit", "side": "buy", "amount": 0.01, "price": low},
        {"symbol": S, "type": "limit", "side": "buy", "amount": 5000, "price": low},
    ]
    first, second = await bybit.create_orders(wanted)

    assert first["id"].startswith("b00")
    assert second["status"] == "rejected"
