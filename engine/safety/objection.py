"""Objection: why an order may not pass: what was found, and the limit it breaks. Both are always said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

PERCENT = Decimal(100)
MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """`value` is what was found, `limit` what would have passed, both in words a person reads in the journal."""

    value: str
    limit: str

    def __str__(self) -> str:
        return f"{self.value}; {self.limit}"


def needs(value: str, limit: str, is_met: bool) -> Objection | None:
    """What is found does not do."""
    return None if is_met else Objection(value=value, limit=limit)


def above(what: str, value: Decimal | int, limit: Decimal | int) -> Objection | None:
    """`value` is more than `limit`."""
    return needs(f"{what} {value}", f"the limit is {limit}", value <= limit)


def reached(count: int, most: int, what: str) -> Objection | None:
    """There are as many as there may be."""
    return needs(f"{count} {what}", f"the limit is {most}", count < most)


def share(what: str, value: Decimal, limit: Decimal) -> Objection:
    """A share of something, against the one allowed."""
    return Objection(value=f"{what} {percent(value)}", limit=f"the limit is {percent(limit)}")


def too_old(what: str, at_ns: int | None, limit_ms: int, now_ns: int) -> Objection | None:
    """It was seen longer ago than `limit_ms`, or never."""
    limit = f"the limit is {limit_ms} ms"
    if at_ns is None:
        return Objection(value=f"{what} was never seen", limit=limit)
    age_ms = (now_ns - at_ns) // MS
    return needs(f"{what} is {age_ms} ms old", limit, age_ms <= limit_ms)


def percent(share: Decimal) -> str:
    """Four digits behind the point, as far as they say something: what is barely above a limit must look so."""
    return f"{share * PERCENT:.4f}".rstrip("0").rstrip(".") + " %"
