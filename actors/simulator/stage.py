"""The stage: what all trees of a simulation share, and the trees themselves, whose lives take turns on it.

Whoever acts on it (`post`, `line`, `performing` …) stands above; a tree reaches up by one thing only, the `perform`
that it is made with. So no two files of the simulator need each other.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Protocol

from actors.simulator.agenda import MS, Agenda
from actors.simulator.casting import Casting
from actors.simulator.disk import Disk
from actors.simulator.faults import Chance, Faults
from actors.simulator.lives import HEARTBEAT_NS, Cell, Life, SimulatedPurse, go_on, hang
from engine.machine import Effect, WakeAt
from engine.messages import control as ct
from engine.messages.account import RaiseLatch
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted
from engine.messages.host import HostRead
from engine.messages.reports import IncidentHappened

KEPT_NOTES = 400
OUTLASTS_NS = 25_000 * MS  # how far the last freeze may reach into the time without faults
AT_EASE = HostRead(
    memory_used=0.3, load_per_core=0.5, disk_free_bytes=50_000_000_000, instance_bytes=400_000_000, clock_step_ns=0
)


class World(Protocol):
    """What the machines meet outside: exchanges with a market, moved on by the simulator."""

    def perform(self, instance: str, call: Message, now_ns: int) -> Message: ...

    def look_again(self, instance: str, call: Message, now_ns: int) -> Message:
        """The second half of a reading whose parts are of different moments: one request all the same."""
        ...

    def take_pushed(self) -> list[tuple[str, str, Message]]:
        """Stream events since the last look: instance, stream (user or market), event."""
        ...

    def move(self, now_ns: int) -> int: ...

    def strike(self, stage: Stage) -> None:
        """One disaster of its own, drawn from `stage.chance.of("disaster")`."""
        ...


class Stage:
    """Time, chance, the world and what lies about: latches, answers to people, notifications, notes."""

    def __init__(self, seed: int, world: World, faults: Faults) -> None:
        self.agenda = Agenda()
        self.chance = Chance(seed, faults)
        self.world = world
        self.faults = faults
        self.clock_ahead_ns = 0
        self.host = AT_EASE
        self.latches: dict[str, RaiseLatch] = {}
        self.resets_asked: collections.Counter[str] = collections.Counter()
        self.answers: list[tuple[str, ct.CommandAnswered]] = []
        self.told: dict[str, list[int]] = collections.defaultdict(list)
        self.notes: collections.deque[tuple[int, str, str, str]] = collections.deque(maxlen=KEPT_NOTES)
        self.streams_down: set[str] = set()
        self.streams_silent: set[str] = set()
        self.trees: Mapping[str, SimulatedTree] = {}
        self.instances: Mapping[str, SimulatedTree] = {}  # the trees but for the account's

    @property
    def now_ns(self) -> int:
        return self.agenda.now_ns

    def strikes(self, kind: str) -> bool:
        return self.chance.strikes(kind, self.agenda.now_ns)

    def latch(self, call: RaiseLatch) -> None:
        """As on disk: the first reason stays, and who wants positions closed once is not forgotten."""
        first = self.latches.setdefault(call.scope, call)
        self.latches[call.scope] = replace(first, flatten=first.flatten or call.flatten)

    def note(self, tree: str, role: str, level: str, text: str) -> None:
        if level != "DEBUG":
            self.notes.append((self.agenda.now_ns, f"{tree}.{role}", level, text))


class SimulatedTree:
    """An instance, or the account system: its lives, its scoreboard (`cells`) and its disk.

    `run` counts its supervisors; `end` says why it ended by itself; `failures` are the times its supervisor was killed;
    `resumed` are orders that were decided on long before they are sent; `readings` are its newest of the exchange, and
    when: what a replica that lags behind still shows.
    """

    def __init__(self, stage: Stage, name: str, casting: Casting, perform: Perform) -> None:
        self.stage = stage
        self.agenda = stage.agenda
        self.name = name
        self.casting = casting
        self.disk = Disk(only_newest=not casting.is_instance)
        self.lives: dict[str, Life] = {}
        self.cells: dict[str, Cell] = {}
        self.purses: dict[str, SimulatedPurse] = collections.defaultdict(SimulatedPurse)
        self.run = 0
        self.end: str | None = None
        self.failures: list[int] = []
        self.incidents: list[IncidentHappened] = []
        self.alerts: list[str] = []
        self.resumed: list[str] = []
        self.dead_before_birth: set[tuple[str, int]] = set()
        self.cut_off_until_ns = 0
        self.readings: dict[tuple[type[Message], str], tuple[int, Message]] = {}
        self._perform = perform

    # --- turns -------------------------------------------------------------------------------------------------------

    def now_of(self, life: Life) -> int:
        """The wall clock of this life."""
        return self.agenda.now_ns + life.clock_ahead_ns

    def begin(self, life: Life) -> None:
        """The first turn of a life."""
        self.lives[life.role] = life
        self.cells[life.role] = Cell(life=life)
        life.state, effects = life.machine.start(self.now_of(life))
        self._perform(self, life, effects)
        self._follow_up(life)

    def deliver(self, life: Life, message: Message) -> None:
        """One message to this life, if it still lives; later, if it hangs."""
        if not life.is_alive:
            return
        if self.agenda.now_ns < life.hangs_until_ns:
            life.inbox.append(message)
            return
        self._turn(life, message)
        if life.follow_ups:
            self._follow_up(life)

    def _follow_up(self, life: Life) -> None:
        while life.is_alive and life.follow_ups:
            self._turn(life, life.follow_ups.popleft())

    def _turn(self, life: Life, message: Message) -> None:
        if type(message) in GRANTS and _is_kept(life, message):
            return
        life.state, effects = life.machine.receive(life.state, message, self.agenda.now_ns + life.clock_ahead_ns)
        self._perform(self, life, effects)

    def is_cut_off(self) -> bool:
        """Whether it and the keeper of instrument leases do not hear each other."""
        return self.agenda.now_ns < self.cut_off_until_ns

    # --- standing still ----------------------------------------------------------------------------------------------

    def hangs(self, life: Life) -> bool:
        return self.agenda.now_ns < life.hangs_until_ns

    def freeze(self, for_ns: int) -> None:
        """Everybody, the supervisor too: a machine that was suspended."""
        for role in self.lives:
            self.stand_still(role, for_ns)

    def stand_still(self, role: str, for_ns: int) -> None:
        life = self.lives.get(role)
        if life is None:
            return
        now_ns = self.agenda.now_ns
        cell = self.cells[role]
        hang(cell, now_ns, now_ns + for_ns)
        self.agenda.after(for_ns, lambda: self._go_on(cell))

    def _go_on(self, cell: Cell) -> None:
        """It beats again, and finds what came meanwhile, in that order. Not yet, if it was stopped again."""
        life = cell.life
        if self.hangs(life):
            return
        go_on(cell)
        while life.inbox and not self.hangs(life):
            self.deliver(life, life.inbox.popleft())

    # --- alarms ------------------------------------------------------------------------------------------------------

    def set_alarm(self, life: Life, wish: WakeAt) -> None:
        """When it is due is by the life's own clock; a newer wish replaces the older."""
        life.alarms[wish.label] = wish
        self._ring_at(life, wish)

    def _ring_at(self, life: Life, wish: WakeAt) -> None:
        def ring() -> None:
            if life.alarms[wish.label] is wish:
                life.alarms[wish.label] = None
                self.deliver(life, _woken(wish.label))

        self.agenda.at(wish.at_ns - life.clock_ahead_ns, ring)

    def step_clocks(self, ahead_ns: int) -> None:
        """A running process takes a step forward over (`actors.shell.clock`), alarms included; not one backward."""
        for life in self.lives.values():
            life.clock_ahead_ns = max(life.clock_ahead_ns, ahead_ns)
            for wish in life.alarms.values():
                if wish is not None:
                    self._ring_at(life, wish)

    # --- the scoreboard ----------------------------------------------------------------------------------------------

    def guard_lease_left_ns(self) -> int:
        return max((cell.lease_until_ns for cell in self.cells.values()), default=0) - self.agenda.now_ns

    def ages(self) -> tuple[tuple[str, int], ...]:
        """Of the heartbeats: a life that hangs or is gone does not beat."""
        now_ns = self.agenda.now_ns
        return tuple(
            [
                (role, HEARTBEAT_NS if cell.left_at_ns is None else now_ns - cell.left_at_ns)
                for role, cell in self.cells.items()
            ]
        )


GRANTS = frozenset({BudgetGranted, ct.InstrumentGranted, ct.InstrumentRefused})


def _is_kept(life: Life, grant: Message) -> bool:
    """What was granted or refused, its process hears first; True when the machine need not hear of it."""
    life.leases.on_received(grant)
    return isinstance(grant, BudgetGranted) and life.keeper is not None and not life.keeper.take(grant)


@cache
def _woken(label: str) -> ct.Woken:
    """One word for each label: most of what is said in a world."""
    return ct.Woken(label=label)


Perform = Callable[[SimulatedTree, Life, tuple[Effect, ...]], None]
