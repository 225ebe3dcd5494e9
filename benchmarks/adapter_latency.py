"""The exchange adapter beside the floor: one market order and its answer, one closed bar and its arrival.

    python benchmarks/adapter_latency.py --orders 600 --bars 60

Starts a local exchange of its own. The floor is a bare aiohttp client that signs the same order; `create_order` is the
unified call of ccxt. They take turns in small batches, so that a busy machine slows all alike: read the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import aiohttp

from adapters.ccxt.access import Access
from adapters.ccxt.connection import Connection
from adapters.ccxt.exchange import CcxtExchange
from adapters.log import start_logging
from engine.messages.exchange import OpenMarketStream, OpenUserStream, OrderPlaced, PlaceOrder, PrepareInstrument
from engine.messages.market import BarClosed
from engine.order import Order, OrderKind, OrderPurpose, Side

SYMBOL = "BTC/USDT:USDT"
KEY, SECRET = "predator-local-key", "predator-local-secret"
BATCH = 20
Send = Callable[[int, str], Awaitable[None]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--orders", type=int, default=600)
    asked.add_argument("--bars", type=int, default=60)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start_logging(Path(folder), "benchmark")
        process, port = start_exchange(Path(folder))
        try:
            asyncio.run(measure(f"http://127.0.0.1:{port}", options.orders, options.bars))
        finally:
            process.terminate()
            process.wait(10)


def start_exchange(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "venue", "--port", "0", "--speed", "300", "--ready-file", str(ready)]
    process = subprocess.Popen(
        [*command, "--weight-limit", "0", "--order-limit", "0", "--log", str(folder / "exchange.log")]
    )
    while not ready.exists():
        time.sleep(0.05)
    return process, int(json.loads(ready.read_text())["port"])


async def measure(address: str, orders: int, bars: int) -> None:
    access = Access(exchange="binanceusdm", environment="local", key=KEY, secret=SECRET, redirect_to=address)
    paths = {
        "bare aiohttp, signed": await floor(address),
        "ccxt create_order": await unified(access),
        "adapter": await adapter(access),
    }
    took: dict[str, list[float]] = {name: [] for name in paths}
    for start in range(0, orders, BATCH):
        for name, (send, _) in paths.items():
            took[name] += await timed(send, range(start, start + BATCH))
    for name, (_, close) in paths.items():
        await close()
        show(name, took[name])
    show("closed bar, push to handler", await bar_arrivals(access, address, bars))


async def timed(send: Send, numbers: range) -> list[float]:
    took = []
    for number in numbers:
        began = time.perf_counter()
        await send(number, "BUY" if number % 2 == 0 else "SELL")
        took.append((time.perf_counter() - began) * 1e3)
    return took


async def floor(address: str) -> tuple[Send, Callable[[], Awaitable[None]]]:
    session = aiohttp.ClientSession()
    headers = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}

    async def send(number: int, side: str) -> None:
        order = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": "0.010"}
        stamped = {"newClientOrderId": f"floor-{number}", "timestamp": int(time.time() * 1e3), "recvWindow": 10_000}
        body = urlencode(order | stamped)
        body += "&signature=" + hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        async with session.post(f"{address}/fapi/v1/order", data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            await answer.json()

    return send, session.close


async def unified(access: Access) -> tuple[Send, Callable[[], Awaitable[None]]]:
    connection = Connection(access, lambda usage: None, time.time_ns)
    client: Any = (await connection.dialect())._client
    await client.load_markets()

    async def send(number: int, side: str) -> None:
        await client.create_order(SYMBOL, "market", side.lower(), 0.01, None, {"clientOrderId": f"unified-{number}"})

    return send, connection.close


async def adapter(access: Access) -> tuple[Send, Callable[[], Awaitable[None]]]:
    exchange = CcxtExchange(access, lambda message: None, lambda usage: None)
    await exchange.perform(PrepareInstrument(symbol=SYMBOL, leverage=3))
    await exchange.perform(OpenUserStream(symbol=SYMBOL))

    async def send(number: int, side: str) -> None:
        answer = await exchange.perform(PlaceOrder(order=an_order(number, Side(side.lower()))))
        assert isinstance(answer, OrderPlaced), answer

    return send, exchange.close


async def bar_arrivals(access: Access, address: str, count: int) -> list[float]:
    heard: dict[int, int] = {}
    enough = asyncio.Event()

    def push(message: object) -> None:
        if isinstance(message, BarClosed):
            heard[message.bar.open_time_ns // 1_000_000] = time.time_ns()
            if len(heard) >= count:
                enough.set()

    exchange = CcxtExchange(access, push, lambda usage: None)
    await exchange.perform(OpenMarketStream(symbol=SYMBOL))
    await enough.wait()
    await exchange.close()
    pushed = await asyncio.to_thread(pushed_at, address)
    return [(at - pushed[minute]) / 1e6 for minute, at in heard.items() if minute in pushed]


def pushed_at(address: str) -> dict[int, int]:
    with urlopen(f"{address}/control/truth?kind=kline.closed&limit=100000") as answer:
        return {record["open_time_ms"]: record["wall_ns"] for record in json.loads(answer.read())["records"]}


def an_order(number: int, side: Side) -> Order:
    return Order(
        client_order_id=f"p0000-1-abcd-{number}-E1",
        symbol=SYMBOL,
        side=side,
        kind=OrderKind.MARKET,
        purpose=OrderPurpose.ENTRY,
        quantity=Decimal("0.010"),
        trade_number=1,
        bar_open_time_ns=0,
    )


def show(name: str, took: list[float]) -> None:
    ordered = sorted(took)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    sys.stdout.write(f"{name:<28} n {len(ordered):>5}   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms\n")


if __name__ == "__main__":
    main()
