"""Ports every tree has: the scoreboard, the panic latch, and a look at the launcher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from loguru import logger

from actors.shell.latch import GLOBAL, as_felt, clear_latch, clear_seen, latch_file, raise_latch, read_latch
from actors.shell.processes import ProcessId
from actors.shell.scoreboard import ScoreboardReader, ScoreboardWriter
from actors.shell.tree import Tree
from actors.spec import instance_panic_latch
from engine.errors import InvariantViolated, StoreError
from engine.messages.account import CheckLauncher, LatchFailed, LatchRaised, LauncherSeen, RaiseLatch
from engine.messages.base import Message
from engine.messages.control import (
    CheckIntegrity,
    ClearPanicLatch,
    HeartbeatsRead,
    HoldGuardLease,
    IntegrityChecked,
    LatchesRead,
    ReadHeartbeats,
    ReadLatches,
)

ReadStore = Callable[[], tuple[int, bytes]]


class ScoreboardPort:
    """`read_store` gives sequence and digest of the view in the journal, computed anew from its bytes."""

    def __init__(self, tree: Tree, writer: ScoreboardWriter, read_store: ReadStore | None = None) -> None:
        self._tree = tree
        self._reader = ScoreboardReader(tree.scoreboard_file)
        self._writer = writer
        self._read_store = read_store

    def perform(self, call: Message) -> Message | None:
        match call:
            case HoldGuardLease(valid_for_ns=valid_for_ns):
                self._writer.hold_guard_lease(valid_for_ns)
                return None
            case ReadHeartbeats():
                return HeartbeatsRead(ages_ns=self._ages())
            case CheckIntegrity():
                return self._integrity()
            case ReadLatches():
                return self._latches()
            case ClearPanicLatch(seen_at_ns=seen_at_ns):
                self._clear(instance_panic_latch(self._tree.home, self._tree.name), seen_at_ns)
                return None
            case _:
                raise InvariantViolated(f"the scoreboard knows no {call!r}")

    def _clear(self, latch: Path, seen_at_ns: int | None) -> None:
        if seen_at_ns is None:
            clear_latch(latch)
        elif not clear_seen(latch, seen_at_ns):
            logger.warning("panicked again since the person who resets looked; the newer panic holds")

    def _ages(self) -> tuple[tuple[str, int], ...]:
        return tuple((role, cell.age_ns) for role, cell in self._reader.read().items())

    def _latches(self) -> LatchesRead:
        """An instance without an account (a backtest) does not feel the global latch."""
        spec = self._tree.spec
        felt = (GLOBAL, self._tree.name) if spec is None or spec.account else (self._tree.name,)
        return as_felt({scope: read_latch(latch_file(self._tree.home, scope)) for scope in felt})

    def _integrity(self) -> IntegrityChecked:
        executor = self._reader.read_role("executor")
        store_sequence, store_digest = self._read_store() if self._read_store else (0, b"")
        return IntegrityChecked(
            engine_sequence=executor.sequence if executor else 0,
            engine_digest=executor.digest if executor else b"",
            store_sequence=store_sequence,
            store_digest=store_digest,
            ages_ns=self._ages(),
        )


class LauncherPort:
    """Is the process that started this tree still there?"""

    def __init__(self, launcher: ProcessId) -> None:
        self._launcher = launcher

    def perform(self, call: Message) -> Message:
        assert isinstance(call, CheckLauncher), call
        return LauncherSeen(is_alive=self._launcher.is_running)


class LatchPort:
    """Raises panic latches on disk."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def perform(self, call: Message) -> Message:
        assert isinstance(call, RaiseLatch), call
        latch = latch_file(self._home, call.scope)
        try:
            if not call.is_reminder or read_latch(latch) is None:
                raise_latch(latch, call.reason, flatten=call.flatten)
        except StoreError as error:
            return LatchFailed(scope=call.scope, reason=call.reason, flatten=call.flatten, text=str(error))
        return LatchRaised(scope=call.scope, reason=call.reason, flatten=call.flatten)
