"""Deliberate bugs are found: the laws would speak if the code were wrong. The whole table: runbooks/simulation.md.

Here a few of them, those that show in the first worlds; all by `python -m tests.simulation.defects`.
"""

from __future__ import annotations

import pytest

from tests.simulation.defects import DEFECTS, hunt

MOST_WORLDS = 12
QUICK = {
    "resend on time-out": "sent once",
    "one 'not found' is enough": "no is the exchange's word",
    "take fills twice": "stop for what was filled",
    "no resolution of unknown orders": "never stuck",
    "cancel the old stop first": "no gap between stops",
    "never a stop": "never naked",
    "clear RED on restart": "engine is store",
    "ignore the panic latch": "panic is felt",
    "restart once only": "never stuck",
    "reconciler blind to money": "disasters halt",
}


@pytest.mark.parametrize("name", QUICK)
def test_a_deliberate_bug_is_found_by_the_law_it_breaks(name: str) -> None:
    caught = hunt(name, MOST_WORLDS)

    assert caught.law, f"{name!r} was not found in {caught.seeds} worlds: a law is missing"


def test_there_are_enough_bugs_to_trust_the_laws() -> None:
    assert len(DEFECTS) >= 25
    assert QUICK.keys() <= DEFECTS.keys()
