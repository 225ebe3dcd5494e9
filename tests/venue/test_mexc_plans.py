"""MEXC's conditional orders through unmodified ccxt: plan orders, and stops of positions with their two ends."""

import asyncio
import time

import ccxt
import pytest

from tests.venue.test_mexc_orders import S, move_to, price_of, sent

pytestmark = pytest.mark.processes


async def test_a_plan_order_waits_fires_and_makes_an_order_of_its_own(mexc, paused_venue):
    last = price_of(paused_venue)
    await mexc.create_order(S, "market", "buy", 10)
    below = {"triggerPrice": round(last * 0.99), "triggerType": 2, "reduceOnly": True, "clientOrderId": "not-read"}
    stop = await mexc.create_order(S, "market", "sell", 10, None, below)
    waiting = (await mexc.fetch_open_orders(S, None, None, {"trigger": True}))[0]
    assert (waiting["id"], waiting["triggerPrice"], waiting["status"]) == (stop["id"], round(last * 0.99), "open")
    assert await mexc.fetch_open_orders(S) == []

    move_to(paused_venue, round(last * 0.985))

    listed = {"symbol": "BTC_USDT", "states": "3"}
    plan = (await mexc.contractPrivateGetPlanorderListOrders(listed))["data"][0]
    assert plan["id"] == stop["id"] != plan["orderId"]
    done = await mexc.fetch_order(plan["orderId"], S)
    assert (done["status"], done["filled"], done["info"]["side"]) == ("closed", 10, 4)
    assert "externalOid" not in plan  # a client can't name it, nor what comes of it
    assert done["info"]["externalOid"] == ""
    assert await mexc.fetch_positions() == []


async def test_plan_orders_are_cancelled_by_id_and_all_at_once(mexc, paused_venue):
    last = price_of(paused_venue)
    made = [
        await mexc.create_order(S, "limit", "buy", 10, round(last * 1.03), {"triggerPrice": round(last * 1.02) + n})
        for n in range(3)
    ]
    await mexc.cancel_order(made[0]["id"], S, {"trigger": True})
    assert len(await mexc.fetch_open_orders(S, None, None, {"trigger": True})) == 2
    with pytest.raises(ccxt.ExchangeError, match="2041"):
        await mexc.cancel_order(made[0]["id"], S, {"trigger": True})
    await mexc.cancel_all_orders(S, {"method": "contractPrivatePostPlanorderCancelAll"})
    assert await mexc.fetch_open_orders(S, None, None, {"trigger": True}) == []


async def test_a_plan_order_ends_with_its_cycle(mexc, paused_venue):
    far = {"triggerPrice": round(price_of(paused_venue) * 1.2), "executeCycle": 1}
    await mexc.create_order(S, "market", "buy", 10, None, far)
    paused_venue.control("POST", "clock-skew", {"skew_ms": 24 * 3_600_000})
    until = time.monotonic() + 5
    while paused_venue.control("GET", "accounts/account-1?brief=1")["open_algo_orders"]:
        assert time.monotonic() < until, "the plan order did not end"
        await asyncio.sleep(0.05)
    paused_venue.control("POST", "clock-skew", {"skew_ms": 0})
    assert (await mexc.contractPrivateGetPlanorderListOrders())["data"][0]["state"] == 4


async def test_a_positions_stop_has_two_ends_and_the_first_reached_takes_the_other_away(mexc, paused_venue):
    last = price_of(paused_venue)
    await mexc.create_order(S, "market", "buy", 10)
    number = (await mexc.fetch_positions([S]))[0]["info"]["positionId"]
    wanted = {"positionId": number, "vol": 10, "stopLossPrice": round(last * 0.98)}
    with pytest.raises(ccxt.ExchangeError, match="5003"):
        await mexc.contractPrivatePostStoporderPlace({**wanted, "takeProfitPrice": round(last * 0.99)})
    with pytest.raises(ccxt.ExchangeError, match="5004"):
        await mexc.contractPrivatePostStoporderPlace({**wanted, "vol": 11})
    with pytest.raises(ccxt.ExchangeError, match="5001"):
        await mexc.contractPrivatePostStoporderPlace({"positionId": number, "vol": 10})
    stop = (await mexc.contractPrivatePostStoporderPlace({**wanted, "takeProfitPrice": round(last * 1.02)}))["data"]

    moved = {"stopPlanOrderId": stop, "stopLossPrice": round(last * 0.97), "takeProfitPrice": round(last * 1.03)}
    await mexc.contractPrivatePostStoporderChangePlanPrice(moved)

    row = (await mexc.contractPrivateGetStoporderOpenOrders())["data"][0]
    assert (row["id"], row["stopLossPrice"], row["takeProfitPrice"]) == (
        stop,
        round(last * 0.97),
        round(last * 1.03),
    )
    move_to(paused_venue, round(last * 1.035))
    assert await mexc.fetch_positions() == []
    row = (await mexc.contractPrivateGetStoporderOrderDetailsStopOrderId({"stop_order_id": stop}))["data"]
    assert (row["state"], row["triggerSide"], row["isFinished"], row["realityVol"]) == (3, 1, 1, 10)
    assert (await mexc.contractPrivateGetStoporderOpenOrders())["data"] == []
    with pytest.raises(ccxt.ExchangeError, match="5002"):
        await mexc.contractPrivatePostStoporderCancel([{"stopPlanOrderId": stop}])


async def test_a_stop_shrinks_with_its_position_and_goes_with_it(mexc, paused_venue):
    last = price_of(paused_venue)
    await mexc.create_order(S, "market", "buy", 10)
    number = (await mexc.fetch_positions([S]))[0]["info"]["positionId"]
    await mexc.contractPrivatePostStoporderPlace({"positionId": number, "vol": 10, "stopLossPrice": round(last * 0.98)})

    await mexc.create_order(S, "market", "sell", 4, None, {"reduceOnly": True})
    assert (await mexc.contractPrivateGetStoporderOpenOrders())["data"][0]["vol"] == 6
    await mexc.close_all_positions()
    assert (await mexc.contractPrivateGetStoporderOpenOrders())["data"] == []
    past = (await mexc.fetch_positions_history([S]))[0]["info"]
    assert (past["positionId"], past["closeVol"], past["state"]) == (number, 10, 3)


async def test_protection_that_comes_with_the_entry_grows_with_its_fills(mexc, paused_venue):
    last = price_of(paused_venue)
    paused_venue.control("POST", "faults", {"kind": "partial_fill", "client_id": "^guarded$", "fraction": "0.5"})
    levels = {"stopLossPrice": round(last * 0.98), "takeProfitPrice": round(last * 1.02)}
    order = await sent(mexc, 1, 10, externalOid="guarded", **levels)

    row = (await mexc.contractPrivateGetStoporderOpenOrders())["data"][0]
    assert (row["vol"], row["orderId"]) == (5, order["orderId"])
    move_to(paused_venue, round(last * 0.97))
    assert await mexc.fetch_positions() == []


async def test_the_stop_of_a_resting_order_can_be_changed_before_it_fills(mexc, paused_venue):
    last = price_of(paused_venue)
    low = round(last * 0.99)
    order = await sent(mexc, 1, 10, kind=1, price=low, stopLossPrice=round(last * 0.95))
    await mexc.contractPrivatePostStoporderChangePrice(
        {"orderId": order["orderId"], "stopLossPrice": round(last * 0.96)}
    )

    move_to(paused_venue, low)

    row = (await mexc.contractPrivateGetStoporderOpenOrders())["data"][0]
    assert row["stopLossPrice"] == round(last * 0.96)
    with pytest.raises(ccxt.ExchangeError, match="2041"):
        await mexc.contractPrivatePostStoporderChangePrice({"orderId": order["orderId"], "stopLossPrice": 1})


REFUSED_PLANS = [({"trend": 4}, "3001"), ({"triggerType": 3}, "3002"), ({"executeCycle": 9}, "3003")]


@pytest.mark.parametrize(("changes", "code"), [*REFUSED_PLANS, ({"triggerPrice": 90000, "triggerType": 2}, "3004")])
async def test_refusals_of_plan_orders(mexc, changes, code):
    plan = {"symbol": "BTC_USDT", "side": 1, "vol": 10, "openType": 2, "orderType": 5, "triggerPrice": 90000}
    terms = {"triggerType": 1, "executeCycle": 1, "trend": 1}
    with pytest.raises(ccxt.ExchangeError, match=f'"code":{code}'):
        await mexc.contractPrivatePostPlanorderPlace({**plan, **terms, **changes})


async def test_a_stop_whose_answer_was_lost_can_only_be_guessed(mexc, paused_venue):
    """Why our adapter does not speak MEXC: runbooks/decisions/0050."""
    last = price_of(paused_venue)
    await mexc.create_order(S, "market", "buy", 20)
    below = {"triggerPrice": round(last * 0.98), "triggerType": 2, "reduceOnly": True}
    other = await mexc.create_order(S, "market", "sell", 10, None, {**below, "clientOrderId": "of-somebody-else"})
    paused_venue.control("POST", "faults", {"kind": "lose_response", "endpoint": "planorder/place$"})
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await mexc.create_order(S, "market", "sell", 10, None, {**below, "clientOrderId": "ours"})

    waiting = await mexc.fetch_open_orders(S, None, None, {"trigger": True})

    assert len(waiting) == 2
    assert "ours" not in str(waiting)
    told_apart_by = {"id", "createTime", "updateTime"}
    mine, theirs = ({k: v for k, v in o["info"].items() if k not in told_apart_by} for o in waiting)
    assert mine == theirs
    assert other["id"] in [o["id"] for o in waiting]
