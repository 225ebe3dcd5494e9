"""What the gate sees: latches, guard lease, instrument lease and fencing, read from memory and small files now."""

from __future__ import annotations

import os
import time
from pathlib import Path

from actors.shell.latch import is_latched
from actors.shell.lease_keeper import LeaseKeeper
from actors.shell.memory_file import MemoryFile
from actors.shell.scoreboard import ScoreboardReader
from actors.shell.tree import Tree, leases_file
from engine.errors import StoreError
from engine.messages.account import InstrumentLease, LeasesHeld
from engine.safety.gate import Glance


class Gatekeeper:
    """Of one process. What cannot be read is given as the worst value, except that only evidence fences."""

    def __init__(self, tree: Tree, leases: LeaseKeeper) -> None:
        self._tree = tree
        self._leases = leases
        self._scoreboard = ScoreboardReader(tree.scoreboard_file)
        self._fence = Fence(leases_file(tree.home), tree.name)

    def glance(self, budget_left: bool) -> Glance:
        return Glance(
            is_panicked=is_latched(self._tree.home, self._tree.name),
            guard_lease_left_ns=self._scoreboard.guard_lease_left_ns(),
            instrument_lease_left_ns=self._leases.left_ns(),
            budget_left=budget_left,
            is_fenced=self._fence.is_down(self._leases),
        )


class Fence:
    """The table of leases on disk, read again only when the file changed."""

    def __init__(self, path: Path, instance: str) -> None:
        self._path = path
        self._file = MemoryFile(path, LeasesHeld)
        self._instance = instance
        self._stamp: tuple[int, int] | None = None
        self._held: tuple[InstrumentLease, ...] = ()

    def is_down(self, mine: LeaseKeeper) -> bool:
        """Whether the table says that somebody newer holds our instrument."""
        if mine.wanted is None:
            return False
        self._refresh()
        account, symbol = mine.wanted.account, mine.wanted.symbol
        held = [lease for lease in self._held if (lease.account, lease.symbol) == (account, symbol)]
        return any(overtakes(lease, self._instance, mine.epoch, time.time_ns()) for lease in held)

    def _refresh(self) -> None:
        try:
            status = os.stat(self._path)
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._held = tuple(lease for _, table in self._file.read() for lease in _leases_of(table))
                self._stamp = stamp
        except (OSError, StoreError):
            self._stamp = None  # no evidence; the lease itself runs out by time


def overtakes(lease: InstrumentLease, instance: str, epoch: int, now_ns: int) -> bool:
    """Somebody else's greater epoch; before `instance` has one itself, only while his lease runs."""
    if lease.instance == instance or lease.epoch <= epoch:
        return False
    return epoch > 0 or now_ns < lease.expires_at_ns


def _leases_of(table: object) -> tuple[InstrumentLease, ...]:
    return table.leases if isinstance(table, LeasesHeld) else ()
