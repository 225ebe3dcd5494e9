"""Breaker: GREEN trades, YELLOW waits with entries, RED halts. RED stands until a person resets it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How far the instance trusts itself."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


SEVERITY = {Level.GREEN: 0, Level.YELLOW: 1, Level.RED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Its level and what raised it."""

    level: Level = Level.GREEN
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One reason to leave GREEN."""

    level: Level
    cause: str
    text: str


def tripped(breaker: Breaker, level: Level, cause: str) -> Breaker:
    """After a cause of `level`: never lower than it was, and the first cause of a level is kept."""
    return Breaker(level=level, cause=cause) if SEVERITY[level] > SEVERITY[breaker.level] else breaker


def eased(breaker: Breaker) -> Breaker:
    """YELLOW's cause is over. RED stays RED."""
    return breaker if breaker.level is Level.RED else Breaker()


def reset() -> Breaker:
    """A person reviewed. The caller has journaled who and why."""
    return Breaker()
