"""Deliberate bugs are found: the laws would speak if the code were wrong. The whole table: runbooks/simulation.md.

Here a few of them, those that show in the first worlds; all by `python -m tests.simulation.defects`.
"""

from __future__ import annotations

from unittest.mock import patch

import pytest

from engine import plan
from tests.simulation import defects
from tests.simulation.defects import DEFECTS, hunt

MOST_WORLDS = 40
QUICK = (
    "take fills twice",
    "ignore the dedupe of fills",
    "no resolution of unknown orders",
    "cancel the old stop first",
    "the same bar twice",
    "clear RED on restart",
    "ignore the disk",
    "skip the guard lease",
    "ignore the panic latch",
    "restart once only",
    "CRITICAL is no alarm",
    "guard blind to mismatches",
    "enter on the wrong side",
    "twice the size",
    "enter when in doubt",
    "a stop far away",
    "a trail that loosens",
    "profit without fees",
    "the day begins with each life",
    "a view that shows nothing",
    "report the first halt only",
    "halt and tell nobody",
    "lease to nobody",
    "a guard lease for an hour",
    "RED resets itself",
    "spend without a budget",
)


@pytest.mark.parametrize("name", QUICK)
def test_a_deliberate_bug_is_found(name: str) -> None:
    caught = hunt(name, MOST_WORLDS)

    assert caught.law, f"{name!r} was not found in {caught.seeds} worlds: a law is missing"


def test_a_bug_that_fails_by_itself_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    outdated = patch.object(plan, "_older_than_a_resting_one", lambda _: ())  # called with two arguments
    monkeypatch.setattr(defects, "DEFECTS", {"outdated": lambda: (outdated,)})

    with pytest.raises(TypeError):
        hunt("outdated", MOST_WORLDS)


def test_there_are_enough_bugs_to_trust_the_laws() -> None:
    assert len(DEFECTS) >= 40
    assert set(QUICK) <= DEFECTS.keys()
