"""What a supervisor knows of its children, and by which limits it judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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
    intensity: int = 5
    first_starts: int = 3  # a role that never ran will not be mended by many more tries
    intensity_window_ns: int = 30 * SECOND
    backoff_ns: int = 100 * MS  # before the second restart, then doubled
    stop_limit_ns: int = 2 * SECOND  # per role
    kill_limit_ns: int = 2 * SECOND  # SIGKILL needs no time; a lost notice of the end must not hold the restart
    escalates_to_panic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One role. `since_ns` is when its `life` began, `deaths` when it died lately."""

    generation: int = 0
    pid: int = 0
    life: Life = Life.WAITING
    since_ns: int = 0
    deaths: tuple[int, ...] = ()
    has_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`ending` is why the tree ends; None while it does not. `untold` are news for an executor that is not there."""

    children: Mapping[str, Child]
    ending: str | None = None
    untold: tuple[ActorChanged, ...] = ()
