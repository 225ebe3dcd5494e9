"""The launcher in the simulator: starts a tree, and anew when its supervisor dies; too often, and it latches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.shell.tree import SUPERVISOR
from actors.simulator.agenda import MS, SECOND
from actors.supervisor import Supervision, Supervisor
from engine.messages.account import RaiseLatch

if TYPE_CHECKING:
    from actors.simulator.tree import SimulatedTree

RESTARTS, RESTART_WINDOW_NS = 3, 300 * SECOND
BEAT_NS = 250 * MS


class Launcher:
    """Of one tree. `end` is why it ended by itself; whoever runs the machine starts it again after some seconds."""

    def __init__(self, tree: SimulatedTree) -> None:
        self._tree = tree
        self.end: str | None = None
        self._failures: list[int] = []

    def begin(self) -> None:
        """A new supervisor, and with it everybody."""
        tree = self._tree
        tree.run += 1
        tree.cells.clear()
        self.end = None
        is_instance = tree.casting.is_instance
        rules = Supervision(roles=tuple(tree.casting.roles), instance=tree.name, escalates_to_panic=is_instance)
        tree.born(SUPERVISOR, tree.run, Supervisor(rules))
        self._beat(tree.run)

    def fall(self) -> None:
        """The supervisor is killed: its actors die with it, and it all begins anew; the third time under a latch."""
        if self.end is not None:
            return
        simulation = self._tree.simulation
        self._tree.clear()
        now_ns = simulation.now_ns
        self._failures = [at for at in self._failures if now_ns - at < RESTART_WINDOW_NS] + [now_ns]
        if len(self._failures) >= RESTARTS and self._tree.casting.is_instance:
            latch = RaiseLatch(scope=self._tree.name, reason="escalated: the tree failed too often")
            simulation.latches.setdefault(self._tree.name, latch)
            self.ended(latch.reason)
        else:
            run = self._tree.run
            simulation.agenda.after(simulation.chance.delay_ns(300, 1_500), lambda: self._begin_if(run))

    def ended(self, reason: str) -> None:
        """The tree ended by itself. The service manager starts it again; a latch stays."""
        self._tree.clear()
        self.end = reason
        run = self._tree.run
        pause_ns = self._tree.simulation.chance.delay_ns(3_000, 8_000)
        self._tree.simulation.agenda.after(pause_ns, lambda: self._begin_if(run))

    def _begin_if(self, run: int) -> None:
        if run == self._tree.run:
            self.begin()

    def _beat(self, run: int) -> None:
        if run == self._tree.run:
            self._tree.renew_budgets()
            self._tree.simulation.agenda.after(BEAT_NS, lambda: self._beat(run))
