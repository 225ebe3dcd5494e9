"""A supervisor's children: their addresses, pids and generations.

The kernel tells of a death through a descriptor of its own for each child. `ChildActorExited` alone would not do: of
two children that die within some milliseconds Thespian may forget the second (while it handles the first notice, it
takes every dead child off its list without a word). The descriptor is the fast way, the notice the fallback.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from dataclasses import dataclass
from typing import Any

from loguru import logger
from thespian.actors import Actor

from actors.shell.envelope import Boot
from actors.shell.processes import ProcessId, children_of, end_all, process_id, record, recorded
from actors.shell.roster_names import class_of
from actors.shell.tree import Tree


@dataclass(slots=True, kw_only=True)
class Child:
    """One life of a role."""

    role: str
    generation: int
    address: Any
    pid: int
    fd: int  # readable once the process is dead; -1 where the kernel has no such descriptor

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _open(pid: int) -> int:
    if sys.platform == "linux" and pid:
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return -1


class Children:
    """Spawns, kills and forgets. Only from the actor's main thread."""

    def __init__(self, actor: Actor, tree: Tree, boot: Boot) -> None:
        self._actor = actor
        self._tree = tree
        self._boot = boot
        self._living: list[Child] = []

    def spawn(self, role: str, generation: int) -> None:
        """Fork the child and tell it who it is. Its pid is known, and on disk, before it does anything."""
        before = set(children_of(os.getpid()))
        address = self._actor.createActor(class_of(role))
        new = [pid for pid in children_of(os.getpid()) if pid not in before]
        pid = new[0] if new else 0
        record(self._tree.run_folder, process_id(pid, role))
        self._living.append(Child(role=role, generation=generation, address=address, pid=pid, fd=_open(pid)))
        boot = Boot(
            tree_file=self._boot.tree_file,
            role=role,
            generation=generation,
            launcher_pid=self._boot.launcher_pid,
            launcher_started=self._boot.launcher_started,
        )
        self._actor.send(address, boot)

    def learn(self, role: str, generation: int, pid: int) -> None:
        """What it says of itself, where the kernel did not say: not every one lists children."""
        for child in self._of(role, generation):
            if not child.pid:
                child.pid, child.fd = pid, _open(pid)
                record(self._tree.run_folder, process_id(pid, role))

    def kill(self, role: str, generation: int) -> None:
        """SIGKILL; that it died is noticed as any death is."""
        for child in self._of(role, generation):
            for pid in [child.pid] if child.pid else self._strangers():
                logger.warning("kills {} (generation {}, pid {})", role, generation, pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _of(self, role: str, generation: int) -> list[Child]:
        return [child for child in self._living if (child.role, child.generation) == (role, generation)]

    def _strangers(self) -> list[int]:
        """Processes of ours that are no child we know: one whose pid was never learned must be among them. It would act
        beside its replacement."""
        known = {child.pid for child in self._living}
        return [pid for pid in children_of(os.getpid()) if pid not in known]

    def leave_nothing(self) -> None:
        """At the end of a tree whose launcher is gone: nobody else would end Thespian's own processes.

        Our parent comes last, for the kernel ends us with it.
        """
        if ProcessId(self._boot.launcher_pid, self._boot.launcher_started).is_running:
            return
        mine = recorded(self._tree.run_folder)
        end_all(process for process in mine if process.pid != os.getppid())
        end_all(process for process in mine if process.pid == os.getppid())

    def forget(self, address: Any) -> Child | None:
        """The child that had `address`; None at a second notice of the same end."""
        for child in self._living:
            if child.address == address:
                self._remove(child)
                return child
        return None

    def take_dead(self) -> list[Child]:
        """Those that died since, each once."""
        readable = set(select.select(self.filenos(), [], [], 0)[0])
        dead = [child for child in self._living if child.fd in readable]
        for child in dead:
            self._remove(child)
        return dead

    def filenos(self) -> list[int]:
        """Descriptors whose readability means `take_dead`."""
        return [child.fd for child in self._living if child.fd >= 0]

    def _remove(self, child: Child) -> None:
        self._living.remove(child)
        child.close()

    def address_of(self, role: str) -> Any | None:
        """Where the newest life of `role` can be reached."""
        return next((child.address for child in reversed(self._living) if child.role == role), None)
