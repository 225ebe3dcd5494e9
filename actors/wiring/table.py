"""Wiring: which machine and which ports stand for a role. By the names in a spec's cast, never by mode.

A name is one of ours (`_MACHINES`), or `module:function` for a machine from elsewhere. The function takes a `Place` and
returns a `Part`: the machine and what stands behind its ports.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module

from actors.account import account_supervisor
from actors.leases import Leases
from actors.panic import Panic
from actors.rate_limiter import RateLimiter
from actors.shell.envelope import Boot
from actors.shell.memory_file import MemoryFile
from actors.shell.own_ports import LatchPort, LauncherPort, ScoreboardPort
from actors.shell.part import Part
from actors.shell.place import Place
from actors.shell.processes import ProcessId
from actors.shell.scoreboard import ScoreboardWriter
from actors.shell.tree import ACCOUNT_ROLES, SUPERVISOR, Tree, leases_file, spending_file
from actors.spec import InstanceSpec
from actors.supervision import Supervision
from actors.supervisor import Supervisor
from adapters.ccxt.load import load_exchange
from adapters.log import start_logging
from engine.errors import ConfigurationError
from engine.market import Bar, timeframe_ns
from engine.messages.account import LeasesHeld, SpendingNoted

MakePart = Callable[[Place], Part]
_HEAVY = ("adapters.journal.sqlite_journal", "adapters.journal.reader", "plays.loading", "plays.evaluator")
_HEAVY_WITH_EXCHANGE = (*_HEAVY, "adapters.candles.bar_log", "adapters.notifier", "adapters.ccxt.exchange")


def part_for(tree: Tree, boot: Boot, writer: ScoreboardWriter) -> Part:
    """Machine and ports of the role that `boot` names."""
    place = Place(tree=tree, role=boot.role, writer=writer)
    if boot.role == SUPERVISOR:
        return _supervisor(place, ProcessId(boot.launcher_pid, boot.launcher_started))
    if tree.spec is None:
        return _ACCOUNT[boot.role](place)
    return _maker(tree.spec.cast[boot.role])(place)


def start_log(tree: Tree, role: str) -> None:
    """Send this process's log to the tree's log folder, without its secrets."""
    start_logging(tree.log_folder, role, secrets=_secrets(tree))


def _secrets(tree: Tree) -> list[str]:
    access = tree.spec.access if tree.spec else None
    names = (access.key_variable, access.secret_variable) if access else ()
    return [os.environ[name] for name in names if os.environ.get(name)]


def preload(tree: Tree) -> None:
    """Import what the actors need, once, before they are forked: they start in milliseconds and share the memory."""
    if tree.spec is None:
        return
    for name in tree.spec.cast.values():
        if name != SUPERVISOR:
            _maker(name)
    for module in _HEAVY_WITH_EXCHANGE if tree.spec.access else _HEAVY:
        import_module(module)
    if tree.spec.access:
        load_exchange(tree.spec.access.exchange)
    if tree.spec.cast.get("strategy") == "strategy":
        _warm_up(tree.spec)


def _warm_up(spec: InstanceSpec) -> None:
    """Feed the play until all it computes has been compiled: seconds on a new machine, in which no heartbeat is due."""
    from plays.evaluator import Evaluator
    from plays.loading import load_play

    play = load_play(spec.play_file)
    evaluator, step_ns, price = Evaluator(play), timeframe_ns(spec.timeframe), 1.0
    for number in range(play.warmup_bars + 1):
        opened = number * step_ns
        evaluator.step(Bar(open_time_ns=opened, open=price, high=price, low=price, close=price, volume=price))


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


def _maker(name: str) -> MakePart:
    module, colon, function = _MACHINES.get(name, name).partition(":")
    if not colon:
        raise ConfigurationError(f"no machine is called {name!r}; known: {', '.join(sorted(_MACHINES))}")
    make: MakePart = getattr(import_module(module), function)
    return make


_ACCOUNT: Mapping[str, MakePart] = dict(zip(ACCOUNT_ROLES, (_limiter, _leases, _panic), strict=True))
_MACHINES: Mapping[str, str] = {
    "executor": "actors.wiring.live:executor",
    "recorder": "actors.wiring.live:recorder",
    "reconciler": "actors.wiring.live:reconciler",
    "guard": "actors.wiring.live:guard",
    "notifier": "actors.wiring.live:notifier",
    "data": "actors.wiring.live:data",
    "strategy": "actors.wiring.live:strategy",
    "history": "actors.wiring.backtest:history",
    "batch_strategy": "actors.wiring.backtest:batch_strategy",
    "kernel_executor": "actors.wiring.backtest:kernel_executor",
    "result_reconciler": "actors.wiring.backtest:result_reconciler",
}
