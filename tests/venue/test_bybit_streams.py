"""Bybit's sockets through ccxt.pro: market topics, private topics, orders over a socket, and the faults on the way."""

import asyncio
import time

import ccxt
import pytest

from tests.venue.conftest import bybit_client, close

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"


async def soon(awaitable, seconds: float = 3.0):
    return await asyncio.wait_for(awaitable, seconds)


async def listening(venue, topic: str) -> None:
    """Until the venue has a socket that listens to this topic."""
    for _ in range(100):
        names = [n for s in venue.control("GET", "status")["streams"] for n in s["subscriptions"]]
        if topic in names:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nobody listens to {topic}")


async def test_market_topics_begin_with_how_things_are_and_follow_the_market(bybit, paused_venue):
    ticker, book = await soon(bybit.watch_ticker(S)), await soon(bybit.watch_order_book(S))
    assert ticker["last"] == book["bids"][0][0]
    assert len(book["bids"]) == 50
    kline, trades = asyncio.create_task(bybit.watch_ohlcv(S)), asyncio.create_task(bybit.watch_trades(S))
    await listening(paused_venue, "publicTrade.BTCUSDT")
    await listening(paused_venue, "kline.1.BTCUSDT")

    paused_venue.control("POST", "resume")
    bar, trade = (await soon(kline))[-1], (await soon(trades))[-1]
    later = await soon(bybit.watch_order_book(S))
    paused_venue.control("POST", "pause")

    assert bar[3] <= trade["price"] <= bar[2]
    now = await bybit.fetch_order_book(S, 50)
    for _ in range(20):
        if later["bids"] == now["bids"]:
            break
        later = await soon(bybit.watch_order_book(S), 1)
    assert (later["bids"], later["asks"]) == (now["bids"], now["asks"])  # deltas on a snapshot make the same book


async def test_an_order_its_execution_position_and_wallet_are_told(bybit, paused_venue):
    await soon(bybit.watch_positions())
    watching = {
        "order": asyncio.create_task(bybit.watch_orders()),
        "execution": asyncio.create_task(bybit.watch_my_trades()),
        "position": asyncio.create_task(bybit.watch_positions()),
        "wallet": asyncio.create_task(bybit.watch_balance()),
    }
    for topic in watching:
        await listening(paused_venue, f"user:account-1:{topic}")

    order = await bybit.create_order(S, "market", "buy", 0.01)
    told = {topic: await soon(task) for topic, task in watching.items()}

    assert told["order"][-1]["id"] == told["execution"][-1]["order"] == order["id"]
    assert told["position"][-1]["contracts"] == 0.01
    assert told["wallet"]["USDT"]["total"] > 0


async def test_orders_over_the_trade_socket(bybit, paused_venue):
    low = round((await bybit.fetch_ticker(S))["last"] * 0.97)
    order = await soon(bybit.create_order_ws(S, "limit", "buy", 0.01, low))
    await soon(bybit.edit_order_ws(order["id"], S, "limit", "buy", 0.02, low))
    assert (await bybit.fetch_open_orders(S))[0]["amount"] == 0.02
    await soon(bybit.cancel_order_ws(order["id"], S))
    with pytest.raises(ccxt.InsufficientFunds, match="110007"):
        await soon(bybit.create_order_ws(S, "market", "buy", 99))


async def test_a_wrong_secret_is_refused_on_a_socket(paused_venue):
    stranger = bybit_client(paused_venue.port)
    await stranger.load_markets()
    await stranger.is_unified_enabled()
    stranger.secret = "wrong"
    with pytest.raises(ccxt.ExchangeError, match="error sign"):
        await soon(stranger.watch_orders())
    await close(stranger)


async def test_a_socket_is_dropped_at_the_event_aimed_at(bybit, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "stream_drop", "stream": "^user:account-1:order:New$"})
    watched = asyncio.create_task(bybit.watch_orders())
    await listening(paused_venue, "user:account-1:order")

    await bybit.create_order(S, "limit", "buy", 0.01, round((await bybit.fetch_ticker(S))["last"] * 0.97))

    with pytest.raises(ccxt.NetworkError, match="1001"):
        await soon(watched)


async def test_a_lost_event_is_lost_only_on_the_stream(bybit, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "stream_gap", "ticks": 1, "stream": ":execution:Trade$"})
    watched = asyncio.create_task(bybit.watch_my_trades())
    await listening(paused_venue, "user:account-1:execution")

    first = await bybit.create_order(S, "market", "buy", 0.01)
    second = await bybit.create_order(S, "market", "buy", 0.01)

    assert [t["order"] for t in await soon(watched)] == [second["id"]]
    assert first["id"] in [t["order"] for t in await bybit.fetch_my_trades(S)]


async def test_when_the_last_guarding_socket_is_gone_the_orders_go_too(paused_venue):
    other, guard = bybit_client(paused_venue.port, number=5), bybit_client(paused_venue.port, number=5)
    await asyncio.gather(other.load_markets(), guard.load_markets())
    low = round((await other.fetch_ticker(S))["last"] * 0.97)
    await other.create_order(S, "limit", "buy", 0.01, low)
    await other.privatePostV5OrderDisconnectedCancelAll({"timeWindow": 3, "product": "DERIVATIVES"})
    url = guard.urls["api"]["ws"]["private"]["contract"].replace("{hostname}", guard.hostname)
    await guard.authenticate(url)
    guard.watch(url, "dcp", {"op": "subscribe", "args": ["dcp"]}, "dcp")
    await listening(paused_venue, "user:account-5:dcp")

    await close(guard)

    assert len(await other.fetch_open_orders(S)) == 1
    await close(other)
    paused_venue.control("POST", "clock-skew", {"skew_ms": 3000})
    until = time.monotonic() + 5
    while paused_venue.control("GET", "accounts/account-5")["open_orders"]:
        assert time.monotonic() < until, "the orders did not go"
        await asyncio.sleep(0.05)
    paused_venue.control("POST", "clock-skew", {"skew_ms": 0})
