"""Service breaker: a reading that keeps failing rests for a while, then one attempt decides. Orders never wait for it.

CLOSED asks; after some failures in a row it is OPEN and nothing is asked; after a pause it is HALF_OPEN and one attempt
is let through: its answer closes the breaker, its failure opens it for twice as long, up to a limit. Unlike the
instance's breaker (`engine.safety.breaker`) it heals by itself: it protects the exchange and our budget, not the money.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.frozen import replace

MS = 1_000_000
MOST_DOUBLINGS = 16


class Phase(StrEnum):
    """Whether the service is asked."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """When it opens and for how long. The longest pause is below the age at which a reconciliation is too old."""

    most_failures: int = 5
    first_pause_ms: int = 500
    longest_pause_ms: int = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBreaker:
    """Of one service. `openings` counts those in a row, which lengthen the pause."""

    phase: Phase = Phase.CLOSED
    failures: int = 0
    openings: int = 0
    opened_at_ns: int = 0


def pause_ms(breaker: ServiceBreaker, rest: Rest) -> int:
    """How long this opening lasts."""
    doublings = min(max(0, breaker.openings - 1), MOST_DOUBLINGS)
    return min(rest.first_pause_ms << doublings, rest.longest_pause_ms)


def asked(breaker: ServiceBreaker, rest: Rest, now_ns: int) -> ServiceBreaker | None:
    """The breaker after one more attempt was let through; None when it may not be made."""
    if breaker.phase is Phase.CLOSED:
        return breaker
    is_over = now_ns - breaker.opened_at_ns >= pause_ms(breaker, rest) * MS
    # an attempt whose outcome nobody heard of must not close the service for ever: after another pause the next may go
    return replace(breaker, phase=Phase.HALF_OPEN, opened_at_ns=now_ns) if is_over else None


def answered() -> ServiceBreaker:
    """It works."""
    return ServiceBreaker()


def failed(breaker: ServiceBreaker, rest: Rest, now_ns: int) -> ServiceBreaker:
    """After one more failure."""
    failures = breaker.failures + 1
    if breaker.phase is Phase.CLOSED and failures < rest.most_failures:
        return replace(breaker, failures=failures)
    return ServiceBreaker(phase=Phase.OPEN, failures=failures, openings=breaker.openings + 1, opened_at_ns=now_ns)
