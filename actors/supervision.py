"""What a supervisor knows of its children, and by which limits it judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.messages.account import RaiseLatch
from engine.messages.events import ActorChanged

MS = 1_000_000
SECOND = 1_000 * MS


class Life(StrEnum):
    """Where a role stands."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    DYING = "dying"
    KILLED = "killed"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """Limits, each with its reason."""

    roles: tuple[str, ...]
    instance: str
    tick_ns: int = 200 * MS
    hang_ns: int = 3 * SECOND  # a handler takes milliseconds; a busy machine may delay it by a second
    boot_limit_ns: int = 30 * SECOND  # importing and connecting on a cold, busy machine; one that beats may take longer
    attempts: int = 3  # to recover a role that died, or to start one at all: then a person must look
    intensities: tuple[tuple[int, int], ...] = ((5, 30 * SECOND), (15, 300 * SECOND))  # deaths borne within a time
    backoff_ns: int = 100 * MS  # before the second restart, then doubled
    stop_limit_ns: int = 2 * SECOND  # per role
    kill_limit_ns: int = 2 * SECOND  # SIGKILL needs no time; a lost notice of the end must not hold the restart
    latch_limit_ns: int = 10 * SECOND  # a disk that refuses the panic latch does not hold the end for ever
    escalates_to_panic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One role. `since_ns` is when its `life` began, `deaths` when it died lately, `attempts` how often it was started
    since it ran last: a life that ends before it has started (its journal folded) was an attempt that failed.
    """

    generation: int = 0
    pid: int = 0
    life: Life = Life.WAITING
    since_ns: int = 0
    deaths: tuple[int, ...] = ()
    attempts: int = 0
    has_run: bool = False

    def deaths_within(self, window_ns: int, now_ns: int) -> int:
        return sum(now_ns - at < window_ns for at in self.deaths)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`ending` is why the tree ends; None while it does not. `untold` are news for an executor that is not there.

    `unlatched` is the panic not known to be on disk yet; until `latch_until_ns` the tree does not end without it.
    """

    children: Mapping[str, Child]
    ending: str | None = None
    untold: tuple[ActorChanged, ...] = ()
    unlatched: RaiseLatch | None = None
    latch_until_ns: int = 0


def hopeless(rules: Supervision, child: Child, now_ns: int) -> str:
    """Why another start would not help; empty while one may."""
    if child.attempts >= rules.attempts:
        return f"died {child.attempts} times before it {'was recovered' if child.has_run else 'ran'}"
    for borne, window_ns in rules.intensities:
        if child.deaths_within(window_ns, now_ns) > borne:
            return f"died {borne + 1} times in {window_ns // SECOND} s"
    return ""
