"""The program: how it starts, refuses to start, ends, and what its control API says to nonsense."""

import asyncio
import io
import json
import socket
import time
from urllib.error import HTTPError

import aiohttp
import ccxt
import pytest
from yarl import URL

from tests.venue.builders import candle_rows, write_candles
from tests.venue.conftest import client, close
from tests.venue.processes import run_to_end, start

pytestmark = pytest.mark.processes


def test_it_says_where_it_is_plays_and_ends_within_a_second(tmp_path):
    truth = tmp_path / "truth.jsonl"
    venue = start(tmp_path, "--speed", "6000", "--truth-log", str(truth))
    time.sleep(0.5)
    status = venue.control("GET", "status")
    began = time.monotonic()

    code = venue.stop()

    assert (code, time.monotonic() - began < 1) == (0, True)
    assert status["symbols"]["BTCUSDT"]["candles_closed"] > 1510
    assert not (tmp_path / "ready.json").exists()
    records = [json.loads(line) for line in truth.read_text().splitlines()]
    assert {r["kind"] for r in records} == {"kline.closed"}
    assert "predator-local" not in (tmp_path / "log").read_text() + truth.read_text()


def test_a_taken_port_is_said_and_is_an_exit_code_of_its_own():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = run_to_end("--port", str(port))

    assert ended.returncode == 3
    assert f"127.0.0.1:{port}" in ended.stderr


def test_a_bad_file_is_said_and_nothing_starts(tmp_path):
    rows = candle_rows(30)
    file = write_candles(tmp_path / "gap.parquet", rows[:10] + rows[12:])

    ended = run_to_end("--port", "0", "--candles", str(file), "--history", "5")

    assert ended.returncode == 2
    assert "gap.parquet: row 10" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_ends_by_itself_when_the_candles_are_over(tmp_path):
    file = write_candles(tmp_path / "c.parquet", candle_rows(20))
    ended = run_to_end("--port", "0", "--candles", str(file), "--history", "5", "--at-end", "stop", "--speed", "60000")

    assert ended.returncode == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "faults", {"kind": "no such fault"}, 400, "kind"),
        ("DELETE", "faults/99", None, 404, "id"),
        ("POST", "speed", {"speed": -1}, 400, "speed"),
        ("POST", "speed", {"speed": "fast"}, 400, "speed"),
        ("POST", "step", {"candles": 0}, 400, "candles"),
        ("POST", "jump", {"to_ms": 5}, 400, "to_ms"),
        ("GET", "accounts/nobody", None, 404, "account"),
        ("POST", "accounts/account-1/dance", {}, 404, "action"),
        ("POST", "accounts/account-1/order", {"symbol": "BTCUSDT"}, 400, "type"),
        ("POST", "accounts/account-1/close", {"symbol": "X"}, 400, "symbol"),
        ("POST", "accounts/account-1/balance", {"change": "much"}, 400, "change"),
        ("POST", "market/BTCUSDT", {"status": "ON FIRE"}, 400, "status"),
        ("GET", "truth?after=x", None, 400, "after"),
        ("POST", "accounts", {"key": "predator-local-key", "secret": "s", "balance": "1"}, 400, "key"),
    ],
)
def test_the_control_api_names_what_is_wrong(paused_venue, method, path, body, status, field):
    with pytest.raises(HTTPError) as caught:
        paused_venue.control(method, path, body)

    with caught.value as answer:
        assert answer.code == status
        assert json.loads(answer.read())["field"] == field


def test_pause_step_jump_speed_and_resume(paused_venue):
    before = paused_venue.control("GET", "status")
    assert before["paused"] is True

    assert paused_venue.control("POST", "step", {})["market_time_ms"] == before["market_time_ms"] + 60_000
    to_ms = before["market_time_ms"] + 10 * 60_000
    assert paused_venue.control("POST", "jump", {"to_ms": to_ms})["market_time_ms"] == to_ms
    assert paused_venue.control("POST", "speed", {"speed": 60000})["speed"] == 60000
    paused_venue.control("POST", "resume")
    time.sleep(0.2)
    paused_venue.control("POST", "pause")
    assert paused_venue.control("GET", "status")["market_time_ms"] > to_ms


def test_a_new_account_can_be_opened_and_trades(paused_venue):
    made = paused_venue.control("POST", "accounts", {"key": "k9", "secret": "s9", "balance": "500", "name": "nine"})

    assert (made["name"], made["balance"]) == ("nine", "500")
    assert paused_venue.control("GET", "accounts/k9")["name"] == "nine"


def test_bytes_that_are_no_http_do_not_disturb_it(paused_venue):
    for nonsense in (b"\x00" * 200, b"GET\r\n\r\n", b"POST /fapi/v1/order HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", paused_venue.port), timeout=2) as raw:
            raw.sendall(nonsense)
            raw.shutdown(socket.SHUT_WR)
            raw.recv(1000)

    assert paused_venue.control("GET", "status")["port"] == paused_venue.port


async def test_the_page_shows_and_the_clock_can_be_wrong(paused_venue):
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{paused_venue.port}/control") as page:
        assert "Local venue" in await page.text()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert len(paused_venue.control("GET", "market/BTCUSDT")["levels"]) == 10
    made = client(paused_venue.port, number=5)
    try:
        paused_venue.control("POST", "clock-skew", {"skew_ms": 60_000})
        with pytest.raises(ccxt.InvalidNonce, match="-1021"):
            await made.fapiPrivateV3GetAccount()
        paused_venue.control("POST", "clock-skew", {"skew_ms": -60_000})
        with pytest.raises(ccxt.InvalidNonce, match="-1021"):
            await made.fapiPrivateV3GetAccount()
        paused_venue.control("POST", "clock-skew", {"skew_ms": 0})
        assert await made.fapiPrivateV3GetAccount()
    finally:
        await close(made)


async def test_adl_and_liquidation_are_orders_of_the_exchange(paused_venue):
    made = client(paused_venue.port, number=6)
    symbol, account = "BTC/USDT:USDT", "accounts/account-6"
    try:
        await made.load_markets()
        for act, name in (("adl", "adl_autoclose"), ("liquidate", "autoclose-")):
            await made.create_order(symbol, "market", "buy", 0.1)
            paused_venue.control("POST", f"{account}/{act}", {"symbol": "BTCUSDT"})
            assert await made.fetch_positions([symbol]) == []
            assert (await made.fetch_orders(symbol))[-1]["clientOrderId"].startswith(name)
    finally:
        await close(made)


def test_a_market_of_now_shows_the_present_minute(tmp_path):
    venue = start(tmp_path, "--time", "now", "--speed", "1")
    status = venue.control("GET", "status")
    venue.stop()

    assert 0 <= status["wall_time_ms"] - status["market_time_ms"] < 3000
    assert status["symbols"]["BTCUSDT"]["last_closed_open_time_ms"] // 60_000 == status["wall_time_ms"] // 60_000 - 1


async def test_it_ends_at_once_though_clients_hang_on(tmp_path):
    venue = start(tmp_path, "--speed", "60")
    venue.control("POST", "faults", {"kind": "timeout_before", "endpoint": "/time"})
    base = f"http://127.0.0.1:{venue.port}"
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{base}/ws/btcusdt@kline_1m") as socket_:
        hanging = asyncio.create_task(session.get(f"{base}/fapi/v1/time"))
        await socket_.receive(timeout=5)
        code = await asyncio.to_thread(venue.stop)  # which waits five seconds; the client would hang for sixty
        with pytest.raises(aiohttp.ClientError):
            await hanging
    assert code == 0


async def test_odd_methods_and_paths_are_answered(paused_venue):
    base = f"http://127.0.0.1:{paused_venue.port}"
    async with aiohttp.ClientSession() as session:
        for method in ("GET", "POST", "PATCH", "OPTIONS", "DELETE", "PUT"):
            for path in ("/", "/fapi/v1/nothing", "/fapi/v9/order", "/%00", "/fapi/v1/order/../ping"):
                async with session.request(method, URL(base + path, encoded=True), data=b"\xff\xfe" * 50) as answer:
                    assert answer.status in (200, 404), (method, path)
                    assert answer.status == 200 or (await answer.json())["code"] == -5000
        async with session.post(f"{base}/fapi/v1/order", data=io.BytesIO(b"x" * 3_000_000)) as answer:
            assert answer.status == 413


async def test_a_half_open_socket_does_not_even_answer_pings(paused_venue):
    base = f"http://127.0.0.1:{paused_venue.port}"
    address = f"{base}/ws/btcusdt@kline_1m"
    async with aiohttp.ClientSession() as session, session.ws_connect(address, autoping=False) as socket_:
        await socket_.ping(b"1")
        assert (await socket_.receive(timeout=2)).type is aiohttp.WSMsgType.PONG
        paused_venue.control("POST", "faults", {"kind": "stream_half_open"})
        await asyncio.to_thread(paused_venue.control, "POST", "step", {})
        await socket_.ping(b"2")
        with pytest.raises(TimeoutError):
            await socket_.receive(timeout=0.5)
