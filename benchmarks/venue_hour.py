"""The local venue's memory while it is traded on for an hour at 60 x. `python -m benchmarks.venue_load --hour`

One client opens, protects, rests, cancels and closes twice a second, others listen. What a venue keeps is bounded
(closed orders, incomes, truth, bars, the state file), so its memory has to come to rest: the table shows it.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from benchmarks.venue_server import KEY, SIGNED_HEADERS, Server, server, signed

ROUND_S = 0.5
SAMPLE_S = 60.0
STREAMS = "btcusdt@kline_1m/btcusdt@depth/btcusdt@aggTrade/btcusdt@markPrice@1s"
Say = Callable[[str], None]


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def size_mb(file: Path) -> float:
    return file.stat().st_size / 2**20


def run(minutes: float, say: Say, folder: Path) -> None:
    kept = ("--state-file", str(folder / "state"), "--truth-log", str(folder / "truth.jsonl"))
    with server("--speed", "60", *kept) as running:
        asyncio.run(watch(running, minutes, say, folder / "state"))


async def watch(running: Server, minutes: float, say: Say, state: Path) -> None:
    """Trades and listens for so long, and samples."""
    counted: list[int] = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{running.port}") as session:
        jobs = [
            asyncio.create_task(job) for job in (trade(session, counted), listen(session), listen_privately(session))
        ]
        say("minute  requests  resident MB  state file MB")
        samples = [await sample(running.pid, minute, counted, say, state) for minute in range(round(minutes) + 1)]
        for job in jobs:
            if job.done():
                job.result()
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    say(f"grown in the last third: {samples[-1] - samples[-1 - len(samples) // 3]:+.1f} MB")


async def sample(pid: int, minute: int, counted: list[int], say: Say, state: Path) -> float:
    await asyncio.sleep(SAMPLE_S if minute else 1)
    found, kept = resident_mb(pid), size_mb(state)
    say(f"{minute:>6}  {len(counted):>8}  {found:>11.1f}  {kept:>13.1f}")
    return found


async def call(session: aiohttp.ClientSession, method: str, path: str, **parameters: object) -> dict[str, object]:
    async with session.request(method, f"/fapi/v1/{path}?{signed(parameters)}", headers=SIGNED_HEADERS) as answer:
        body: dict[str, object] = await answer.json()
        assert answer.status == 200, f"{method} {path}: {answer.status} {body}"
    return body


async def trade(session: aiohttp.ClientSession, counted: list[int]) -> None:
    """Round after round: in, a stop, a resting order, both cancelled, out, and a look at the books."""
    market = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.010"}
    while True:
        began = time.monotonic()
        book = await call(session, "GET", "ticker/bookTicker", symbol="BTCUSDT")
        low = f"{float(str(book['bidPrice'])) * 0.97:.1f}"
        resting = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "side": "BUY", "quantity": "0.010"}
        stop = {"symbol": "BTCUSDT", "type": "STOP_MARKET", "side": "SELL", "closePosition": "true"}
        await call(session, "POST", "order", **market, side="BUY")
        await call(session, "POST", "algoOrder", algoType="CONDITIONAL", **stop, triggerPrice=low)
        order = await call(session, "POST", "order", **resting, price=low)
        await call(session, "DELETE", "order", symbol="BTCUSDT", orderId=order["orderId"])
        await call(session, "DELETE", "algoOpenOrders", symbol="BTCUSDT")
        await call(session, "POST", "order", **market, side="SELL", reduceOnly="true")
        await call(session, "GET", "openOrders", symbol="BTCUSDT")
        counted += [1] * 8
        await asyncio.sleep(max(0.0, ROUND_S - (time.monotonic() - began)))


async def listen(session: aiohttp.ClientSession) -> None:
    async with session.ws_connect(f"/stream?streams={STREAMS}") as socket:
        async for _ in socket:
            pass


async def listen_privately(session: aiohttp.ClientSession) -> None:
    async with session.post("/fapi/v1/listenKey", headers={"X-MBX-APIKEY": KEY}) as answer:
        key = (await answer.json())["listenKey"]
    async with session.ws_connect(f"/ws/{key}") as socket:
        async for _ in socket:
            pass
