"""Malformed requests of every kind on the wire: a real venue answers each as an exchange would, and goes on."""

import asyncio
import hashlib
import hmac
import json
import random
import time
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from venue.binance.routes import ROUTES as BINANCE
from venue.binance.ws_api import METHODS
from venue.bybit.routes import ROUTES as BYBIT

pytestmark = pytest.mark.processes
KEY, SECRET = "predator-local-key-7", "predator-local-secret-7"
NESTED = "[" * 3000 + "]" * 3000
VALUES = (
    "", " ", "0", "-1", "1e400", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "9" * 30, "9" * 5000,
    "1.000000000000000000001",
    "٣", "ＢＴＣ", "null", "true", "[]", "{}", NESTED, '{"a":' * 500 + "1" + "}" * 500, "'; --", "<b>", "\x00",
    "\ud7ff", "%", "%zz",
    "BTCUSDT", "btcusdt", "BUY", "LIMIT", "MARKET", "STOP_MARKET", "GTC", "1m", "5m", "60000", "0.01",
    "1700000000000",
)  # fmt: skip
NAMES = (
    "symbol", "pair", "side", "type", "quantity", "price", "timeInForce", "orderId", "origClientOrderId",
    "interval", "limit",
    "startTime", "endTime", "period", "leverage", "marginType", "amount", "batchOrders", "orderIdList",
    "triggerPrice",
    "algoType", "algoId", "closePosition", "reduceOnly", "positionSide", "priceMatch", "callbackRate",
    "countdownTime",
    "category", "orderType", "qty", "tpslMode", "takeProfit", "stopLoss", "tpSize", "trailingStop", "positionIdx",
    "settleCoin",
    "buyLeverage", "sellLeverage", "mode", "transferId", "coin", "fromAccountType", "toAccountType", "cursor",
    "request",
)  # fmt: skip


def asked(draw: random.Random) -> dict[str, str]:
    return {name: draw.choice(VALUES) for name in draw.sample(NAMES, draw.randint(0, 8))}


def query(parameters: dict[str, str]) -> str:
    """Values of any kind; those that make no URL any more are left to the bodies."""
    short = {name: value for name, value in parameters.items() if len(value) < 800}
    return "&".join(f"{quote(k)}={quote(v, errors='replace')}" for k, v in short.items())


def sign(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def ask_binance(session: aiohttp.ClientSession, method: str, path: str, text: str) -> None:
    signed = f"{text}&timestamp={now_ms()}".lstrip("&")
    url = f"{path}?{signed}&signature={sign(signed)}"
    async with session.request(method, URL(url, encoded=True), headers={"X-MBX-APIKEY": KEY}) as answer:
        body = await answer.json()
    assert answer.status in (200, 400, 401, 404), (method, path, text[:200], answer.status, body)
    assert answer.status == 200 or (body["code"] < 0 and body["msg"]), (method, path, text[:200], body)


async def ask_bybit(session: aiohttp.ClientSession, method: str, path: str, parameters: dict[str, str]) -> None:
    stamp = str(now_ms())
    body = json.dumps(parameters) if method == "POST" else ""
    text = body or query(parameters)
    headers = {"X-BAPI-API-KEY": KEY, "X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": "5000"}
    headers["X-BAPI-SIGN"] = sign(f"{stamp}{KEY}5000{text}")
    url = URL(path if body else f"{path}?{text}", encoded=True)
    async with session.request(method, url, data=body or None, headers=headers) as answer:
        found = await answer.json()
    assert (answer.status, "retCode" in found) == (200, True), (method, path, text[:200], answer.status, found)


@pytest.fixture
async def session(paused_venue):
    async with aiohttp.ClientSession(f"http://127.0.0.1:{paused_venue.port}") as made:
        yield made
    assert paused_venue.process.poll() is None
    log = (paused_venue.folder / "log").read_text(encoding="utf-8")
    assert [line for line in log.splitlines() if line.startswith("  File") and "/venue/" in line] == []


async def test_every_call_of_binances_answers_any_signed_parameters(session):
    draw = random.Random(1)
    for method, path in sorted(BINANCE):
        for _ in range(4):
            await ask_binance(session, method, path, query(asked(draw)))


async def test_every_call_of_bybits_answers_any_signed_parameters(session):
    draw = random.Random(2)
    for method, path in sorted(BYBIT):
        for _ in range(4):
            given = {"category": "linear", "symbol": "BTCUSDT"} if draw.random() < 0.7 else {}
            await ask_bybit(session, method, path, given | asked(draw))


BODIES = [
    b"\xff\xfe\x00", b"[" * 10_000, b'{"category": ' * 2000, b"null", b"[1]", b'"text"', b"{}", b"a=b" * 10_000, b"",
    b'{"category": NaN}', b'{"category": 1e999, "symbol": {"a": [1]}}', b'{"symbol": "\xed\xa0\x80"}',
]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/fapi/v1/order", "/v5/order/create", "/control/faults", "/api/v1/private/order/create"]
)
async def test_any_body_gets_a_refusal_and_never_an_inner_error(session, path):
    for body in BODIES:
        async with session.post(path, data=body, headers={"X-MBX-APIKEY": KEY, "ApiKey": KEY}) as answer:
            assert answer.status < 500, (path, body[:50], await answer.text())
            assert json.loads(await answer.text())


async def test_control_answers_any_json_with_the_field(session):
    draw = random.Random(3)
    values = [None, 1, -1, 1e308, True, "x", [], {}, [[]], "9" * 100, "1e999999", float(10**15)]
    paths = ["faults", "step", "speed", "jump", "accounts", "market/BTCUSDT", "clock-skew"]
    paths += [f"accounts/account-7/{a}" for a in ("order", "position", "close", "cancel", "balance", "restrict", "adl")]
    names = (
        "kind",
        "candles",
        "speed",
        "to_ms",
        "key",
        "secret",
        "balance",
        "price",
        "skew_ms",
        "symbol",
        "side",
        "type",
    )
    names += (
        "quantity",
        "change",
        "order_id",
        "reduce_only",
        "silent",
        "status",
        "mark_offset",
        "count",
        "probability",
    )
    for path in paths:
        for _ in range(12):
            body = {name: draw.choice(values) for name in draw.sample(names, draw.randint(1, 4))}
            if path in ("step", "jump", "speed", "clock-skew"):
                body = {name: value for name, value in body.items() if value not in (1, True, 1e308, float(10**15))}
                body["nonsense"] = 1
            async with session.post(f"/control/{path}", json=body) as answer:
                found = await answer.json()
            assert answer.status in (200, 400, 404), (path, body, found)
            assert answer.status == 200 or found["field"], (path, body, found)
    await session.delete("/control/faults")


FRAMES = [
    "", "{", "null", "[]", "1e999", NESTED, '{"op":[]}', '{"op":"subscribe","args":{}}',
    '{"op":"subscribe","args":[[]]}',
    '{"op":"auth","args":[1,2,3]}', '{"method":"SUBSCRIBE"}', '{"method":"SUBSCRIBE","params":[1],"id":{}}',
    '{"method":[],"id":[]}',
    '{"method":"sub.depth","param":[]}', '{"method":"login","param":{"apiKey":1}}',
    '{"id":1,"method":"order.place","params":[]}',
    '{"op":"order.create","header":[],"args":[[]]}', '{"op":"order.create","header":{},"args":[{}],"reqId":{}}',
    "\x00", "é" * 1000,
]  # fmt: skip
SOCKETS = ("/ws", "/stream", "/ws-fapi/v1", "/v5/public/linear", "/v5/private", "/v5/trade", "/edge")


@pytest.mark.parametrize("path", SOCKETS)
async def test_any_frame_gets_an_answer_or_an_end_and_others_go_on(session, path):
    for frame in (*FRAMES, b"\xff\xfe", b"{}", "x" * 70_000):
        async with session.ws_connect(path) as socket:
            await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
            await socket.ping()
            with_end = await asyncio.wait_for(until_told(socket), 5)
        assert with_end, (path, frame[:60])


async def until_told(socket: aiohttp.ClientWebSocketResponse) -> bool:
    """Told something, or cut off."""
    message = await socket.receive()
    return message.type in (
        aiohttp.WSMsgType.TEXT,
        aiohttp.WSMsgType.BINARY,
        aiohttp.WSMsgType.CLOSE,
        aiohttp.WSMsgType.CLOSED,
    )


async def test_every_method_over_the_socket_answers_any_parameters(session):
    draw = random.Random(4)
    async with session.ws_connect("/ws-fapi/v1") as socket:
        for name in sorted(METHODS):
            for _ in range(3):
                params = {**asked(draw), "apiKey": KEY, "timestamp": now_ms()}
                await socket.send_json({"id": name, "method": name, "params": params})
                answer = json.loads((await socket.receive(timeout=5)).data)
                assert (answer["id"], answer["status"] in (200, 400, 401)) == (name, True), (name, params)


RAW = [
    b"GET / HTTP/9.9\r\n\r\n", b"GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00",
    b"GET /" + b"a" * 20_000,
    b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"\r\n" * 100,
    b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"G\x00T / HTTP/1.1\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: !\r\n\r\n",
]  # fmt: skip


async def test_bytes_that_are_hardly_http_disturb_nobody(session, paused_venue):
    for raw in RAW:
        reader, writer = await asyncio.open_connection("127.0.0.1", paused_venue.port)
        writer.write(raw)
        writer.write_eof()
        await asyncio.wait_for(reader.read(200), 5)
        writer.close()
    async with session.get("/fapi/v1/ping") as answer:
        assert await answer.json() == {}
