"""ccxt.pro on a real venue process: klines, user events in their order, listen keys, and streams that misbehave."""

import asyncio
import json

import aiohttp
import pytest

from tests.venue.conftest import client, close
from tests.venue.processes import VenueProcess

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"


async def listen(venue: VenueProcess, path: str) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    session = aiohttp.ClientSession()
    return session, await session.ws_connect(f"http://127.0.0.1:{venue.port}{path}")


async def messages(socket: aiohttp.ClientWebSocketResponse, patience_s: float = 0.3) -> list[dict[str, object]]:
    """Everything that comes until nothing comes any more."""
    found = []
    while True:
        try:
            message = await socket.receive(timeout=patience_s)
        except TimeoutError:
            return found
        if message.type is not aiohttp.WSMsgType.TEXT:
            return found
        found.append(json.loads(message.data))


async def step(venue: VenueProcess, candles: int = 1) -> None:
    await asyncio.to_thread(venue.control, "POST", "step", {"candles": candles})


async def user_socket(exchange, venue: VenueProcess):
    key = (await exchange.fapiPrivatePostListenKey())["listenKey"]
    return await listen(venue, f"/private/ws?listenKey={key}")


async def test_closed_klines_of_the_stream_are_those_of_rest(exchange, paused_venue):
    session, socket = await listen(paused_venue, "/market/ws/btcusdt@kline_1m/btcusdt@kline_5m")
    async with session:
        await step(paused_venue, 10)
        told = [m["k"] for m in await messages(socket) if m["k"]["x"]]
    for interval, count in (("1m", 10), ("5m", 2)):
        ours = [[k["t"], k["o"], k["h"], k["l"], k["c"], k["v"]] for k in told if k["i"] == interval]
        rows = await exchange.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": interval, "limit": 1500})
        by_time = {int(row[0]): [int(row[0]), *row[1:6]] for row in rows}
        assert len(ours) == count
        assert ours == [by_time[k[0]] for k in ours]


async def test_the_truth_log_says_when_each_bar_was_told(paused_venue):
    await step(paused_venue, 2)

    times = [r["wall_ns"] for r in paused_venue.truth(kind="kline.closed", symbol="BTCUSDT")[-2:]]
    assert times == sorted(times)


async def test_events_of_an_order_come_in_their_order_and_before_the_answer(exchange, paused_venue):
    session, socket = await user_socket(exchange, paused_venue)
    async with session:
        order = await exchange.create_order(S, "market", "buy", 0.1, None, {"clientOrderId": "told"})
        told = await messages(socket)
    kinds = [(m["e"], m.get("o", {}).get("x")) for m in told]
    assert kinds == [
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ACCOUNT_UPDATE", None),
        ("TRADE_LITE", None),
        ("ORDER_TRADE_UPDATE", "TRADE"),
    ]
    fill = told[-1]["o"]
    assert (fill["c"], fill["X"], str(fill["i"]), fill["z"]) == ("told", "FILLED", order["id"], "0.100")
    assert told[1]["a"]["P"][0]["pa"] == "0.100"


async def test_a_stop_tells_each_step_until_it_is_finished(exchange, paused_venue):
    await exchange.create_order(S, "market", "buy", 0.1)
    ticker = await exchange.fetch_ticker(S)
    session, socket = await user_socket(exchange, paused_venue)
    async with session:
        trigger = round(ticker["last"] * 0.99, 1)
        await exchange.create_order(S, "market", "sell", 0.1, None, {"stopLossPrice": trigger, "reduceOnly": True})
        paused_venue.control("POST", "market/BTCUSDT", {"price": str(trigger)})
        told = [m["o"] for m in await messages(socket) if m["e"] == "ALGO_UPDATE"]
    assert [o["X"] for o in told] == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    assert [bool(o["ai"]) for o in told] == [False, False, True, True]


async def test_ccxt_pro_sees_the_order_through_watch_orders(exchange, paused_venue):
    watching = asyncio.create_task(exchange.watch_orders(S))
    for _ in range(100):
        await asyncio.sleep(0.02)
        if any(s["account"] for s in paused_venue.control("GET", "status")["streams"]):
            break

    await exchange.create_order(S, "market", "buy", 0.1, None, {"clientOrderId": "watched"})

    orders = await asyncio.wait_for(watching, 5)
    assert orders[-1]["clientOrderId"] == "watched"


async def test_an_expired_listen_key_is_told_and_then_the_stream_is_silent(exchange, paused_venue):
    session, socket = await user_socket(exchange, paused_venue)
    async with session:
        paused_venue.control("POST", "accounts/account-1/expire-listen-key", {})
        await exchange.create_order(S, "market", "buy", 0.1)
        told = await messages(socket)
        assert [m["e"] for m in told] == ["listenKeyExpired"]
        assert not socket.closed
    with pytest.raises(Exception, match="-1125"):
        await exchange.fapiPrivatePutListenKey()


async def test_subscriptions_by_message_with_any_id(paused_venue):
    session, socket = await listen(paused_venue, "/stream")
    async with session:
        for identity, method in ((1, "SUBSCRIBE"), ("uuid-2", "LIST_SUBSCRIPTIONS")):
            await socket.send_json({"method": method, "params": ["btcusdt@kline_1m"], "id": identity})
        assert await messages(socket) == [{"result": None, "id": 1}, {"result": ["btcusdt@kline_1m"], "id": "uuid-2"}]
        await step(paused_venue)
        (bar,) = await messages(socket)
        assert (bar["stream"], bar["data"]["e"], bar["data"]["k"]["x"]) == ("btcusdt@kline_1m", "kline", True)
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 3})
        await step(paused_venue)
        assert await messages(socket) == [{"result": None, "id": 3}]
        await socket.send_str("nonsense")
        assert "error" in (await messages(socket))[0]


STREAM_FAULTS = [
    ({"kind": "stream_gap", "ticks": 2}, [2, 3]),
    ({"kind": "stream_duplicate"}, [0, 0, 1, 2, 3]),
    ({"kind": "stream_reorder"}, [1, 0, 2, 3]),
    ({"kind": "stream_delay", "delay_ms": 150}, [1, 2, 3, 0]),
    ({"kind": "stream_gap", "ticks": 1, "symbol": "BTCUSDT"}, [1, 2, 3]),
    ({"kind": "stream_gap", "ticks": 1, "symbol": "ETHUSDT"}, [0, 1, 2, 3]),
    ({"kind": "stream_silence", "delay_ms": 0}, []),
    ({"kind": "stream_half_open"}, []),
    ({"kind": "stream_drop", "skip": 1}, [0]),
    ({"kind": "stream_abort", "skip": 1}, [0]),
]


@pytest.mark.parametrize(("fault", "arrives"), STREAM_FAULTS, ids=str)
async def test_streams_misbehave_on_command(paused_venue, fault, arrives):
    paused_venue.control("DELETE", "faults")
    session, socket = await listen(paused_venue, "/ws/btcusdt@kline_1m")
    async with session:
        first = paused_venue.control("GET", "status")["market_time_ms"]
        paused_venue.control("POST", "faults", {**fault, "stream": "kline"})
        await step(paused_venue, 4)
        told = [(m["k"]["t"] - first) // 60_000 for m in await messages(socket)]
    assert told == arrives


async def test_two_accounts_hear_only_of_themselves(exchange, paused_venue):
    other = client(paused_venue.port, number=2)
    session, socket = await user_socket(other, paused_venue)
    try:
        async with session:
            await exchange.create_order(S, "market", "buy", 0.1)
            assert await messages(socket) == []
    finally:
        await close(other)
