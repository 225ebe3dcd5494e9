"""A11 over time: an engine that shows another state than the store holds does not trade on."""

from __future__ import annotations

from actors.simulator import Simulation
from actors.simulator.stage import SimulatedTree
from engine.book.state import Book
from engine.safety.breaker import Level
from tests.simulation.laws import demand

GUARDS = ("guard", "standby_guard")
# a second to be believed; then the message may be lost, or its guard: the next follows a second later
FROZEN_WITHIN_NS = 8_000_000_000


class IntegrityWatch:
    """Counts the time of a difference at one event while somebody could have acted upon it."""

    def __init__(self, tree: SimulatedTree) -> None:
        self._tree = tree
        self._seen_ns: int | None = None
        self._lasted_ns = 0

    def look(self, simulation: Simulation, book: Book) -> None:
        if not self._differs() or book.breaker.level is Level.RED or book.is_panicked:
            self._seen_ns, self._lasted_ns = None, 0
            return
        since_ns, self._seen_ns = self._seen_ns, simulation.now_ns
        if since_ns is not None and self._can_act("executor") and any(map(self._can_act, GUARDS)):
            self._lasted_ns += simulation.now_ns - since_ns
        text = f"engine and store differ for {self._lasted_ns / 1e9:.1f} s"
        demand(self._lasted_ns <= FROZEN_WITHIN_NS, "differences freeze", text)

    def _differs(self) -> bool:
        cell, view = self._tree.cells.get("executor"), self._tree.disk.view
        if cell is None or view is None or cell.published.sequence != view.sequence:
            return False
        return cell.published.digest != self._tree.disk.view_digest

    def _can_act(self, role: str) -> bool:
        life = self._tree.lives.get(role)
        return life is not None and not self._tree.hangs(life)
