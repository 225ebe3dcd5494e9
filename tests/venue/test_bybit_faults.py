"""Request faults on Bybit's paths: what ccxt's caller sees, and what really happened; keys, clocks and limits."""

import asyncio

import ccxt
import pytest

from tests.venue.conftest import bybit_client, close
from tests.venue.misled import S, order_under
from tests.venue.processes import start

pytestmark = pytest.mark.processes

#   fault, ccxt's class, is the order there afterwards
CASES = [
    ({"kind": "lose_response"}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "timeout_after", "delay_ms": 3000}, ccxt.RequestTimeout, True),
    ({"kind": "timeout_before", "delay_ms": 3000}, ccxt.RequestTimeout, False),
    ({"kind": "rate_limit"}, ccxt.RateLimitExceeded, False),
    ({"kind": "ban"}, ccxt.RateLimitExceeded, False),
    ({"kind": "server_error"}, ccxt.ExchangeError, False),
    ({"kind": "bad_gateway", "executes": True}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "forbidden"}, ccxt.BaseError, False),
    ({"kind": "unknown_503", "executes": True}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "throttled_503"}, ccxt.ExchangeError, False),
    ({"kind": "status_unknown", "executes": True}, ccxt.ExchangeError, True),
    ({"kind": "clock_skew"}, ccxt.InvalidNonce, False),
    ({"kind": "maintenance"}, ccxt.ExchangeError, False),
    ({"kind": "error", "code": 110007, "msg": "No."}, ccxt.InsufficientFunds, False),
]


async def is_there(exchange, name: str) -> bool:
    asked = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": name}
    return bool((await exchange.privateGetV5OrderRealtime(asked))["result"]["list"])


@pytest.mark.parametrize(("fault", "error", "exists"), CASES, ids=str)
async def test_what_the_caller_sees_and_what_is_true(bybit, paused_venue, fault, error, exists):
    name = await order_under(fault, "/v5/order/create$", error, bybit, paused_venue, 0.01)

    assert await is_there(bybit, name) is exists


async def test_a_late_order_appears_after_it_was_asked_for(bybit, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "late_accept", "client_id": "^late-b$", "delay_ms": 300})
    with pytest.raises(ccxt.ExchangeError, match="10000"):
        await bybit.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": "late-b"})

    assert await is_there(bybit, "late-b") is False
    await asyncio.sleep(0.6)
    assert await is_there(bybit, "late-b") is True


async def test_strange_answers_on_bybits_paths(bybit, paused_venue):
    asked = {"category": "linear", "symbol": "BTCUSDT"}
    size = (await bybit.privateGetV5PositionList(asked))["result"]["list"][0]["size"]
    paused_venue.control("POST", "faults", {"kind": "stale_read", "endpoint": "/v5/position/list"})
    paused_venue.control("POST", "faults", {"kind": "slow_drip", "endpoint": "wallet-balance", "delay_ms": 200})
    paused_venue.control("POST", "faults", {"kind": "execute_twice", "endpoint": "order/create"})

    await bybit.create_order(S, "market", "buy", 0.01)

    assert (await bybit.privateGetV5PositionList(asked))["result"]["list"][0]["size"] == size
    assert (await bybit.privateGetV5PositionList(asked))["result"]["list"][0]["size"] == "0.02"
    assert (await bybit.fetch_balance())["USDT"]["total"] > 0


async def test_stuck_stops_and_partial_fills_meet_orders_of_this_face_too(bybit, paused_venue):
    last = (await bybit.fetch_ticker(S))["last"]
    paused_venue.control("POST", "faults", {"kind": "trigger_stuck", "client_id": "^stuck$"})
    paused_venue.control("POST", "faults", {"kind": "partial_fill", "client_id": "^half$", "fraction": "0.5"})
    half = await bybit.create_order(S, "market", "buy", 0.02, None, {"clientOrderId": "half"})
    assert (await bybit.fetch_order(half["id"], S, {"acknowledged": True}))["filled"] == 0.01
    stop = {"stopLossPrice": round(last * 0.99), "clientOrderId": "stuck"}
    await bybit.create_order(S, "market", "sell", 0.01, None, stop)

    paused_venue.control("POST", "market/BTCUSDT", {"price": str(round(last * 0.985))})

    assert (await bybit.fetch_open_orders(S))[0]["info"]["orderStatus"] == "Triggered"
    with pytest.raises(ccxt.OrderNotFound):
        await bybit.cancel_order(None, S, {"orderLinkId": "stuck"})


async def test_keys_signatures_clocks_and_unknown_paths(paused_venue):
    for changes, code in (({"apiKey": "nobody"}, "10003"), ({"secret": "wrong"}, "10004")):
        stranger = bybit_client(paused_venue.port, **changes)
        with pytest.raises(ccxt.AuthenticationError, match=code):
            await stranger.privateGetV5AccountInfo()
        await close(stranger)
    late = bybit_client(paused_venue.port)
    late.options["timeDifference"] = 6000
    with pytest.raises(ccxt.InvalidNonce, match="10002"):
        await late.privateGetV5AccountInfo()
    late.options["timeDifference"] = 0
    with pytest.raises(ccxt.BadRequest, match="10017"):
        await late.publicGetV5MarketInsurance()
    await close(late)


async def test_ten_orders_a_second_and_a_state_that_outlives_a_kill(tmp_path):
    arguments = ("--speed", "0", "--seed", "3", "--state-file", str(tmp_path / "state.json"))
    venue = start(tmp_path, *arguments)
    one = bybit_client(venue.port)
    await one.load_markets()
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    sent = [one.privatePostV5OrderCreate({**order, "price": str(59000 - n)}) for n in range(25)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    limited = [a for a in answers if isinstance(a, ccxt.RateLimitExceeded)]
    assert limited
    assert "10006" in str(limited[0])
    await asyncio.sleep(1.0)
    await one.create_order(S, "market", "buy", 0.01, None, {"stopLoss": {"triggerPrice": 50000}})
    ids = sorted(o["id"] for o in await one.fetch_open_orders(S, None, 50))
    venue.kill()
    await close(one)

    venue = start(tmp_path, *arguments)
    again = bybit_client(venue.port)
    await again.load_markets()

    assert sorted(o["id"] for o in await again.fetch_open_orders(S, None, 50)) == ids
    assert (await again.fetch_positions([S]))[0]["stopLossPrice"] == 50000
    await close(again)
    venue.stop()
