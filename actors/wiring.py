"""Wiring: which machine and which ports stand for a role. By the names in a spec's cast and ports, never by mode.

A name is one of ours (`_MACHINES`, `_PORTS`), or `module:function` for a machine or port from elsewhere. A machine's
function takes a `Place` and returns a `Part`; a port's takes a `Place` and returns a function that makes the port.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from actors.account import account_supervisor
from actors.envelope import Boot
from actors.leases import Leases
from actors.memory_file import MemoryFile
from actors.own_ports import LatchPort, LauncherPort, ScoreboardPort
from actors.panic import Panic
from actors.part import Part
from actors.place import Place
from actors.processes import ProcessId
from actors.rate_limiter import RateLimiter
from actors.scoreboard import ScoreboardWriter
from actors.supervisor import Supervision, Supervisor
from actors.tree import ACCOUNT_ROLES, SUPERVISOR, Tree, leases_file, spending_file
from adapters.log import start_logging
from engine.errors import ConfigurationError
from engine.messages.account import LeasesHeld, SpendingNoted

MakePart = Callable[[Place], Part]


def part_for(tree: Tree, boot: Boot, writer: ScoreboardWriter) -> Part:
    """Machine and ports of the role that `boot` names."""
    place = Place(tree=tree, role=boot.role, writer=writer)
    if boot.role == SUPERVISOR:
        return _supervisor(place, ProcessId(boot.launcher_pid, boot.launcher_started))
    if tree.spec is None:
        return _ACCOUNT[boot.role](place)
    make: MakePart = _found(tree.spec.cast[boot.role], _MACHINES, "cast")
    return make(place)


def start_log(tree: Tree, role: str) -> None:
    """Send this process's log to the tree's log folder, without its secrets."""
    start_logging(tree.log_folder, role, secrets=_secrets(tree))


def _secrets(tree: Tree) -> list[str]:
    access = tree.spec.access if tree.spec else None
    names = (access.key_variable, access.secret_variable) if access else ()
    return [os.environ[name] for name in names if os.environ.get(name)]


def preload(tree: Tree) -> None:
    """Import what the actors need, once, before they are forked: they start in milliseconds and share the memory."""
    names = tree.spec.cast.values() if tree.spec else ()
    for name in names:
        if ":" in name:
            import_module(name.partition(":")[0])


def _supervisor(place: Place, launcher: ProcessId) -> Part:
    tree = place.tree
    instance = Supervisor(Supervision(roles=tree.roles, instance=tree.name))
    return Part(
        machine=instance if tree.spec else account_supervisor(),
        sync_ports={
            "launcher": LauncherPort(launcher),
            "scoreboard": ScoreboardPort(tree, place.writer),
            "latch": LatchPort(tree.home),
        },
    )


def _limiter(place: Place) -> Part:
    memory = MemoryFile(spending_file(place.tree.home), SpendingNoted)
    return Part(machine=RateLimiter(), journal=memory, sync_ports={"journal": memory})


def _leases(place: Place) -> Part:
    memory = MemoryFile(leases_file(place.tree.home), LeasesHeld)
    return Part(machine=Leases(), journal=memory, sync_ports={"journal": memory})


def _panic(place: Place) -> Part:
    return Part(machine=Panic(), sync_ports={"latch": LatchPort(place.tree.home)})


def _found(name: str, known: Mapping[str, Any], what: str) -> Any:
    if name in known:
        return known[name]
    module, colon, function = name.partition(":")
    if not colon:
        raise ConfigurationError(f"no {what} is called {name!r}; known: {', '.join(sorted(known))}, or module:function")
    return getattr(import_module(module), function)


_ACCOUNT: Mapping[str, MakePart] = dict(zip(ACCOUNT_ROLES, (_limiter, _leases, _panic), strict=True))
_MACHINES: Mapping[str, MakePart] = {}
