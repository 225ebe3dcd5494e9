"""AV1: the same signal a thousand times at once is one order, on the real processes.

Eight processes push the same cycle into the executor's inbox at the same moment. The play itself never trades, and the
market stands still, so that whatever reaches the exchange comes from them. A second round sends the exit in the same
way, so that one entry, one exit, one trade and one message are what must be there.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import zmq

from actors.shell.envelope import Envelope, Identity, seal
from actors.shell.tree import Tree, read_tree, socket_file
from adapters.journal.reader import JournalReader
from engine.market import MINUTE_NS, Bar
from engine.messages import wire
from engine.messages.market import CycleReady
from engine.signal import Intent, Signal
from tests.chaos.stage import INSTANCE
from tests.chaos.truth import Reckoning, reckon
from tests.proofs.stage import ProofStage, wait_for

PROCESSES, TOGETHER_S, DELIVERED_S = 8, 1.5, 20.0
QUIET_S = 2.0  # long enough for a second order to be seen, if there were one


@dataclass(frozen=True, slots=True)
class Shown:
    """What the exchange saw of `copies` equal signals, sent twice (enter, leave)."""

    copies: int
    entries: int
    exits: int
    trades: int
    messages: int
    found: Reckoning


def show(folder: Path, copies: int, fault: dict[str, object] | None = None) -> Shown:
    """`fault` meets the first order, for instance `{"kind": "lose_response"}`."""
    stage = ProofStage(folder, "patient")
    try:
        stage.start()
        wait_for(lambda: not stage.unwell() and _last_bar(stage) > 0, 30, "healthy and with a bar")
        if fault is not None:
            stage.ask_exchange("POST", "faults", {"method": "POST", "client_id": "-E", **fault})
        for intent, letter in ((Intent.ENTER_LONG, "E"), (Intent.EXIT_LONG, "X")):
            stage.ask_exchange("POST", "pause", {})
            _flood(stage, intent, copies)
            wait_for(lambda letter=letter: _count(stage, letter) > 0, 30, f"an order {letter}")  # type: ignore[misc]
            stage.ask_exchange("POST", "resume", {})
            wait_for(lambda: not stage.unwell(), 30, "healthy")
            time.sleep(QUIET_S)
        return _counted(stage, copies)
    finally:
        stage.tear_down()


def _counted(stage: ProofStage, copies: int) -> Shown:
    with JournalReader(stage.journal_file) as journal:
        trades = len(journal.trades())
    told = [json.loads(line) for line in stage.notifications_file.read_text().splitlines()]
    messages = sum("trade_number" in one for one in told)
    return Shown(copies, _count(stage, "E"), _count(stage, "X"), trades, messages, reckon(stage))


def _count(stage: ProofStage, letter: str) -> int:
    """Requests of this purpose that reached the exchange, accepted or not."""
    ids = [r.get("client_order_id", "") for r in stage.truth() if r["kind"] == "order.received"]
    return sum(one.rpartition("-")[2].startswith(letter) for one in ids)


def _last_bar(stage: ProofStage) -> int:
    cell = stage.cells().get("executor")
    return int(str((cell.extra.get("last_bar_ns") if cell else 0) or 0))


def _flood(stage: ProofStage, intent: Intent, copies: int) -> None:
    time.sleep(0.5)  # the last real bar is through
    tree = read_tree(stage.home / "run" / INSTANCE / "tree.json")
    price = float(stage.ask_exchange("GET", "status")["symbols"]["BTCUSDT"]["last"])
    message = wire.encode(_cycle(tree, _last_bar(stage) + MINUTE_NS, price, intent))
    path, at = str(socket_file(tree.run_folder, "executor")), time.monotonic() + TOGETHER_S
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(
            pool.map(_push, *zip(*[(path, message, n, copies // PROCESSES, at) for n in range(PROCESSES)], strict=True))
        )


def _cycle(tree: Tree, open_time_ns: int, price: float, intent: Intent) -> CycleReady:
    assert tree.spec is not None
    bar = Bar(open_time_ns=open_time_ns, open=price, high=price, low=price, close=price, volume=1.0)
    signal = Signal(
        play_hash=tree.spec.play_hash,
        symbol=tree.spec.symbol,
        bar_open_time_ns=open_time_ns,
        intent=intent,
        close=price,
    )
    return CycleReady(bar=bar, signal=signal, observed_at_ns=time.time_ns())


def _push(path: str, message: bytes, number: int, copies: int, at: float) -> None:
    """One sender: waits for the moment, then pushes its share as fast as it can."""
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.connect(f"ipc://{path}")
    sender = Identity(tree=INSTANCE, role=f"copier-{number}", generation=1, born_ns=time.monotonic_ns())
    time.sleep(max(0.0, at - time.monotonic()))
    for _ in range(copies):
        socket.send(seal(Envelope(sender=sender, sent_at_ns=time.monotonic_ns(), payload=message)))
    socket.close(linger=int(DELIVERED_S * 1000))
    context.term()
