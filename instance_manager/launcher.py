"""The launcher: one process that holds a tree's lock, starts its actors, watches their root, and leaves nothing behind.

Theory of operation. It adopts orphans (`PR_SET_CHILD_SUBREAPER`), so every process of the tree is and stays below it.
Each second it pings the supervisor and Thespian's admin. When one of them dies or hangs, it kills every recorded
process and starts the tree anew, which recovers from the journal; three times in five minutes, and it latches the
instance's panic and gives up. When the launcher itself is killed, the supervisor notices and ends the tree.
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loguru import logger

from actors.shell.deathsig import adopt_orphans
from actors.shell.envelope import Boot, Booted, Ping, Pong
from actors.shell.latch import latch_file, raise_latch
from actors.shell.outcome import clear_outcome, read_outcome
from actors.shell.processes import (
    ProcessId,
    descendants_of,
    end_all,
    parent_of,
    process_id,
    reap_children,
    record,
    recorded,
    wait_all,
)
from actors.shell.scoreboard import create_scoreboard
from actors.shell.tree import SUPERVISOR, Tree, write_tree
from actors.supervisor import ESCALATED
from actors.wiring import table as wiring
from engine.errors import TradingError
from engine.messages.control import StopInstance
from instance_manager import thespian_door as door
from instance_manager.detached import is_ready
from instance_manager.lock import take_lock, write_card
from instance_manager.service_notify import ALIVE, READY, STOPPING, tell_service_manager

LOOK_S = 0.1
PING_EVERY_S = 1.0
PING_LIMIT_S = 1.0
MISSED_PINGS = 4
BOOT_LIMIT_S = 10.0
STOP_LIMIT_S = 20.0  # a role that hangs takes two seconds, and there are some
RESTARTS = 3
RESTART_WINDOW_S = 300.0


class TreeFailed(TradingError):
    """The tree could not be kept running."""


@dataclass(slots=True, kw_only=True)
class Life:
    """One life of the tree: from the start of its ActorSystem to its end."""

    system: Any
    supervisor: Any
    admin: ProcessId
    root: ProcessId
    missed_pings: int = 0
    admin_missed: int = 0
    pinged_at_s: float = 0.0
    pings: int = 0


class Launcher:
    """Runs one tree in the foreground. `care` is called every second; a text it returns ends the tree."""

    def __init__(self, tree: Tree, care: Callable[[], str | None] = lambda: None) -> None:
        self._tree = tree
        self._care = care
        self._wish: str | None = None
        self._failures: list[float] = []
        self._cared_at_s = 0.0
        self._was_ready = False
        self._ended = ""

    def run(self) -> str:
        """Until the tree ends; why it did. Raises AlreadyRunning, TreeFailed."""
        lock = take_lock(self._tree.run_folder)
        try:
            self._catch_signals()  # first: preparing takes seconds, and whoever stops us then means it
            self._prepare()
            return self._wish or self._live()
        finally:
            self._leave_nothing()
            lock.close()

    # --- before ------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        folder = self._tree.run_folder
        end_all(recorded(folder))  # of a launcher that was killed
        (folder / "processes").unlink(missing_ok=True)
        clear_outcome(folder)
        write_card(folder)
        write_tree(self._tree, self._tree.tree_file)
        door.prepare_environment(self._tree.log_folder)
        adopt_orphans()
        wiring.preload(self._tree)
        gc.collect()
        gc.freeze()  # the collector would touch, and so copy, every page that forked actors share

    def _catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._wish = self._wish or f"asked by {signal.Signals(number).name}"

    # --- during ------------------------------------------------------------------------------------------------------

    def _live(self) -> str:
        while (trouble := self._one_life()) is not None:
            logger.error("{}: {}; the whole tree is started anew", self._tree.name, trouble)
            self._leave_nothing()
            self._count_failure(trouble)
        return self._ended

    def _one_life(self) -> str | None:
        """What went wrong; None when the tree ended as it should, and `_ended` says why."""
        life = self._begin()
        if life is None:
            return "the supervisor did not start"
        try:
            trouble = self._watch(life)
            if trouble is None:
                self._ended = self._end(life)
            return trouble
        finally:
            door.hang_up(life.system)

    def _begin(self) -> Life | None:
        """A new system and its supervisor; None when that did not answer in time."""
        create_scoreboard(self._tree.scoreboard_file, (SUPERVISOR, *self._tree.roles))
        before = set(descendants_of(os.getpid()))
        system, port = door.open_system(self._tree.log_folder)
        for pid in descendants_of(os.getpid()):
            if pid not in before:
                record(self._tree.run_folder, process_id(pid, "thespian"))
        supervisor = system.createActor("actors.shell.roster.Supervisor")
        booted = system.ask(supervisor, self._boot(), BOOT_LIMIT_S)
        if not isinstance(booted, Booted):
            door.hang_up(system)
            return None
        root = process_id(booted.pid, SUPERVISOR)
        record(self._tree.run_folder, root)
        write_card(self._tree.run_folder, admin_port=port, supervisor_port=door.port_of(supervisor))
        return Life(system=system, supervisor=supervisor, admin=process_id(parent_of(root.pid)), root=root)

    def _boot(self) -> Boot:
        me = process_id(os.getpid())
        return Boot(
            tree_file=str(self._tree.tree_file),
            role=SUPERVISOR,
            generation=len(self._failures) + 1,
            launcher_pid=me.pid,
            launcher_started=me.started,
        )

    def _watch(self, life: Life) -> str | None:
        """What went wrong; None when the tree ended, or shall end."""
        while True:
            time.sleep(LOOK_S)
            reap_children()
            if self._wish or read_outcome(self._tree.run_folder) is not None:
                return None
            if not life.root.is_running:
                return "the supervisor died" if read_outcome(self._tree.run_folder) is None else None
            if not life.admin.is_running:
                return "Thespian's admin died"
            if (silent := self._silent(life)) is not None:
                return f"{silent} hangs"
            self._take_care()

    def _silent(self, life: Life) -> str | None:
        """Who missed too many pings in a row, if anybody: the supervisor is asked directly, so both must answer."""
        now_s = time.monotonic()
        if now_s - life.pinged_at_s < PING_EVERY_S:
            return None
        life.pinged_at_s = now_s
        life.pings += 1
        answer = life.system.ask(life.supervisor, Ping(number=life.pings), PING_LIMIT_S)
        life.missed_pings = 0 if isinstance(answer, Pong) else life.missed_pings + 1
        life.admin_missed = 0 if door.admin_answers(life.system, PING_LIMIT_S) else life.admin_missed + 1
        if life.missed_pings >= MISSED_PINGS:
            return "the supervisor"
        return "Thespian's admin" if life.admin_missed >= MISSED_PINGS else None

    def _take_care(self) -> None:
        now_s = time.monotonic()
        if now_s - self._cared_at_s >= 1.0:
            self._cared_at_s = now_s
            self._wish = self._wish or self._care()
            tell_service_manager(ALIVE)
            if not self._was_ready and is_ready(self._tree):
                self._was_ready = True
                tell_service_manager(READY)

    def _count_failure(self, trouble: str) -> None:
        now_s = time.monotonic()
        self._failures = [at for at in self._failures if now_s - at < RESTART_WINDOW_S] + [now_s]
        if len(self._failures) >= RESTARTS:
            reason = f"{ESCALATED}the tree failed {RESTARTS} times in {RESTART_WINDOW_S:.0f} s, at last: {trouble}"
            if self._tree.spec is not None:
                raise_latch(latch_file(self._tree.home, self._tree.name), reason)
            raise TreeFailed(reason)

    # --- after -------------------------------------------------------------------------------------------------------

    def _end(self, life: Life) -> str:
        """Ask the supervisor to end everything in order, and wait for it in bounded time."""
        tell_service_manager(STOPPING)
        reason = self._wish or "ended"
        if read_outcome(self._tree.run_folder) is None:
            command = StopInstance(reason=reason)
            door.ask_actor(life.system, life.supervisor, SUPERVISOR, command, PING_LIMIT_S * 2)
        wait_all([life.root], STOP_LIMIT_S)
        return read_outcome(self._tree.run_folder) or f"{reason}, and it had to be killed"

    def _leave_nothing(self) -> None:
        left = end_all(recorded(self._tree.run_folder))
        reap_children()
        if left:
            logger.critical("these processes cannot be killed: {}", left)
