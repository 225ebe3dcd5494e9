"""CT2, CT3, CT4, AV3, AV4, AV6, F7 on one live instance: what must halt it halts it, and a person's word ends that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import psutil

from adapters.journal.reader import JournalReader
from engine.messages.reports import digest_of
from tests.chaos.stage import INSTANCE
from tests.chaos.truth import SECOND_NS
from tests.proofs.stage import LOOK_S, UNBOUNDED, ProofStage, wait_for

SILENCE_S = 5
NOTICED_S, HEALTHY_S, UNGUARDED_S, SAMPLED_S = 30.0, 60.0, 4.0, 5.0
MISSED_LOOK_NS = 50_000_000  # a longer pause between two looks says nothing
MEMBERS = ("executor", "reconciler", "data")  # whose work is with the exchange
Seen = tuple[str, bool]  # what was seen, and whether it is as promised


def show(folder: Path) -> Iterator[Seen]:
    """Each trouble in turn; after each the instance trades again."""
    stage = ProofStage(folder, "restless", UNBOUNDED, f"silence_ms: {SILENCE_S * 1_000}")
    try:
        stage.start()
        for trouble in (_connections, _views, _ghost_order, _balance_drift, _blocked_network, _no_guard):
            wait_for(lambda: not stage.unwell() and stage.view().stop_price is not None, HEALTHY_S, "a position")
            yield trouble(stage)
    finally:
        stage.tear_down()


def _connections(stage: ProofStage) -> Seen:
    """AV4: only those whose work it is speak with the exchange; the play's process has no connection at all."""
    pids = {role: cell.pid for role, cell in stage.cells().items()}
    speaking = [role for role, pid in pids.items() if _speaks_with(stage.port, pid)]
    return f"AV4: connected to the exchange: {', '.join(speaking)}", set(speaking) <= set(MEMBERS) and bool(speaking)


def _speaks_with(port: int, pid: int) -> bool:
    return any(one.raddr and one.raddr.port == port for one in psutil.Process(pid).net_connections("tcp"))


def _views(stage: ProofStage) -> Seen:
    """AV3: what the executor shows (a digest of its memory) against what the store holds, as fast as both are read."""
    compared, differ, until = 0, 0, time.monotonic() + SAMPLED_S
    with JournalReader(stage.journal_file) as journal:
        while time.monotonic() < until:
            shown, stored = stage.cells().get("executor"), journal.view_row()
            if shown is not None and stored is not None and shown.sequence == stored[0]:
                compared += 1
                differ += shown.digest.rstrip(b"\0") != digest_of(stored[1]).rstrip(b"\0")
    return (
        f"AV3: operator view, engine and store compared {compared} times, {differ} differ",
        compared > 100 and not differ,
    )


def _ghost_order(stage: ProofStage) -> Seen:
    """CT2: an order at our account that nobody of ours made, and of which no stream tells."""
    low = round(float(stage.ask_exchange("GET", "status")["symbols"]["BTCUSDT"]["last"]) * 0.9, 1)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": str(low)}
    placed = stage.ask_exchange("POST", "accounts/account-1/order", {**order, "silent": True})
    halted = _halts(stage)
    refused = _reset(stage)
    stage.ask_exchange("POST", "accounts/account-1/cancel", {"order_id": placed["order_id"]})
    return f"CT2: ghost order: {halted}; reset while it stands: {refused}; then: {_reset_until_done(stage)}", (
        "RED" in halted and "done" not in refused
    )


def _balance_drift(stage: ProofStage) -> Seen:
    """CT3: money is gone and no trade explains it."""
    stage.ask_exchange("POST", "accounts/account-1/balance", {"change": "-25", "silent": True})
    halted = _halts(stage)
    stage.ask_exchange("POST", "accounts/account-1/balance", {"change": "25", "silent": True})
    return f"CT3: balance drift: {halted}; explained and reset: {_reset_until_done(stage)}", "RED" in halted


def _blocked_network(stage: ProofStage) -> Seen:
    """CT4, AV6: the exchange says nothing any more; later it does, and trading goes on after a person's word."""
    with _standing_still([int(stage.ask_exchange("GET", "status")["pid"])]):
        halted = _halts(stage)
    done = _reset_until_done(stage)
    took = wait_for(lambda: not stage.unwell(), HEALTHY_S, "healthy after the network came back")
    return f"CT4, AV6: network blocked: {halted}; back and reset: {done}, healthy after {took:.1f} s", "RED" in halted


def _no_guard(stage: ProofStage) -> Seen:
    """F7: both guards hang, and whoever takes their place hangs too. While no guard's lease lasts no entry leaves."""
    wait_for(lambda: stage.view().position_quantity == 0, HEALTHY_S, "no position, so that the next bar wants one")
    began_ns, until = time.time_ns(), time.monotonic() + UNGUARDED_S
    unguarded: list[tuple[int, int]] = []
    with _standing_still([]) as stopped:
        while time.monotonic() < until:
            cells, seen_ns = stage.cells(), time.time_ns()
            for role in ("guard", "standby_guard"):
                if role in cells and cells[role].pid not in stopped:
                    os.kill(cells[role].pid, signal.SIGSTOP)
                    stopped.append(cells[role].pid)
            if max(cell.lease_until_ns for cell in cells.values()) < time.monotonic_ns():
                unguarded.append((seen_ns, time.time_ns()))
            time.sleep(LOOK_S)
    left = _entries_within(stage, unguarded)
    lasted_s = sum(second[0] - first[0] for first, second in pairwise(unguarded)) / SECOND_NS
    with JournalReader(stage.journal_file) as journal:
        denied = [one for one in journal.events(name="OrderDenied", limit=100_000) if one.recorded_at_ns >= began_ns]
    text = f"F7: {lasted_s:.1f} s without a guard: {len(denied)} entries denied, {left} left"
    return text, left == 0 and lasted_s > 0.5 and bool(denied)


def _entries_within(stage: ProofStage, spans: list[tuple[int, int]]) -> int:
    """Entries the exchange received between two looks that both saw no guard."""
    entries = [
        int(one["wall_ns"])
        for one in stage.truth()
        if one["kind"] == "order.received" and "-E" in one["client_order_id"]
    ]
    gaps = [(first[1], second[0]) for first, second in pairwise(spans) if second[0] - first[1] < MISSED_LOOK_NS]
    return sum(since <= at <= until for at in entries for since, until in gaps)


# --- halting and going on --------------------------------------------------------------------------------------------


def _halts(stage: ProofStage) -> str:
    """Until the breaker is RED: its cause, after how long, and that a report lies there."""
    before = len(_reports(stage))
    took = wait_for(lambda: stage.view().breaker == "RED", NOTICED_S, "RED")
    wait_for(lambda: len(_reports(stage)) > before, 5.0, "an incident report")
    return f"RED after {took:.1f} s ({stage.view().breaker_cause}), report written"


def _reports(stage: ProofStage) -> list[Path]:
    return list((stage.home / "instances" / INSTANCE / "incidents").glob("*"))


def _reset(stage: ProofStage) -> str:
    words = [
        str(Path(sys.executable).with_name("predator")),
        "reset",
        "--instance",
        INSTANCE,
        "--reason",
        "looked at it",
    ]
    done = subprocess.run([*words, "--home", str(stage.home)], capture_output=True, text=True, check=False)
    return "done" if done.returncode == 0 else (done.stderr or done.stdout).strip().splitlines()[-1]


def _reset_until_done(stage: ProofStage) -> str:
    """A person tries again until reconciliation has seen that all is well."""
    said: list[str] = []

    def is_done() -> bool:
        said.append(_reset(stage))
        return said[-1] == "done"

    took = wait_for(is_done, HEALTHY_S, "reset")
    return f"done after {took:.1f} s"


@contextmanager
def _standing_still(pids: list[int]) -> Iterator[list[int]]:
    """Stopped until the end; more may be added."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield pids
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
