"""What must hold of RED and of panic: felt at once, cleared by nobody but a person."""

from __future__ import annotations

from actors.shell.latch import GLOBAL
from actors.simulator import Simulation
from actors.simulator.stage import SimulatedTree
from engine.book.state import Book
from engine.messages import events as ev
from engine.safety.breaker import Level
from tests.simulation.laws import demand

PANIC_BOUND_NS = 1_000_000_000  # from the latch until a living executor has taken note of it


class Halts:
    """Over one instance: how often it halted, was reset, and had its latch cleared."""

    def __init__(self, tree: SimulatedTree) -> None:
        self.times = 0
        self.reset_at_ns = 0
        self._tree = tree
        self._resets = self._cleared = 0
        self._was_latched = False
        self._latched_at_ns: int | None = None

    def take(self, simulation: Simulation, before: Book, event: object, after: Book) -> None:
        """One event of the journal, and what it made of the book."""
        was, now = before.breaker.level, after.breaker.level
        cleared = (was is Level.RED and now is not Level.RED) or (before.is_panicked and not after.is_panicked)
        demand(not cleared or isinstance(event, ev.BreakerReset), "RED stands", f"{was} became {now} by {event}")
        self.times += is_halted(after) and not is_halted(before)
        if isinstance(event, ev.BreakerReset):
            self._resets += 1
            self.reset_at_ns = simulation.now_ns
            self._a_person_asked(simulation, self._resets, "was reset")

    def look(self, simulation: Simulation, book: Book) -> None:
        is_latched = self._tree.name in simulation.latches
        if self._was_latched and not is_latched:
            self._cleared += 1
            self._a_person_asked(simulation, self._cleared, "had its latch cleared")
        self._was_latched = is_latched
        self._panic_is_felt(simulation, book)

    def is_latched(self, simulation: Simulation) -> bool:
        return GLOBAL in simulation.latches or self._tree.name in simulation.latches

    def _a_person_asked(self, simulation: Simulation, times: int, what: str) -> None:
        asked = simulation.resets_asked[self._tree.name]
        demand(times <= asked, "RED stands", f"{self._tree.name} {what} {times} times, and people asked {asked} times")

    def _panic_is_felt(self, simulation: Simulation, book: Book) -> None:
        life = self._tree.lives.get("executor")
        can_look = life is not None and life.state.is_recovered and simulation.now_ns >= life.hangs_until_ns
        if not self.is_latched(simulation) or not can_look or book.is_panicked:
            self._latched_at_ns = None
            return
        self._latched_at_ns = self._latched_at_ns or simulation.now_ns
        late = simulation.now_ns - self._latched_at_ns
        demand(late <= PANIC_BOUND_NS, "panic is felt", f"a living executor ignores the latch for {late / 1e6:.0f} ms")


def is_halted(book: Book) -> bool:
    return book.is_panicked or book.breaker.level is Level.RED
