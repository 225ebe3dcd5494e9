"""MEXC's socket through ccxt.pro: market channels, one's own channels, filters, gzip, and the faults on the way."""

import asyncio
import gzip
import hashlib
import hmac
import json
import time

import aiohttp
import ccxt
import pytest

from tests.venue.conftest import mexc_client

pytestmark = pytest.mark.processes
S = "BTC/USDT:USDT"


async def soon(awaitable, seconds: float = 5.0):
    return await asyncio.wait_for(awaitable, seconds)


async def listening(venue, stream: str) -> None:
    """Until the venue has a socket that listens to this stream."""
    for _ in range(100):
        if stream in [n for s in venue.control("GET", "status")["streams"] for n in s["subscriptions"]]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nobody listens to {stream}")


class Edge:
    """A socket without a library: what is said on it, word by word."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def ask(self, method: str, param: object = None, **more: object) -> dict:
        await self.socket.send_json({"method": method, "param": param or {}, **more})
        return await self.read(lambda message: message["channel"] in (f"rs.{method}", "rs.error", "pong"))

    async def log_in(self, secret: str = "predator-local-secret", **more: object) -> dict:
        key, sent = "predator-local-key", str(int(time.time() * 1000))
        signature = hmac.new(secret.encode(), (key + sent).encode(), hashlib.sha256).hexdigest()
        return await self.ask("login", {"apiKey": key, "reqTime": sent, "signature": signature}, **more)

    async def read(self, wanted) -> dict:
        async with asyncio.timeout(5):
            while True:
                message = await self.socket.receive()
                body = gzip.decompress(message.data) if message.type is aiohttp.WSMsgType.BINARY else message.data
                found = json.loads(body)
                if wanted(found):
                    return found


@pytest.fixture
async def edge(paused_venue):
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{paused_venue.port}/edge") as socket,
    ):
        yield Edge(socket)


async def test_market_channels_follow_the_market(mexc, paused_venue):
    kline, trades = asyncio.create_task(mexc.watch_ohlcv(S)), asyncio.create_task(mexc.watch_trades(S))
    ticker, funding = asyncio.create_task(mexc.watch_ticker(S)), asyncio.create_task(mexc.watch_funding_rate(S))
    tickers = asyncio.create_task(mexc.watch_tickers())
    for stream in ("kline.min1.btcusdt", "deal.btcusdt", "ticker.btcusdt", "funding.rate.btcusdt", "tickers"):
        await listening(paused_venue, stream)

    paused_venue.control("POST", "resume")
    bar, trade = (await soon(kline))[-1], (await soon(trades))[-1]
    told, rate, all_told = await soon(ticker), await soon(funding), await soon(tickers)
    paused_venue.control("POST", "pause")

    assert bar[3] <= trade["price"] <= bar[2]
    assert told["symbol"] == rate["symbol"] == S
    assert all_told[S]["bid"] > 0


async def silent(venue, word: str) -> None:
    """Until nobody listens to a stream with this word in its name."""
    for _ in range(100):
        if word not in str(venue.control("GET", "status")["streams"]):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"somebody listens to {word}")


async def test_channels_can_be_left(mexc, paused_venue):
    watched = [asyncio.create_task(made) for made in (mexc.watch_ticker(S), mexc.watch_ohlcv(S), mexc.watch_trades(S))]
    for stream in ("ticker.btcusdt", "kline.min1.btcusdt", "deal.btcusdt"):
        await listening(paused_venue, stream)

    await mexc.un_watch_ticker(S)
    await mexc.un_watch_ohlcv(S)
    await mexc.un_watch_trades(S)

    await silent(paused_venue, "btcusdt")
    await asyncio.gather(*watched, return_exceptions=True)


async def test_changes_on_a_snapshot_make_the_book(mexc, paused_venue):
    mexc.options["watchOrderBook"]["snapshotDelay"] = 0  # ccxt asks for the snapshot at the first change
    watched = asyncio.create_task(mexc.watch_order_book(S))
    await listening(paused_venue, "depth.btcusdt")
    paused_venue.control("POST", "resume")
    book = await soon(watched)
    paused_venue.control("POST", "pause")

    now = await mexc.fetch_order_book(S)
    for _ in range(40):
        if book["nonce"] == now["nonce"]:
            break
        book = await soon(mexc.watch_order_book(S), 1)
    for side in ("bids", "asks"):
        assert [row[:2] for row in book[side]][:20] == [row[:2] for row in now[side]][:20]
    assert book["nonce"] == now["nonce"]
    commits = (await mexc.contractPublicGetDepthCommitsSymbolLimit({"symbol": "BTC_USDT", "limit": 3}))["data"]
    assert [c["version"] for c in commits] == list(range(now["nonce"] - len(commits) + 1, now["nonce"] + 1))


async def test_an_order_its_fill_and_the_balance_are_told(mexc, paused_venue):
    orders, trades = asyncio.create_task(mexc.watch_orders()), asyncio.create_task(mexc.watch_my_trades())
    balance = asyncio.create_task(mexc.watch_balance())
    await listening(paused_venue, "user:account-1:order.deal")

    order = await mexc.create_order(S, "market", "buy", 10)

    assert (await soon(orders))[-1]["id"] == order["id"]
    assert [(t["order"], t["amount"]) for t in await soon(trades)] == [(order["id"], 10)]
    assert (await soon(balance))["USDT"]["free"] > 0
    while mexc.orders[-1]["status"] != "closed":
        await soon(mexc.watch_orders())
    assert mexc.orders[-1]["filled"] == 10


async def test_what_ccxt_does_not_read_is_told_too(mexc, edge):
    assert (await edge.log_in())["data"] == "success"

    await mexc.create_order(S, "market", "buy", 10)

    position = (await edge.read(lambda m: m["channel"] == "push.personal.position"))["data"]
    assert (position["symbol"], position["holdVol"], position["positionType"]) == ("BTC_USDT", 10, 1)
    last = (await mexc.fetch_ticker(S))["last"]
    await mexc.contractPrivatePostStoporderPlace(
        {"positionId": position["positionId"], "vol": 10, "stopLossPrice": round(last * 0.98)}
    )
    stop = (await edge.read(lambda m: m["channel"] == "push.personal.stop.planorder"))["data"]
    assert (stop["state"], stop["vol"]) == (1, 10)
    await mexc.create_order(S, "market", "buy", 10, None, {"triggerPrice": round(last * 1.02)})
    plan = (await edge.read(lambda m: m["channel"] == "push.personal.plan.order"))["data"]
    assert (plan["state"], plan["triggerPrice"]) == (1, round(last * 1.02))


async def test_filters_leave_only_what_was_asked_for(mexc, edge):
    assert (await edge.ask("personal.filter", {"filters": []}))["data"] == "Not logged in"
    await edge.log_in(subscribe=False)
    only = {"filters": [{"filter": "order.deal", "rules": ["BTC_USDT"]}, {"filter": "order", "rules": ["ETH_USDT"]}]}
    assert (await edge.ask("personal.filter", only))["data"] == "success"
    assert (await edge.ask("personal.filter", {"filters": [{"filter": "nonsense"}]}))["channel"] == "rs.error"

    await mexc.create_order(S, "market", "buy", 10)

    assert (await edge.read(lambda m: True))["channel"] == "push.personal.order.deal"
    await edge.ask("personal.filter")
    await mexc.create_order(S, "market", "buy", 10)
    await edge.read(lambda m: m["channel"] == "push.personal.order")


async def test_a_channel_may_come_compressed(edge, paused_venue):
    assert (await edge.ask("ping"))["channel"] == "pong"
    await edge.ask("sub.depth.full", {"symbol": "BTC_USDT", "limit": 5}, gzip=True)
    for channel in ("index.price", "fair.price"):
        await edge.ask(f"sub.{channel}", {"symbol": "BTC_USDT"})
    paused_venue.control("POST", "resume")
    message = await edge.socket.receive()
    while message.type is not aiohttp.WSMsgType.BINARY:
        message = await edge.socket.receive()
    paused_venue.control("POST", "pause")
    body = json.loads(gzip.decompress(message.data))
    assert (body["channel"], len(body["data"]["asks"])) == ("push.depth.full", 5)
    await edge.ask("unsub.depth.full", {"symbol": "BTC_USDT"})
    assert "depth.full.5.btcusdt" not in str(paused_venue.control("GET", "status")["streams"])


REFUSED = [
    ("sub.ticker", {"symbol": "NOPE_USDT"}, "Contract doesn't exist!"),
    ("sub.kline", {"symbol": "BTC_USDT", "interval": "Min7"}, "Param error"),
    ("sub.nonsense", {"symbol": "BTC_USDT"}, "Invalid method"),
    ("nonsense", {}, "Contract doesn't exist!"),
]


@pytest.mark.parametrize(("method", "param", "text"), REFUSED, ids=str)
async def test_refusals_on_the_socket(edge, method, param, text):
    assert (await edge.ask(method, param))["data"] == text


async def test_a_wrong_secret_is_refused_on_the_socket(edge):
    assert (await edge.log_in(secret="wrong"))["data"] == "Signature verification failed!"


async def test_the_socket_is_dropped_at_the_event_aimed_at(mexc, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "stream_drop", "stream": "^user:account-1:order:2$"})
    watched = asyncio.create_task(mexc.watch_orders())
    await listening(paused_venue, "user:account-1:order")

    await mexc.create_order(S, "limit", "buy", 10, round((await mexc.fetch_ticker(S))["last"] * 0.97))

    with pytest.raises(ccxt.NetworkError, match="1001"):
        await soon(watched)


async def test_a_lost_event_is_lost_only_on_the_stream(mexc, paused_venue):
    paused_venue.control("POST", "faults", {"kind": "stream_gap", "ticks": 1, "stream": ":order.deal$"})
    watched = asyncio.create_task(mexc.watch_my_trades())
    await listening(paused_venue, "user:account-1:order.deal")

    first = await mexc.create_order(S, "market", "buy", 10)
    second = await mexc.create_order(S, "market", "buy", 10)

    assert [t["order"] for t in await soon(watched)] == [second["id"]]
    assert first["id"] in [t["order"] for t in await mexc.fetch_my_trades(S)]


@pytest.mark.parametrize(("kind", "told"), [("stream_duplicate", [1, 1, 2]), ("stream_reorder", [2, 1])])
async def test_events_come_twice_or_in_another_order(mexc, edge, paused_venue, kind, told):
    await edge.log_in(subscribe=False)
    await edge.ask("personal.filter", {"filters": [{"filter": "order.deal"}]})
    paused_venue.control("POST", "faults", {"kind": kind, "stream": ":order.deal$"})
    ids = [(await mexc.create_order(S, "market", "buy", 10 + n))["id"] for n in range(2)]

    seen = [(await edge.read(lambda m: True))["data"]["orderId"] for _ in told]

    assert seen == [ids[n - 1] for n in told]


async def test_silence_and_half_open_sockets(mexc, edge, paused_venue):
    await edge.log_in()
    paused_venue.control("POST", "faults", {"kind": "stream_silence", "stream": "^user:account-1:", "count": None})
    await mexc.create_order(S, "market", "buy", 10)
    assert (await edge.ask("ping"))["channel"] == "pong"  # it answers and tells nothing
    paused_venue.control("DELETE", "faults")

    other = mexc_client(paused_venue.port)
    await other.load_markets()
    watched = asyncio.create_task(other.watch_orders())
    await listening(paused_venue, "user:account-1:order")
    paused_venue.control("POST", "faults", {"kind": "stream_half_open", "stream": "^user:account-1:", "count": None})
    await mexc.create_order(S, "market", "buy", 10)
    done, _ = await asyncio.wait([watched], timeout=0.3)
    assert not done
    watched.cancel()
    await other.close()
    await other.redirect.close()
