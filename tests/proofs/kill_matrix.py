"""Every step of a trade x what dies in the middle of it x what the exchange does with the request.

The fault is armed at the one request that makes the step. The moment the exchange has met it, while nobody knows what
became of the order, the blow falls. Then everything must come back by itself (after a power failure: by one `start`).
At the end the exchange's own log is compared with the journal: nothing doubled, nothing lost, how long without a stop.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tests.chaos.truth import Reckoning, reckon
from tests.proofs.stage import NotShown, ProofStage, wait_for

STEPS: Mapping[str, str] = {
    "entry": "-E[0-9a-z]+$",
    "protect": "-S0$",
    "trail": "-S[1-9a-z][0-9a-z]*$",
    "exit": "-X[0-9a-z]+$",
}
FAULTS: Mapping[str, dict[str, Any]] = {
    "executed, answer lost": {"kind": "lose_response"},
    "executed, silence": {"kind": "timeout_after", "delay_ms": 4000},
    "executed, 503": {"kind": "unknown_503", "executes": True},
    "executed, answered twice": {"kind": "answer_twice"},
    "not executed, silence": {"kind": "timeout_before", "delay_ms": 4000},
    "not executed, 503": {"kind": "unknown_503"},
    "not executed, 408": {"kind": "status_unknown"},
    "executed late": {"kind": "late_accept", "delay_ms": 1500},
}
STEP_LIMIT_S, HEALTHY_LIMIT_S = 60.0, 45.0
GOES_ON_S, SETTLED_S = 3.0, 4.0
CUT_OFF_S = 2.0


@dataclass(slots=True)
class Cell:
    """One case and what was seen. `trouble` is empty when all went as it should."""

    step: str
    blow: str
    fault: str
    healthy_after_s: float = 0.0
    found: Reckoning | None = None
    trouble: str = ""


def _kill_executor(stage: ProofStage) -> None:
    pid = stage.cells()["executor"].pid
    stage.killed.add(pid)
    os.kill(pid, signal.SIGKILL)


def _kill_everything(stage: ProofStage) -> None:
    stage.kill_everything()
    stage.start_again()


def _cut_the_line(stage: ProofStage) -> None:
    """Every socket is cut, and nobody answers for a while."""
    stage.ask_exchange("POST", "faults", {"kind": "stream_abort", "count": 4})
    pid = int(stage.ask_exchange("GET", "status")["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(CUT_OFF_S)
    finally:
        os.kill(pid, signal.SIGCONT)


BLOWS: Mapping[str, Callable[[ProofStage], None]] = {
    "executor killed": _kill_executor,
    "all killed": _kill_everything,
    "line cut": _cut_the_line,
}


def all_cells() -> list[Cell]:
    return [Cell(step, blow, fault) for fault, blow, step in product(FAULTS, BLOWS, STEPS)]


def play(folder: Path, cell: Cell) -> Cell:
    """One case on an instance, an account and an exchange of its own; nothing runs afterwards."""
    stage = ProofStage(folder, "restless")
    try:
        stage.start()
        _strike(stage, cell)
        _come_to_rest(stage)
        cell.found = reckon(stage)
        cell.trouble = "; ".join(cell.found.violations)
    except NotShown as error:
        cell.trouble = str(error)
    finally:
        left = stage.tear_down()
    cell.trouble = cell.trouble or (f"processes left: {left}" if left else "")
    return cell


def _strike(stage: ProofStage, cell: Cell) -> None:
    wait_for(lambda: not stage.unwell(), HEALTHY_LIMIT_S, "healthy before the case")
    _meet(stage, cell)
    struck_at = time.monotonic()
    BLOWS[cell.blow](stage)
    wait_for(lambda: not stage.unwell(), HEALTHY_LIMIT_S, "healthy again")
    cell.healthy_after_s = time.monotonic() - struck_at


def _come_to_rest(stage: ProofStage) -> None:
    """What was in the air has come down, and some trades more were made since."""
    time.sleep(GOES_ON_S)
    stage.ask_exchange("DELETE", "faults")
    stage.ask_exchange("POST", "pause", {})
    time.sleep(SETTLED_S)
    wait_for(lambda: not stage.unwell(), HEALTHY_LIMIT_S, "healthy while the market stands still")


def _meet(stage: ProofStage, cell: Cell) -> None:
    """Returns at the moment the exchange has met the request of this step with this fault."""
    fault = {**FAULTS[cell.fault], "method": "POST", "client_id": STEPS[cell.step], "count": 1}
    number = stage.ask_exchange("POST", "faults", fault)["id"]
    armed = lambda: [one["id"] for one in stage.ask_exchange("GET", "faults")["faults"]]  # noqa: E731
    wait_for(lambda: number not in armed(), STEP_LIMIT_S, f"a request of step {cell.step}")


def told(cell: Cell) -> str:
    return f"{cell.step}, {cell.blow}, {cell.fault}: {_figures(cell)} {cell.trouble}".rstrip()


def table(cells: list[Cell]) -> Iterator[str]:
    """Markdown: a row for each fault and blow, a column for each step: seconds to healthy / seconds without a stop."""
    yield f"| the request is | and | {' | '.join(STEPS)} |"
    yield "|---" * (2 + len(STEPS)) + "|"
    for fault, blow in product(FAULTS, BLOWS):
        row = {cell.step: cell for cell in cells if (cell.fault, cell.blow) == (fault, blow)}
        if row:
            yield f"| {fault} | {blow} | {' | '.join(_figures(row.get(step)) for step in STEPS)} |"
    counted = [cell.found for cell in cells if cell.found is not None]
    longest = max((found.longest_naked_s for found in counted), default=0.0)
    broken = [cell for cell in cells if cell.trouble]
    yield ""
    yield (
        f"{len(cells)} cases, {sum(found.orders for found in counted)} orders, {sum(found.fills for found in counted)} "
        f"fills; longest without a stop {longest:.2f} s; violations: {len(broken)}"
    )
    yield from map(told, broken)


def _figures(cell: Cell | None) -> str:
    if cell is None:
        return ""
    naked = f"{cell.found.longest_naked_s:.1f}" if cell.found else "?"
    return f"{cell.healthy_after_s:.1f} / {naked}"
