"""The market's own streams tell what customers' orders did to the book, at once."""

import json

import aiohttp

from tests.venue.conftest import bybit_client, close

S = "BTC/USDT:USDT"


async def heard(socket: aiohttp.ClientWebSocketResponse, *wanted: str) -> dict[str, object]:
    """The newest message of each kind; a stream of Binance's is its event, one of Bybit's its topic."""
    found: dict[str, object] = {}
    while not set(wanted) <= set(found):
        message = json.loads((await socket.receive(timeout=5)).data)
        body = message.get("data", message)
        found[message.get("topic") or body.get("e", "")] = body
    return found


async def test_a_trade_is_printed_and_the_book_is_told_anew(exchange, paused_venue):
    names = "btcusdt@aggTrade/btcusdt@bookTicker/btcusdt@depth@100ms"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{paused_venue.port}/stream?streams={names}") as socket,
    ):
        before = paused_venue.control("GET", "market/BTCUSDT")["levels"][0]
        order = await exchange.create_order(S, "market", "buy", 0.05)
        told = await heard(socket, "aggTrade", "bookTicker", "depthUpdate")

    assert (told["aggTrade"]["p"], told["aggTrade"]["q"], told["aggTrade"]["m"]) == (
        f"{order['average']:.2f}",
        "0.050",
        False,
    )
    assert float(told["bookTicker"]["A"]) < float(before["ask_quantity"])
    assert told["bookTicker"]["u"] > 0
    assert told["depthUpdate"]["a"] != []


async def test_a_resting_order_shows_in_the_depth_and_its_cancel_takes_it_out(exchange, paused_venue):
    price = round((await exchange.fetch_ticker(S))["last"] - 0.3, 1)
    before = dict((await exchange.fetch_order_book(S))["bids"])
    order = await exchange.create_order(S, "limit", "buy", 1.5, price)
    with_it = dict((await exchange.fetch_order_book(S))["bids"])
    await exchange.cancel_order(order["id"], S)
    after = dict((await exchange.fetch_order_book(S))["bids"])

    assert round(with_it[price] - before[price], 3) == 1.5
    assert after == before


async def test_bybits_streams_tell_it_too(exchange, paused_venue):
    made = bybit_client(paused_venue.port)
    await made.load_markets()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{paused_venue.port}/v5/public/linear") as socket,
    ):
        topics = ["publicTrade.BTCUSDT", "orderbook.50.BTCUSDT"]
        await socket.send_str(json.dumps({"op": "subscribe", "args": topics}))
        await heard(socket, "orderbook.50.BTCUSDT")
        await made.create_order(S, "market", "sell", 0.05)
        told = await heard(socket, *topics)
    await close(made)

    assert [(row["S"], row["v"]) for row in told["publicTrade.BTCUSDT"]] == [("Sell", "0.05")]
    assert told["orderbook.50.BTCUSDT"]["b"] != []


async def test_a_book_kept_from_snapshot_and_differences_is_the_exchanges(exchange, paused_venue):
    base = f"http://127.0.0.1:{paused_venue.port}"
    sides: dict[str, dict[str, str]] = {}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{base}/ws/btcusdt@depth@100ms") as socket:
        await exchange.create_order(S, "market", "buy", 0.05)
        await socket.receive(timeout=5)
        snapshot = await (await session.get(f"{base}/fapi/v1/depth?symbol=BTCUSDT&limit=1000")).json()
        for name, short in (("bids", "b"), ("asks", "a")):
            sides[short] = dict(snapshot[name])
        price = float(snapshot["bids"][0][0])
        for change in (5, -3, 40, -60, 2):
            paused_venue.control("POST", "market/BTCUSDT", {"price": f"{price + change:.1f}"})
            await exchange.create_order(S, "market", "sell", 0.02)
        whole = await (await session.get(f"{base}/fapi/v1/depth?symbol=BTCUSDT&limit=1000")).json()
        message = {"u": 0}
        while message["u"] < whole["lastUpdateId"]:
            message = json.loads((await socket.receive(timeout=5)).data)
            for short, levels in sides.items():
                levels.update(dict(message[short]))

    kept = {short: {p: q for p, q in levels.items() if float(q)} for short, levels in sides.items()}
    assert kept == {"b": dict(whole["bids"]), "a": dict(whole["asks"])}


async def test_ccxt_pros_book_never_crosses(exchange, paused_venue):
    book = await exchange.watch_order_book(S)
    for _ in range(5):
        await exchange.create_order(S, "market", "buy", 0.02)
        book = await exchange.watch_order_book(S)

    assert book["bids"][0][0] < book["asks"][0][0]
    assert dict(book["bids"][:10]) == dict((await exchange.fetch_order_book(S, 10))["bids"])
