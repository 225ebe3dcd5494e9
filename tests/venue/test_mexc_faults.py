"""Request faults on MEXC's paths: what ccxt's caller sees, and what really happened; keys, clocks and limits."""

import asyncio

import ccxt
import pytest

from tests.venue.conftest import close, mexc_client
from tests.venue.misled import S, order_under
from tests.venue.processes import start

pytestmark = pytest.mark.processes

#   fault, ccxt's class, is the order there afterwards
CASES = [
    ({"kind": "lose_response"}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "timeout_after", "delay_ms": 3000}, ccxt.RequestTimeout, True),
    ({"kind": "timeout_before", "delay_ms": 3000}, ccxt.RequestTimeout, False),
    ({"kind": "rate_limit"}, ccxt.RateLimitExceeded, False),
    ({"kind": "ban"}, ccxt.PermissionDenied, False),
    ({"kind": "server_error"}, ccxt.ExchangeError, False),
    ({"kind": "bad_gateway", "executes": True}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "forbidden"}, ccxt.ExchangeNotAvailable, False),
    ({"kind": "unknown_503", "executes": True}, ccxt.ExchangeNotAvailable, True),
    ({"kind": "throttled_503"}, ccxt.ExchangeNotAvailable, False),
    ({"kind": "status_unknown", "executes": True}, ccxt.RequestTimeout, True),
    ({"kind": "clock_skew"}, ccxt.BadRequest, False),
    ({"kind": "maintenance"}, ccxt.OnMaintenance, False),
    ({"kind": "error", "code": 2005, "msg": "No."}, ccxt.InsufficientFunds, False),
]


async def is_there(exchange, name: str) -> bool:
    asked = {"symbol": "BTC_USDT", "external_oid": name}
    try:
        await exchange.contractPrivateGetOrderExternalSymbolExternalOid(asked)
    except ccxt.ExchangeError as error:
        if "2040" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize(("fault", "error", "exists"), CASES, ids=str)
async def test_what_the_caller_sees_and_what_is_true(mexc, paused_venue, fault, error, exists):
    name = await order_under(fault, "/order/create$", error, mexc, paused_venue, 10)

    assert await is_there(mexc, name) is exists


async def test_a_late_order_appears_after_it_was_asked_for(mexc, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "late_accept", "client_id": "^late-m$", "delay_ms": 300})
    with pytest.raises(ccxt.RequestTimeout, match="504"):
        await mexc.create_order(S, "market", "buy", 10, None, {"clientOrderId": "late-m"})

    assert await is_there(mexc, "late-m") is False
    await asyncio.sleep(0.6)
    assert await is_there(mexc, "late-m") is True


async def test_strange_answers_on_mexcs_paths(mexc, paused_venue):
    assert await mexc.fetch_positions([S]) == []
    paused_venue.control("POST", "faults", {"kind": "stale_read", "endpoint": "open_positions"})
    paused_venue.control("POST", "faults", {"kind": "slow_drip", "endpoint": "account/assets", "delay_ms": 200})
    paused_venue.control("POST", "faults", {"kind": "execute_twice", "endpoint": "order/create"})

    await mexc.create_order(S, "market", "buy", 10)

    assert await mexc.fetch_positions([S]) == []
    assert (await mexc.fetch_positions([S]))[0]["contracts"] == 20
    assert (await mexc.fetch_balance())["USDT"]["total"] > 0


async def test_stuck_plan_orders_and_partial_fills_meet_orders_of_this_face_too(mexc, paused_venue):
    last = (await mexc.fetch_ticker(S))["last"]
    paused_venue.control("POST", "faults", {"kind": "trigger_stuck", "account": "account-1"})
    paused_venue.control("POST", "faults", {"kind": "partial_fill", "client_id": "^half-m$", "fraction": "0.5"})
    half = await mexc.create_order(S, "market", "buy", 20, None, {"clientOrderId": "half-m"})
    assert (await mexc.fetch_order(half["id"], S))["filled"] == 10
    below = {"triggerPrice": round(last * 0.99), "triggerType": 2, "reduceOnly": True}
    plan = await mexc.create_order(S, "market", "sell", 10, None, below)

    paused_venue.control("POST", "market/BTCUSDT", {"price": str(round(last * 0.985))})

    assert (await mexc.fetch_positions([S]))[0]["contracts"] == 10
    with pytest.raises(ccxt.ExchangeError, match="2041"):
        await mexc.cancel_order(plan["id"], S, {"trigger": True})


async def test_keys_signatures_clocks_and_unknown_paths(paused_venue):
    for changes, code in (({"apiKey": "nobody"}, "401"), ({"secret": "wrong"}, "602")):
        stranger = mexc_client(paused_venue.port, **changes)
        with pytest.raises(ccxt.AuthenticationError, match=code):
            await stranger.contractPrivateGetAccountAssets()
        await close(stranger)
    late = mexc_client(paused_venue.port)
    late.options["timeDifference"] = 11_000
    with pytest.raises(ccxt.BadRequest, match="513"):
        await late.contractPrivateGetAccountAssets()
    with pytest.raises(ccxt.InvalidNonce, match="700003"):
        await late.fetch_currencies()
    late.options["timeDifference"] = 0
    with pytest.raises(ccxt.ExchangeError, match="404"):
        await late.contractPublicGetRiskReverse()
    late.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError, match="700002"):
        await late.fetch_currencies()
    await close(late)


@pytest.fixture
def started(tmp_path):
    """Starts a venue with limits that remembers; whichever are left at the end are ended."""
    arguments = ("--speed", "0", "--seed", "3", "--state-file", str(tmp_path / "state.json"))
    made = []

    def begin():
        made.append(start(tmp_path, *arguments))
        return made[-1]

    yield begin
    for venue in made:
        if venue.process.poll() is None:
            venue.stop()


async def test_too_many_requests_are_refused_by_address_and_by_account(started):
    one = mexc_client(started().port)
    await one.load_markets()
    with pytest.raises(ccxt.RateLimitExceeded, match="510"):
        await one.contractPublicGetDetail()  # once in five seconds
    order = {"symbol": "BTC_USDT", "side": 1, "vol": 10, "type": 1, "openType": 2}
    sent = [one.contractPrivatePostOrderCreate({**order, "price": 59000 - n}) for n in range(50)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    limited = [a for a in answers if isinstance(a, ccxt.RateLimitExceeded)]
    assert limited
    assert "510" in str(limited[0])
    await close(one)


async def test_orders_and_the_stops_they_bring_outlive_a_kill(started):
    venue = started()
    one = mexc_client(venue.port)
    await one.load_markets()
    order = {"symbol": "BTC_USDT", "side": 1, "vol": 10, "type": 1, "openType": 2, "stopLossPrice": 50000}
    for price in (59000, 58000):
        await one.contractPrivatePostOrderCreate({**order, "price": price})
    ids = sorted(o["id"] for o in await one.fetch_open_orders(S))
    markets = one.markets
    venue.kill()
    await close(one)

    venue = started()
    again = mexc_client(venue.port)
    again.set_markets(markets)

    assert sorted(o["id"] for o in await again.fetch_open_orders(S)) == ids
    venue.control("POST", "market/BTCUSDT", {"price": "58900"})
    assert (await again.contractPrivateGetStoporderOpenOrders())["data"][0]["stopLossPrice"] == 50000
    await close(again)
