"""The gate: the last word before an order leaves, given what can be seen at that moment without asking anybody.

Orders that reduce risk pass even under panic and without a guard: closing and stops stay allowed, always. Only a newer
holder of the same instrument (a higher fencing epoch) shuts the gate for good: then another process owns the position.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.order import OrderPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the scoreboard and the latches show. A value that cannot be read is given as the worst one."""

    is_panicked: bool
    guard_lease_left_ns: int
    instrument_lease_left_ns: int
    budget_left: bool
    is_fenced: bool = False


BROKE = "budget: no request budget left; an order needs its cost"


def check(purpose: OrderPurpose, glance: Glance) -> str | None:
    """Why this order may not leave, as RULE: what was found; what is needed. None when it may."""
    if glance.is_fenced:
        return "fenced: a newer holder trades this instrument; only the newest may"
    if not glance.budget_left:
        return BROKE
    return _check_entry(glance) if purpose.opens_position else None


def _check_entry(glance: Glance) -> str | None:
    if glance.is_panicked:
        return "panic: it is latched; entries need it released by a person"
    if glance.guard_lease_left_ns <= 0:
        return "guard: no guard is watching; entries need one whose lease runs"
    if glance.instrument_lease_left_ns <= 0:
        return "lease: the instrument is not leased to this instance; entries need a lease that runs"
    return None
