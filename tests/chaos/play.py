"""The play: harm, wait until healthy, harm again; at the end everything is compared with the exchange's truth."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from adapters.journal.reader import JournalReader
from tests.chaos.harm import Harm
from tests.chaos.stage import Stage
from tests.chaos.truth import Reckoning, reckon

HEALTHY_LIMIT_S = 45.0
LOOK_S = 0.02
SLOW_S = 8.0  # worth a look, though no violation
SETTLED_S = 4.0  # an order on its way is through, and its stop rests


@dataclass(slots=True)
class Outcome:
    """How it went."""

    seed: int
    seconds: float = 0.0
    harms: Counter[str] = field(default_factory=Counter)
    healthy_after_s: list[float] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)
    reports: int = 0
    violations: list[str] = field(default_factory=list)
    reckoning: Reckoning | None = None


def perform(folder: Path, seconds: float, seed: int, tell: Callable[[str], None]) -> Outcome:
    """Chaos for about `seconds`; nothing runs afterwards."""
    outcome, stage = Outcome(seed), Stage(folder)
    try:
        stage.start()
        _until_healthy(stage, outcome, "start")
        _harm_for(stage, seconds, outcome, tell)
        stage.ask_exchange("DELETE", "faults")
        _come_to_rest(stage, outcome)
        outcome.reckoning = reckon(stage)
        outcome.violations += outcome.reckoning.violations
    finally:
        left = stage.tear_down()
        outcome.violations += [f"process {pid} was left" for pid in left]
    return outcome


def _harm_for(stage: Stage, seconds: float, outcome: Outcome, tell: Callable[[str], None]) -> None:
    harm, began = Harm(stage, outcome.seed), time.monotonic()
    while time.monotonic() - began < seconds and not outcome.violations:
        what = harm.strike()
        outcome.harms[what.split(" ")[0].rstrip(":")] += 1
        if harm.random.random() < 0.25:
            what = f"{what}, then {harm.strike()}"
        took = _until_healthy(stage, outcome, what)
        tell(f"{time.monotonic() - began:6.1f} s  {what}: healthy after {took:.2f} s")
        time.sleep(harm.random.uniform(0.5, 5.0))
    outcome.seconds = time.monotonic() - began


def _until_healthy(stage: Stage, outcome: Outcome, what: str) -> float:
    began, troubles = time.monotonic(), dict[str, float]()
    while trouble := stage.unwell():
        troubles.setdefault(trouble, time.monotonic() - began)
        if stage.is_halted():
            _as_a_person_would(stage, outcome)
        if time.monotonic() - began > HEALTHY_LIMIT_S:
            outcome.violations.append(f"not healthy {HEALTHY_LIMIT_S:.0f} s after {what}: {trouble}; {_cause(stage)}")
            break
        time.sleep(LOOK_S)
    took = time.monotonic() - began
    if any(word in what for word in ("kill", "stop", "starve")):
        outcome.healthy_after_s.append(took)
    if took > SLOW_S:
        outcome.slow.append(f"{what}: {took:.1f} s: {', '.join(f'{at:.1f} s {one}' for one, at in troubles.items())}")
    return took


def _as_a_person_would(stage: Stage, outcome: Outcome) -> None:
    """Halted, as it should when it must doubt: somebody reads the report and, the cause being gone, resets. Without a
    report, or when the cause remains, it stays halted, which is a violation.
    """
    reports = stage.reports()
    if len(reports) > outcome.reports and stage.reset(f"read {reports[-1].name}"):
        outcome.reports = len(reports)
        outcome.resets.append(reports[-1].stem.partition("-")[2])


def _cause(stage: Stage) -> str:
    with JournalReader(stage.journal_file) as journal:
        view = journal.view()
    return f"breaker {view.breaker} {view.breaker_cause}, reconciliation {view.reconciliation}" if view else "no view"


def _come_to_rest(stage: Stage, outcome: Outcome) -> None:
    """The market stands still; what is on its way arrives."""
    stage.ask_exchange("POST", "pause", {})
    time.sleep(SETTLED_S)
    _until_healthy(stage, outcome, "the market stands still")
