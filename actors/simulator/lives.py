"""Lives: one life of one actor, with what its process would hold; all of it is gone when it dies."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from actors.shell.budget_keeper import BudgetKeeper
from actors.shell.lease_keeper import LeaseKeeper
from engine.budget import Payment
from engine.machine import Machine, Publish, WakeAt
from engine.messages.base import Message

HEARTBEAT_NS = 100_000_000
EXCHANGE = "simulated"  # all accounts are there, and everybody reaches it from one address


@dataclass(slots=True, kw_only=True, eq=False)
class Life:
    """`clock_ahead_ns` is its wall clock less virtual time; `alarms`: label -> the newest wish, None once it came due.

    `inbox` is what came while it hangs.
    """

    role: str
    generation: int
    machine: Machine[Any]
    leases: LeaseKeeper
    keeper: BudgetKeeper | None = None
    state: Any = None
    clock_ahead_ns: int = 0
    hangs_until_ns: int = 0
    is_alive: bool = True
    alarms: dict[str, WakeAt | None] = field(default_factory=dict)
    streams: set[str] = field(default_factory=set)
    follow_ups: collections.deque[Message] = field(default_factory=collections.deque)
    inbox: collections.deque[Message] = field(default_factory=collections.deque)


@dataclass(slots=True)
class SimulatedPurse:
    """What a role paid out of its reserve; it outlives every life of it."""

    paid: tuple[Payment, ...] = ()

    def left_behind(self, now_ns: int) -> tuple[Payment, ...]:
        return self.paid

    def keep(self, paid: Iterable[Payment], now_ns: int) -> None:
        self.paid = tuple(paid)


@dataclass(slots=True, kw_only=True)
class Cell:
    """What the scoreboard shows of a role. It outlives the life that wrote it."""

    life: Life
    left_at_ns: int | None = None
    published: Publish = field(default_factory=lambda: Publish(phase="STARTING"))
    lease_until_ns: int = 0


def hang(cell: Cell, now_ns: int, until_ns: int) -> None:
    """The life stands still from now on."""
    cell.life.hangs_until_ns = max(cell.life.hangs_until_ns, until_ns)
    cell.left_at_ns = now_ns if cell.left_at_ns is None else cell.left_at_ns


def go_on(cell: Cell) -> None:
    """It beats again."""
    if cell.life.is_alive:
        cell.left_at_ns = None
