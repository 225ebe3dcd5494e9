"""What the local venue holds: market minutes, orders and messages per second. `python -m benchmarks.venue_load`

Each figure is measured on a venue of its own: in this process for the market, as a real server for orders and streams.
`--hour` is the long one: its memory while it is traded on (see `benchmarks/venue_hour.py`).
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp

from benchmarks import venue_hour
from benchmarks.venue_server import SIGNED_HEADERS, server, signed
from venue.build import build
from venue.settings import read_settings

ORDERS = 1000
LISTENERS = 50
SECONDS = 3


def minutes_per_second(symbols: int) -> float:
    names = [name for n in range(symbols) for name in ("--symbol", f"S{n}USDT")]
    venue = build(read_settings(["--history", "100", *names]))
    began, played = time.perf_counter(), 0
    while time.perf_counter() - began < 1:
        venue.market.finish_minute()
        played += 1
    return played


async def send_orders(port: int, at_once: int) -> tuple[float, float]:
    """(orders per second, the median answer in ms) when so many are on their way at once."""
    took: list[float] = []
    url = f"http://127.0.0.1:{port}/fapi/v1/order"

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        order = {"symbol": "BTCUSDT", "side": "BUY" if number % 2 else "SELL", "type": "MARKET", "quantity": "0.01"}
        began = time.perf_counter()
        async with session.post(url, data=signed(order), headers=SIGNED_HEADERS) as answer:
            assert answer.status == 200, await answer.text()
        took.append(time.perf_counter() - began)

    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        for first in range(0, ORDERS, at_once):
            await asyncio.gather(*(one(session, n) for n in range(first, first + at_once)))
        return ORDERS / (time.perf_counter() - began), sorted(took)[len(took) // 2] * 1000


async def count_messages(port: int) -> float:
    """Messages per second that arrive at many listeners of one kline stream."""
    counted = 0

    async def listen(session: aiohttp.ClientSession) -> None:
        nonlocal counted
        async with session.ws_connect(f"http://127.0.0.1:{port}/ws/btcusdt@kline_1m") as socket:
            async for _ in socket:
                counted += 1

    async with aiohttp.ClientSession() as session:
        tasks = [asyncio.create_task(listen(session)) for _ in range(LISTENERS)]
        await asyncio.sleep(SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return counted / SECONDS


def main() -> None:
    given = read_arguments()
    if given.hour:
        with tempfile.TemporaryDirectory() as folder:
            venue_hour.run(given.minutes, lambda line: print(line, flush=True), Path(folder))  # noqa: T201
        return
    rows = [("market minutes/s, 1 symbol", f"{minutes_per_second(1):.0f}")]
    rows.append(("market minutes/s, 10 symbols", f"{minutes_per_second(10):.0f}"))
    for at_once in (1, 20):
        with server("--speed", "60") as running:
            rate, median = asyncio.run(send_orders(running.port, at_once))
            rows.append((f"market orders/s, {at_once} at once", f"{rate:.0f} (median {median:.1f} ms)"))
    with server("--speed", "60", "--state-file", f"{tempfile.mkdtemp()}/state") as running:
        rate, median = asyncio.run(send_orders(running.port, 1))
        rows.append(("market orders/s, 1 at once, state file", f"{rate:.0f} (median {median:.1f} ms)"))
    with server("--speed", "3000") as running:
        rate = asyncio.run(count_messages(running.port))
        rows.append((f"kline messages/s to {LISTENERS} listeners at 3000 ×", f"{rate:.0f}"))
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        print(f"{name:<{width}}  {figure}")  # noqa: T201 - the table is the result


def read_arguments() -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="python -m benchmarks.venue_load", description=__doc__)
    made.add_argument("--hour", action="store_true", help="sample the venue's memory while it is traded on")
    made.add_argument("--minutes", type=float, default=60, help="how long that takes")
    return made.parse_args()


if __name__ == "__main__":
    main()
