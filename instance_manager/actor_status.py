"""What an operator is shown of one actor: from its place on the scoreboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actors.shell.scoreboard import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorStatus:
    """One actor. `pid` is None when its process does not live; the last three are empty when nothing is amiss."""

    role: str
    pid: int | None
    restarts: int
    phase: str
    heartbeat_age_ms: int | None
    inbox: Mapping[str, object]
    services: Mapping[str, object]
    undelivered: Mapping[str, object]


def actors_of(cells: Mapping[str, Cell], running: set[int]) -> tuple[ActorStatus, ...]:
    """All that have a place on the scoreboard; `running` are the processes that live."""
    return tuple(_actor(cell, is_alive=cell.pid in running) for cell in cells.values())


def _actor(cell: Cell, *, is_alive: bool) -> ActorStatus:
    return ActorStatus(
        role=cell.role,
        pid=cell.pid if is_alive else None,
        restarts=max(0, cell.generation - 1),
        phase=cell.phase if is_alive else "GONE",
        heartbeat_age_ms=cell.age_ns // 1_000_000 if is_alive else None,
        inbox=_beside(cell, "inbox") if is_alive else {},
        services=_beside(cell, "services") if is_alive else {},
        undelivered=_beside(cell, "undelivered") if is_alive else {},
    )


def _beside(cell: Cell, name: str) -> Mapping[str, object]:
    """What it, or its shell, shows under this name, if anything."""
    shown = cell.extra.get(name)
    return shown if isinstance(shown, Mapping) else {}
