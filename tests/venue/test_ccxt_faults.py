"""Request faults through ccxt: what its caller sees, and what really happened."""

import asyncio
import time

import ccxt
import pytest

from tests.venue.conftest import client, close
from tests.venue.misled import S, order_under

pytestmark = pytest.mark.processes

#   fault, ccxt's class, is the order there afterwards
CASES = [
    ({"kind": "lose_response"}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "timeout_after", "delay_ms": 3000}, ccxt.RequestTimeout, True),
    ({"kind": "timeout_before", "delay_ms": 3000}, ccxt.RequestTimeout, False),
    ({"kind": "rate_limit"}, ccxt.DDoSProtection, False),
    ({"kind": "ban"}, ccxt.DDoSProtection, False),
    ({"kind": "server_error"}, ccxt.OperationFailed, False),
    ({"kind": "bad_gateway"}, ccxt.ExchangeNotAvailable, False),
    ({"kind": "bad_gateway", "executes": True}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "forbidden"}, ccxt.BaseError, False),
    ({"kind": "unknown_503"}, ccxt.OperationFailed, False),
    ({"kind": "unknown_503", "executes": True}, ccxt.OperationFailed, True),
    ({"kind": "throttled_503"}, ccxt.OperationFailed, False),
    ({"kind": "status_unknown", "executes": True}, ccxt.RequestTimeout, True),
    ({"kind": "clock_skew"}, ccxt.InvalidNonce, False),
    ({"kind": "maintenance"}, ccxt.BaseError, False),
    ({"kind": "error", "code": -2010, "msg": "No.", "status": 400}, ccxt.BaseError, False),
]


async def is_there(exchange, name: str) -> bool:
    try:
        await exchange.fetch_order("", S, {"clientOrderId": name})
    except ccxt.OrderNotFound:
        return False
    return True


@pytest.mark.parametrize(("fault", "error", "exists"), CASES, ids=str)
async def test_what_the_caller_sees_and_what_is_true(exchange, paused_venue, fault, error, exists):
    name = await order_under(fault, "/fapi/v1/order$", error, exchange, paused_venue, 0.01)

    assert await is_there(exchange, name) is exists


async def test_a_late_order_appears_after_it_was_asked_for(exchange, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "late_accept", "client_id": "^late-1$", "delay_ms": 300})
    with pytest.raises(ccxt.RequestTimeout, match="-1007"):
        await exchange.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": "late-1"})

    assert await is_there(exchange, "late-1") is False
    await asyncio.sleep(0.6)
    assert await is_there(exchange, "late-1") is True


async def test_a_repeated_request_is_executed_twice(exchange, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "execute_twice", "client_id": "^again$"})
    await exchange.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": "again"})

    assert (await exchange.fetch_positions([S]))[0]["contracts"] == 0.02


async def test_a_repeated_answer_was_executed_once(paused_venue):
    other = client(paused_venue.port, number=3)
    await other.load_markets()
    paused_venue.control("POST", "faults", {"kind": "answer_twice", "client_id": "^echo$"})

    order = await other.create_order(S, "market", "buy", 0.02, None, {"clientOrderId": "echo"})

    await close(other)  # the second answer may be taken for that of the next request
    assert order["filled"] == 0.02
    assert len(paused_venue.truth(kind="order.accepted", client_id="echo")) == 1


async def test_slow_answers_arrive_whole(exchange, paused_venue):
    for kind in ("slow_drip", "delay"):
        paused_venue.control("POST", "faults", {"kind": kind, "endpoint": "/v3/account", "delay_ms": 300})
        started = time.monotonic()
        assert (await exchange.fetch_balance())["USDT"]["total"] > 0
        assert time.monotonic() - started > 0.25


async def test_a_stale_read_shows_the_past(exchange, paused_venue):
    assert await exchange.fapiPrivateV3GetPositionRisk({"symbol": "BTCUSDT"}) == []
    await exchange.create_order(S, "market", "buy", 0.01)
    paused_venue.control("POST", "faults", {"kind": "stale_read", "endpoint": "positionRisk"})

    assert await exchange.fapiPrivateV3GetPositionRisk({"symbol": "BTCUSDT"}) == []
    assert len(await exchange.fapiPrivateV3GetPositionRisk({"symbol": "BTCUSDT"})) == 1


async def test_other_hands_on_the_account(exchange, paused_venue):
    act = "accounts/account-1"
    paused_venue.control(
        "POST", f"{act}/order", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.03"}
    )
    assert (await exchange.fetch_positions([S]))[0]["contracts"] == 0.03
    paused_venue.control("POST", f"{act}/position", {"symbol": "BTCUSDT", "quantity": "-0.5", "silent": True})
    (position,) = await exchange.fetch_positions([S])
    assert (position["side"], position["contracts"]) == ("short", 0.5)
    paused_venue.control("POST", f"{act}/close", {"symbol": "BTCUSDT"})
    assert await exchange.fetch_positions([S]) == []
    before = (await exchange.fetch_balance())["USDT"]["total"]
    paused_venue.control("POST", f"{act}/balance", {"change": "-10.5"})
    assert (await exchange.fetch_balance())["USDT"]["total"] == pytest.approx(before - 10.5)


async def test_a_halted_symbol_takes_no_order(exchange, paused_venue):
    paused_venue.control("POST", "market/BTCUSDT", {"status": "HALT"})
    try:
        with pytest.raises(ccxt.OperationRejected, match="-4141"):
            await exchange.create_order(S, "market", "buy", 0.01)
    finally:
        paused_venue.control("POST", "market/BTCUSDT", {"status": "TRADING"})
