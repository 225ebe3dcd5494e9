"""The five sections: S1 signal, O1 cancellation, Z1 entry, ZE1 close, E1 emergency exit, as one small machine.

A play says when something is going on (S1), when that is off again (O1), and when to enter while it stands (Z1). The
machine knows bars only, never fills, so it is the same in every mode; what a position's state is (`section_state`)
follows from what is really held. An entry uses the signal up: the next entry needs S1 again.

    INACTIVE           warming up
    MONITORING         waits for S1
    SIGNAL_DETECTED    S1 came; waits for Z1, until O1 or the signal lapses
    ENTRY              Z1 came: the entry is ordered
    POSITION_ACTIVE    held; waits for ZE1 or E1
    EXITING            ZE1 or E1 came: the exit is ordered
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any

from engine.compiled import compile_with

NAMES = ("S1", "O1", "Z1", "ZE1", "E1")
# a signal that never lapses
FOR_EVER = 1 << 60


class SectionState(StrEnum):
    """Where a play of five sections stands."""

    INACTIVE = "INACTIVE"
    MONITORING = "MONITORING"
    SIGNAL_DETECTED = "SIGNAL_DETECTED"
    ENTRY = "ENTRY"
    POSITION_ACTIVE = "POSITION_ACTIVE"
    EXITING = "EXITING"


def section_state(*, is_warm: bool, is_armed: bool, has_position: bool, enters: bool, exits: bool) -> SectionState:
    """The state after a bar: what is held counts before what is wanted."""
    if not is_warm:
        return SectionState.INACTIVE
    if has_position:
        return SectionState.EXITING if exits else SectionState.POSITION_ACTIVE
    if enters:
        return SectionState.ENTRY
    return SectionState.SIGNAL_DETECTED if is_armed else SectionState.MONITORING


# --- plain numbers: run as they stand bar by bar, compiled over arrays -----------------------------------------------


def section_step(
    armed: int, signal: bool, cancel: bool, enter: bool, leave: bool, emergency: bool, lapse: int
) -> tuple[int, bool, bool]:
    """(bars the signal still stands, enter?, exit?) after one bar. `lapse` is how many bars a signal stands."""
    armed = max(0, armed - 1)
    if signal:
        armed = lapse
    if cancel:
        armed = 0
    leaves = leave or emergency
    if enter and armed > 0 and not leaves:
        return 0, True, leaves
    return armed, False, leaves


def section_walk(rules: Any, lapse: int, bits: Any, intents: Any, start: int) -> None:
    """`section_step` over arrays: `rules` are the five conditions by bar, `bits` those of an entry and an exit."""
    armed = 0
    for bar in range(start, len(intents)):
        armed, enters, leaves = section_step(
            armed, rules[0, bar], rules[1, bar], rules[2, bar], rules[3, bar], rules[4, bar], lapse
        )
        intents[bar] = bits[0] * enters + bits[1] * leaves


@cache
def compiled_section_walk() -> Any:
    return compile_with(section_walk, (section_step,))
