"""Unmodified ccxt on a real venue process: orders, money, refusals with Binance's codes and ccxt's own classes."""

import asyncio
from decimal import Decimal

import ccxt
import pytest

from tests.venue.conftest import client, close
from tests.venue.processes import VenueProcess, start

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"
D = Decimal


def last_price(venue: VenueProcess) -> Decimal:
    return D(venue.control("GET", "status")["symbols"]["BTCUSDT"]["last"])


def near(venue: VenueProcess, share: str) -> float:
    return float(round(last_price(venue) * D(share), 1))


async def test_a_market_order_changes_position_and_balance_to_the_cent(exchange, paused_venue):
    before = paused_venue.control("GET", "accounts/account-1")
    ask = D(paused_venue.control("GET", "status")["symbols"]["BTCUSDT"]["ask"])

    order = await exchange.create_order(S, "market", "buy", "0.5", None, {"clientOrderId": "first"})

    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.5, "first")
    after = paused_venue.control("GET", "accounts/account-1")
    assert D(after["balance"]) == D(before["balance"]) - ask * D("0.5") * D("0.0005")
    balance = await exchange.fetch_balance()
    assert D(balance["info"]["totalWalletBalance"]) == D(after["balance"])
    (position,) = await exchange.fetch_positions([S])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.5, float(ask))
    (trade,) = (await exchange.fetch_my_trades(S))[-1:]
    assert (trade["order"], trade["takerOrMaker"]) == (order["id"], "taker")


async def test_a_stop_rests_fires_and_closes(exchange, paused_venue):
    await exchange.create_order(S, "market", "buy", 0.1)
    trigger = near(paused_venue, "0.99")
    stop = await exchange.create_order(
        S, "market", "sell", 0.1, None, {"stopLossPrice": trigger, "reduceOnly": True, "clientOrderId": "stop-1"}
    )
    assert await exchange.fetch_open_orders(S) == []
    assert [o["id"] for o in await exchange.fetch_open_orders(S, params={"trigger": True})] == [stop["id"]]

    paused_venue.control("POST", "market/BTCUSDT", {"price": str(D(str(trigger)) - 10)})

    assert await exchange.fetch_positions([S]) == []
    fired = await exchange.fetch_order(stop["id"], S, {"trigger": True})
    made = await exchange.fetch_order("", S, {"clientOrderId": "stop-1"})
    assert fired["info"]["algoStatus"] == "FINISHED"
    assert fired["info"]["actualOrderId"] == made["id"]
    assert (made["status"], made["filled"]) == ("closed", 0.1)


async def test_a_take_profit_and_a_trailing_stop_fire_on_their_side(exchange, paused_venue):
    await exchange.create_order(S, "market", "buy", 0.2)
    await exchange.create_order(S, "market", "sell", 0.1, None, {"takeProfitPrice": near(paused_venue, "1.01")})
    trailing = {"trailingPercent": 1, "reduceOnly": True}
    await exchange.create_order(S, "market", "sell", 0.1, None, trailing)

    paused_venue.control("POST", "market/BTCUSDT", {"price": str(near(paused_venue, "1.02"))})
    assert (await exchange.fetch_positions([S]))[0]["contracts"] == 0.1
    paused_venue.control("POST", "market/BTCUSDT", {"price": str(near(paused_venue, "0.98"))})

    assert await exchange.fetch_positions([S]) == []


async def test_limit_orders_are_amended_and_cancelled_by_either_id(exchange, paused_venue):
    price = near(paused_venue, "0.98")
    order = await exchange.create_order(S, "limit", "buy", 0.1, price, {"clientOrderId": "rest-1"})
    assert order["status"] == "open"

    amended = await exchange.edit_order(order["id"], S, "limit", "buy", 0.2, price - 10)
    assert (amended["amount"], amended["price"]) == (0.2, price - 10)
    canceled = await exchange.cancel_order("", S, {"clientOrderId": "rest-1"})

    assert canceled["status"] == "canceled"
    assert [o["status"] for o in await exchange.fetch_orders(S)][-1] == "canceled"


async def test_leverage_margin_mode_and_position_mode(exchange):
    await exchange.set_leverage(10, S)
    assert (await exchange.fetch_leverage(S))["longLeverage"] == 10
    with pytest.raises(ccxt.MarginModeAlreadySet, match="-4046"):
        await exchange.set_margin_mode("cross", S)
    with pytest.raises(ccxt.OperationRejected, match="-4059"):
        await exchange.set_position_mode(False)
    assert (await exchange.fetch_position_mode(S))["hedged"] is False
    assert len((await exchange.fetch_leverage_tiers([S]))[S]) > 5
    await exchange.set_leverage(20, S)


REFUSALS = [
    (("market", "buy", 0.001, None), {}, ccxt.InvalidOrder, "-4164"),
    (("market", "buy", 100, None), {}, ccxt.InsufficientFunds, "-2019"),
    (("limit", "buy", 0.01, "1.5"), {}, ccxt.BadRequest, "-4016"),
    (("limit", "buy", 0.01, "1.01"), {"timeInForce": "GTX"}, ccxt.OrderNotFillable, "-5022"),
    (("limit", "sell", 0.01, "1.01"), {"reduceOnly": True}, ccxt.InvalidOrder, "-2022"),
    (("market", "sell", 0.01, None), {"stopLossPrice": "1.01"}, ccxt.OrderImmediatelyFillable, "-2021"),
    (("limit", "buy", 0.01, "0.99"), {"clientOrderId": "x" * 37}, ccxt.BadRequest, "-4015"),
    (("limit", "buy", 0.01, "0.99"), {"clientOrderId": "ä"}, ccxt.BadRequest, "-1100"),
]


@pytest.mark.parametrize(("order", "params", "error", "code"), REFUSALS)
async def test_refusals_have_binances_codes_and_ccxts_classes(exchange, paused_venue, order, params, error, code):
    kind, side, amount, share = order
    price = None if share is None else near(paused_venue, share)
    if "stopLossPrice" in params:
        params = {**params, "stopLossPrice": near(paused_venue, params["stopLossPrice"])}

    with pytest.raises(error, match=code):
        await exchange.create_order(S, kind, side, amount, price, params)


async def test_raw_filters_precision_and_wrong_endpoints(exchange, paused_venue):
    base = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    price = str(near(paused_venue, "0.99"))
    cases = [
        ({"quantity": "0.0105", "price": price}, ccxt.BadRequest, "-1111"),
        ({"quantity": "0.010", "price": price + "05"}, ccxt.BadRequest, "-1111"),
        ({"quantity": "0.010", "price": price + "5"}, ccxt.BadRequest, "-4014"),
        ({"quantity": "0", "price": price}, ccxt.BadRequest, "-4003"),
        ({"price": price}, ccxt.BadRequest, "-1102"),
        ({"quantity": "0.01", "price": price, "symbol": "NOPEUSDT"}, ccxt.BadSymbol, "-1121"),
        ({"quantity": "0.01", "price": price, "type": "STOP_MARKET"}, ccxt.InvalidOrder, "-4120"),
        ({"quantity": "0.01", "price": price, "side": "UP"}, ccxt.BadRequest, "-1117"),
        ({"quantity": "0.01", "price": price, "positionSide": "LONG"}, ccxt.ExchangeError, "-4061"),
    ]
    for change, error, code in cases:
        with pytest.raises(error, match=code):
            await exchange.fapiPrivatePostOrder({**base, **change})


async def test_a_name_used_by_an_open_order_is_refused(exchange, paused_venue):
    price = near(paused_venue, "0.98")
    await exchange.create_order(S, "limit", "buy", 0.1, price, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.InvalidOrder, match="-4116"):
        await exchange.create_order(S, "limit", "buy", 0.1, price, {"clientOrderId": "twice"})
    stop = {"stopLossPrice": price, "clientOrderId": "twice-stop"}
    await exchange.create_order(S, "market", "sell", 0.1, None, stop)
    with pytest.raises(ccxt.InvalidOrder, match="-4116"):
        await exchange.create_order(S, "market", "sell", 0.1, None, stop)


async def test_unknown_orders(exchange):
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        await exchange.fetch_order("1", S)
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await exchange.cancel_order("1", S)
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await exchange.cancel_order("1", S, {"trigger": True})


async def test_keys_signatures_and_clocks(paused_venue):
    cases = [
        ({"secret": "wrong"}, ccxt.AuthenticationError, "-1022"),
        ({"apiKey": "wrong"}, ccxt.AuthenticationError, "-2015"),
        ({"options": {"fetchCurrencies": False, "timeDifference": 60_000}}, ccxt.InvalidNonce, "-1021"),
        ({"options": {"fetchCurrencies": False, "timeDifference": -60_000}}, ccxt.InvalidNonce, "-1021"),
    ]
    for change, error, code in cases:
        made = client(paused_venue.port, **change)
        try:
            with pytest.raises(error, match=code):
                await made.fapiPrivateV3GetAccount()
        finally:
            await close(made)


async def test_answers_carry_what_was_used_and_too_much_is_refused(tmp_path):
    venue = start(tmp_path, "--speed", "0", "--weight-limit", "100", "--order-limit", "20")
    made = client(venue.port)
    try:
        await made.load_markets()
        for _ in range(2):
            await made.create_order(S, "market", "buy", 0.01)
        headers = made.last_response_headers
        assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"]) == ("2", "2")
        for _ in range(3):
            await made.create_order(S, "market", "buy", 0.01)
        with pytest.raises(ccxt.DDoSProtection, match="-1015"):
            await made.create_order(S, "market", "buy", 0.01)
        used = int(made.last_response_headers["X-MBX-USED-WEIGHT-1M"])
        for _ in range(100 - used):
            await made.fapiPublicGetPing()
        with pytest.raises(ccxt.DDoSProtection, match="-1003"):
            await made.fapiPublicGetPing()
        assert int(made.last_response_headers["Retry-After"]) > 0
    finally:
        await close(made)
        venue.stop()


async def test_a_countdown_cancels_what_rests_and_leaves_stops(exchange, paused_venue):
    price = near(paused_venue, "0.97")
    await exchange.create_order(S, "limit", "buy", 0.1, price)
    await exchange.create_order(S, "market", "sell", 0.1, None, {"stopLossPrice": price})

    await exchange.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 100})
    await asyncio.sleep(0.5)

    assert await exchange.fetch_open_orders(S) == []
    assert len(await exchange.fetch_open_orders(S, params={"trigger": True})) == 1


async def test_several_orders_at_once_have_each_its_own_answer(exchange, paused_venue):
    price = near(paused_venue, "0.97")
    legs = [
        {"symbol": S, "type": "limit", "side": "buy", "amount": 0.1, "price": price},
        {"symbol": S, "type": "limit", "side": "buy", "amount": 0.001, "price": price},
    ]

    answers = {order["status"]: order["info"] for order in await exchange.create_orders(legs)}

    assert set(answers) == {"open", "rejected"}
    assert answers["rejected"]["code"] == -4164


async def test_hedge_mode_through_ccxt(paused_venue):
    made = client(paused_venue.port, number=4)
    try:
        await made.load_markets()
        await made.set_position_mode(True)
        await made.create_order(S, "market", "buy", 0.1, None, {"positionSide": "LONG"})
        await made.create_order(S, "market", "sell", 0.2, None, {"positionSide": "SHORT"})
        positions = {p["side"]: p["contracts"] for p in await made.fetch_positions([S])}
        stop = {"positionSide": "LONG", "stopLossPrice": near(paused_venue, "0.99")}
        await made.create_order(S, "market", "sell", 0.1, None, stop)
        paused_venue.control("POST", "market/BTCUSDT", {"price": str(near(paused_venue, "0.98"))})
        left = {p["side"]: p["contracts"] for p in await made.fetch_positions([S])}
    finally:
        await close(made)
    assert (positions, left) == ({"long": 0.1, "short": 0.2}, {"short": 0.2})
