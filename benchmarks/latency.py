"""From the push of a closed bar to the receipt of the order it caused, both seen by the exchange.

    python benchmarks/latency.py --bars 120

Starts a local exchange and one live instance in a workspace of their own, beside a bare aiohttp client that answers
each closed bar with a signed market order: the floor. Both meet the same bars at the same moments. Then the same again
with backtests running in a loop, and with a sweep on all cores. The times are the exchange's (its truth log), so
nothing is measured by the measured.
Predator's order waits for its intent to be durable, which the floor's does not: how long a durable write takes on this
disk is printed first, and `--home` on a disk in memory shows the rest alone.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import aiohttp

from instance_manager import quickstart
from instance_manager.quickstart import Stage
from instance_manager.venue_process import find

PLAY = Path(__file__).with_name("latency_play.yml")
SWEPT = Path(__file__).with_name("swept_play.yml")
KEY, SECRET = "predator-local-key-2", "predator-local-secret-2"
RISK = "    risk: {max_entries_a_minute: 6000, max_orders_a_minute: 60000}\n"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--bars", type=int, default=120, help="closed bars to watch in each of the three parts")
    asked.add_argument("--speed", type=float, default=60.0, help="market seconds a second; 60 is a bar each second")
    asked.add_argument("--home", type=Path, help="a new folder for the workspace: another disk, or one in memory")
    asked.add_argument("--floor", action="store_true", help="run one bare client and exit (used by this program)")
    asked.add_argument("--address", default="")
    options = asked.parse_args()
    if options.floor:
        asyncio.run(answer_bars(options.address))
    else:
        measure(options.bars, options.speed, options.home)


def measure(bars: int, speed: float, home: Path | None) -> None:
    with stage_of(speed, home) as stage, ExitStack() as programs:
        address = address_of(stage)
        say(f"one durable write on this disk takes {durable_write_ms(stage.workspace.home):.2f} ms (median)")
        programs.enter_context(program([sys.executable, __file__, "--floor", "--address", address]))
        say(f"{'':22} {'orders':>6} {'p50 ms':>8} {'p90 ms':>8} {'p99 ms':>8}")
        alone = report("alone", address, watch(address, bars))
        with backtests(stage):
            beside = report("with backtests", address, watch(address, bars))
        with sweep(stage):
            swept = report("with a sweep", address, watch(address, bars))
    ratio = statistics.median(alone["predator"]) / statistics.median(alone["floor"])
    p99 = quantile(beside["predator"], 0.99) / quantile(alone["predator"], 0.99)
    say(f"p50 alone is {ratio:.1f} times the floor; p99 with backtests is {p99:.1f} times p99 without")
    p99 = quantile(swept["predator"], 0.99) / quantile(alone["predator"], 0.99)
    say(f"p99 with a sweep is {p99:.1f} times p99 without")


# --- the stage -------------------------------------------------------------------------------------------------------


@contextmanager
def stage_of(speed: float, home: Path | None = None) -> Iterator[Stage]:
    """A workspace with a running exchange and live-1 trading at nearly every bar; nothing is left of it."""
    stage = quickstart.set_up(home, speed, say)
    try:
        shutil.copy(PLAY, stage.workspace.plays / "latency.yml")
        change_live_instance(stage.workspace.settings_file)
        command(stage, "start", "--instance", "live-1")
        yield stage
    finally:
        quickstart.tear_down(stage, keep=False)


def change_live_instance(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    before, after = text.split("  live-1:\n")
    after = after.replace("    play: quickstart\n", "    play: latency\n" + RISK, 1)
    file.write_text(f"{before}  live-1:\n{after}", encoding="utf-8")


def command(stage: Stage, *words: str) -> None:
    subprocess.run(predator(stage, *words), check=True, stdout=subprocess.DEVNULL, env=os.environ)


def predator(stage: Stage, *words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("predator")), *words, "--home", str(stage.workspace.home)]


def address_of(stage: Stage) -> str:
    venue = find(stage.workspace, quickstart.EXCHANGE)
    assert venue is not None, "the exchange does not run"
    return venue.address


def durable_write_ms(folder: Path) -> float:
    """What the journal must wait for before any order may leave, whatever the program."""
    took = []
    with (folder / "durable").open("wb", buffering=0) as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


@contextmanager
def program(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(10)


@contextmanager
def backtests(stage: Stage) -> Iterator[None]:
    """The same backtest of two months again and again, each a process of its own at its ordinary priority."""
    command(stage, "generate-data", "--days", "60")
    words = " ".join(predator(stage, "backtest", "quickstart"))
    with program(["/bin/sh", "-c", f"trap 'kill $!; exit' TERM; while :; do {words} & wait $!; done"]):
        yield


@contextmanager
def sweep(stage: Stage) -> Iterator[None]:
    """A search over the same two months on all cores, long enough to outlast the measurement."""
    shutil.copy(SWEPT, stage.workspace.plays / "swept.yml")
    words = predator(stage, "optimize", "swept", "--method", "random", "--runs", "80000")
    with program(words) as running:
        time.sleep(5)
        yield
        assert running.poll() is None, "the sweep was over before the measurement"


# --- the floor -------------------------------------------------------------------------------------------------------


async def answer_bars(address: str) -> None:
    """Buys and sells in turn, at each closed bar, as fast as a Python client can."""
    async with aiohttp.ClientSession() as session:
        stream = address.replace("http", "ws", 1) + "/ws/btcusdt@kline_1m"
        side = "BUY"
        async with session.ws_connect(stream) as socket:
            async for message in socket:
                event = json.loads(message.data)
                if event.get("k", {}).get("x"):
                    await send(session, address, side, event["k"]["t"])
                    side = "SELL" if side == "BUY" else "BUY"


async def send(session: aiohttp.ClientSession, address: str, side: str, number: int) -> None:
    order = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": "0.010"}
    stamped = {"newClientOrderId": f"floor-{number}", "timestamp": int(time.time() * 1e3), "recvWindow": 10_000}
    body = urlencode(order | stamped)
    body += "&signature=" + hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}
    async with session.post(f"{address}/fapi/v1/order", data=body, headers=headers) as answer:
        await answer.read()


# --- what the exchange saw -------------------------------------------------------------------------------------------


def watch(address: str, bars: int) -> list[dict[str, Any]]:
    """The truth from now on, until so many bars have closed."""
    after = truth(address, 10**14)["last"]
    records: list[dict[str, Any]] = []
    while sum(record["kind"] == "kline.closed" for record in records) < bars:
        time.sleep(1)
        answer = truth(address, after)
        records += answer["records"]
        after = answer["last"]
    return records


def truth(address: str, after: int) -> dict[str, Any]:
    with urlopen(f"{address}/control/truth?after={after}&limit=10000") as answer:
        return dict(json.load(answer))


def delays(records: list[dict[str, Any]]) -> Mapping[str, list[float]]:
    """Milliseconds from each closed bar to the first order of either that follows it before the next bar."""
    found: dict[str, list[float]] = {"predator": [], "floor": []}
    closed_ns, heard = 0, set[str]()
    for record in records:
        if record["kind"] == "kline.closed":
            closed_ns, heard = int(record["wall_ns"]), set()
        elif record["kind"] == "order.received" and closed_ns:
            who = sender(str(record.get("client_order_id", "")))
            if who and who not in heard:
                heard.add(who)
                found[who].append((int(record["wall_ns"]) - closed_ns) / 1e6)
    return found


def sender(client_order_id: str) -> str:
    if client_order_id.startswith("floor-"):
        return "floor"
    last = client_order_id.rpartition("-")[2]
    return "predator" if last[:1] in ("E", "X") else ""


def report(name: str, address: str, records: list[dict[str, Any]]) -> Mapping[str, list[float]]:
    found = delays(records)
    for who, took in found.items():
        quantiles = " ".join(f"{quantile(took, share):8.2f}" for share in (0.5, 0.9, 0.99))
        say(f"{name + ', ' + who:22} {len(took):6} {quantiles}")
    return found


def quantile(took: list[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))] if took else float("nan")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
