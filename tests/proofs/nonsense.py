"""C8: an exchange that answers what cannot be: no entry goes upon it, the stop stays, and what it said is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import INSTANCE
from tests.chaos.truth import SECOND_NS, Reckoning, reckon
from tests.proofs.stage import ProofStage, wait_for
from venue.nonsense import WAYS

ACCOUNT = "account-1"
START_LIMIT_S, NOTICED_S, HEALTHY_LIMIT_S, REST_S = 60.0, 30.0, 60.0, 3.0
ON_ITS_WAY_NS = SECOND_NS // 4  # what was decided before it was noticed
UNPROTECTED_S = 5.0
# what such an answer looks like in the exchange's log
MARKS = {
    "missing": '-> 200 [{"id":',
    "types": '{"value":[',
    "nan": "NaN",
    "negative": '"walletBalance":"-',
    "status": "HALF_DONE",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it. `noticed` is what kept it from trading, `entries` how many the exchange got while it lasted;
    `kept` are ways of nonsense found in the exchange's log, `warned` its own log's lines that call it so.
    """

    noticed: str
    answers: int
    entries: int
    kept: tuple[str, ...]
    warned: int
    end: str
    found: Reckoning

    @property
    def holds(self) -> bool:
        told = bool(self.noticed) and bool(self.kept) and self.warned > 0
        safe = self.entries == 0 and self.found.longest_naked_s < UNPROTECTED_S and not self.found.violations
        return told and safe and self.answers > 0


def endure(folder: Path, way: str, seconds: float) -> Shown:
    """From a protected position on every answer to the account is nonsense, so long after it was noticed; then sense.

    An empty `way` is each in turn.
    """
    stage = ProofStage(folder, "restless")
    try:
        stage.start()
        wait_for(lambda: not stage.unwell() and stage.view().stop_price is not None, START_LIMIT_S, "a position")
        stage.ask_exchange("POST", "faults", {"kind": "nonsense", "account": ACCOUNT, "count": None, "way": way})
        wait_for(lambda: bool(_noticed(stage)), NOTICED_S, "that it is noticed")
        noticed, since_ns = _noticed(stage), time.time_ns() + ON_ITS_WAY_NS
        time.sleep(seconds)
        until_ns = time.time_ns()
        stage.ask_exchange("DELETE", "faults")
        _end_of(stage)
        stage.ask_exchange("POST", "pause", {})
        time.sleep(REST_S)
        end, entries = _end_of(stage), _entries(stage, since_ns, until_ns)
        answers = len(stage.ask_exchange("GET", f"truth?limit=100000&kind=fault&account={ACCOUNT}")["records"])
        return Shown(noticed, answers, entries, tuple(_kept(stage)), _warned(stage), end, reckon(stage))
    finally:
        stage.tear_down()


def _noticed(stage: ProofStage) -> str:
    """What an operator is shown by `predator status`; empty while nothing is."""
    view = stage.view()
    if view.breaker != "GREEN":
        return f"breaker {view.breaker}: {view.breaker_cause}"
    return "" if view.reconciliation == "HEALTHY" else f"reconciliation {view.reconciliation}"


def _end_of(stage: ProofStage) -> str:
    def is_trading() -> bool:
        return not stage.unwell() and not _noticed(stage)

    wait_for(lambda: is_trading() or stage.view().breaker == "RED", HEALTHY_LIMIT_S, "trading or halted")
    return "trading" if is_trading() else _noticed(stage)


def _entries(stage: ProofStage, since_ns: int, until_ns: int) -> int:
    return sum(
        one["kind"] == "order.received" and "-E" in one["client_order_id"] and since_ns < one["wall_ns"] < until_ns
        for one in stage.truth()
    )


def _kept(stage: ProofStage) -> Iterator[str]:
    text = _logged(stage, "*-exchange.log")
    return (way for way in WAYS if MARKS[way] in text)


def _warned(stage: ProofStage) -> int:
    return _logged(stage, "reconciler.log").count("nonsense: ")


def _logged(stage: ProofStage, names: str) -> str:
    folder = stage.home / "logs" / INSTANCE
    return "".join(file.read_text(encoding="utf-8") for file in folder.glob(names))
