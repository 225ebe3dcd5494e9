"""AV5, CT1, CT5: an exchange slower than every limit, one whose answers are lost, one that fills at terrible prices."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.truth import Reckoning, reckon
from tests.proofs.stage import ProofStage, wait_for

ORDERS = {"method": "POST", "endpoint": "/fapi/v1/(order|algoOrder)$", "count": None}
SLOW = {"kind": "delay", "delay_ms": 15_000, **ORDERS}  # longer than any limit of ours; executed at once
SILENT = {"kind": "timeout_after", "delay_ms": 15_000, **ORDERS}
DEAF = {"kind": "timeout_before", "delay_ms": 15_000, **ORDERS}
START_LIMIT_S, HEALTHY_LIMIT_S, REST_S = 60.0, 60.0, 5.0
TICK = 0.1  # of BTCUSDT


@dataclass(frozen=True, slots=True)
class Shown:
    """What the fault did. `levels` are the breaker's as they changed; `end` is how it stood when the fault was over."""

    name: str
    levels: tuple[str, ...]
    end: str
    found: Reckoning


def endure(folder: Path, name: str, fault: dict[str, Any], seconds: float) -> Shown:
    """The fault meets every order for so long. Afterwards it trades again by itself, or is halted and says why."""
    stage = ProofStage(folder, "restless")
    try:
        stage.start()
        wait_for(
            lambda: not stage.unwell() and stage.view().stop_price is not None, START_LIMIT_S, "a protected position"
        )
        stage.ask_exchange("POST", "faults", fault)
        levels = _watch(lambda: stage.view().breaker, seconds)
        stage.ask_exchange("DELETE", "faults")
        _end_of(stage)
        stage.ask_exchange("POST", "pause", {})
        time.sleep(REST_S)
        return Shown(name, levels, _end_of(stage), reckon(stage))
    finally:
        stage.tear_down()


def _end_of(stage: ProofStage) -> str:
    wait_for(lambda: not stage.unwell() or stage.view().breaker == "RED", HEALTHY_LIMIT_S, "healthy or halted")
    view = stage.view()
    return f"halted: {view.breaker_cause}" if view.breaker == "RED" else "trading"


def slip(folder: Path, share: float) -> tuple[str, str]:
    """The next entry is filled by this share of the price worse than decided: the breaker's level and cause then."""
    stage = ProofStage(folder, "restless")
    try:
        stage.start()
        price = float(stage.ask_exchange("GET", "status")["symbols"]["BTCUSDT"]["last"])
        ticks = int(price * share / TICK)
        stage.ask_exchange("POST", "faults", {"kind": "slippage", "client_id": "-E", "ticks": ticks})
        wait_for(lambda: stage.view().breaker != "GREEN", 30, "the breaker notices")
        view = stage.view()
        return view.breaker, view.breaker_cause
    finally:
        stage.tear_down()


def _watch(look: Callable[[], str], seconds: float) -> tuple[str, ...]:
    seen: list[str] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = look()
        if not seen or seen[-1] != now:
            seen.append(now)
        time.sleep(0.05)
    return tuple(seen)
