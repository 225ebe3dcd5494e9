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


def check(purpose: OrderPurpose, glance: Glance) -> str | None:
    """Why this order may not leave; None when it may."""
    if glance.is_fenced:
        return "fenced: a newer holder trades this instrument"
    if not glance.budget_left:
        return "no request budget left"
    return _check_entry(glance) if purpose.opens_position else None


def _check_entry(glance: Glance) -> str | None:
    if glance.is_panicked:
        return "panic is latched"
    if glance.guard_lease_left_ns <= 0:
        return "no guard is watching"
    if glance.instrument_lease_left_ns <= 0:
        return "the instrument is not leased to this instance"
    return None
