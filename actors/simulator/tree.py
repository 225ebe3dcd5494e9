"""A tree in the simulator: a real supervisor, the lives of its actors, its scoreboard, journals and disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actors.shell.budget_keeper import BudgetKeeper
from actors.shell.lease_keeper import LeaseKeeper
from actors.shell.tree import SUPERVISOR
from actors.simulator import post
from actors.simulator.casting import Casting
from actors.simulator.launcher import Launcher
from actors.simulator.lives import Cell, Life, go_on, hang
from actors.simulator.performing import perform
from engine.machine import Record
from engine.messages import account as ac
from engine.messages import control as ct
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import IncidentHappened, InstanceView, digest_of

if TYPE_CHECKING:
    from actors.simulator.simulation import Simulation


@dataclass(slots=True, kw_only=True)
class Disk:
    """What survives every death. The account's files are replaced as a whole, an instance's journal only grows."""

    only_newest: bool
    journals: dict[str, list[tuple[int, Message]]] = field(default_factory=dict)
    view: InstanceView | None = None
    view_digest: bytes = b""
    bars: dict[int, object] = field(default_factory=dict)
    refuses_until_ns: int = 0

    def keep(self, role: str, effect: Record, at_ns: int) -> None:
        kept = self.journals.setdefault(role, [])
        if self.only_newest:
            kept.clear()
        kept.extend((at_ns, event) for event in effect.events)
        if effect.view is not None:
            self.view, self.view_digest = effect.view, digest_of(wire.encode(effect.view))


class SimulatedTree:
    """An instance, or the account system. Its launcher is in `launcher`."""

    def __init__(self, simulation: Simulation, name: str, casting: Casting) -> None:
        self.simulation = simulation
        self.name = name
        self.casting = casting
        self.disk = Disk(only_newest=not casting.is_instance)
        self.lives: dict[str, Life] = {}
        self.cells: dict[str, Cell] = {}
        self.run = 0
        self.incidents: list[IncidentHappened] = []
        self.launcher = Launcher(self)
        self._dead_before_birth: set[tuple[str, int]] = set()

    # --- birth and death ---------------------------------------------------------------------------------------------

    def spawn(self, role: str, generation: int) -> None:
        run = self.run

        def happen() -> None:
            if run == self.run and (role, generation) not in self._dead_before_birth:
                self.born(role, generation, self.casting.roles[role]())

        self.simulation.agenda.after(self.simulation.chance.delay_ns(20, 300), happen)

    def born(self, role: str, generation: int, machine: object) -> None:
        life = self._new_life(role, generation, machine)
        self.lives[role] = life
        self.cells[role] = Cell(life=life)
        life.state, effects = life.machine.start(self.now_of(life))
        perform(self, life, effects)
        self._follow_up(life)
        if role != SUPERVISOR and life.is_alive:
            post.mail(self, SUPERVISOR, ct.Spawned(role=role, generation=generation, pid=generation))

    def _new_life(self, role: str, generation: int, machine: object) -> Life:
        simulation = self.simulation

        def clock() -> int:
            return simulation.agenda.now_ns

        keeper = (
            BudgetKeeper(instance=self.name, account=self.casting.account, role=role, now_ns=clock)
            if role in self.casting.budgeted
            else None
        )
        return Life(
            role=role,
            generation=generation,
            machine=machine,  # type: ignore[arg-type]
            leases=LeaseKeeper(clock),
            keeper=keeper,
            clock_ahead_ns=simulation.clock_ahead_ns,
        )

    def clear(self) -> None:
        """Nobody lives any more."""
        self.run += 1
        for life in tuple(self.lives.values()):
            self._mark_dead(life)
        self._dead_before_birth.clear()

    def kill(self, role: str) -> None:
        """The process is gone, with all it had in memory."""
        life = self.lives.get(role)
        if role == SUPERVISOR:
            self.launcher.fall()
        elif life is not None:
            self._mark_dead(life)
            self._give_notice(life)

    def kill_generation(self, role: str, generation: int) -> None:
        """That life of the role, or one that is still to be born."""
        life = self.lives.get(role)
        if life is not None and life.generation == generation:
            self.kill(role)
        else:
            self._dead_before_birth.add((role, generation))
            post.mail(self, SUPERVISOR, ct.ChildExited(role=role, generation=generation))

    def _mark_dead(self, life: Life) -> None:
        life.is_alive = False
        self.lives.pop(life.role, None)
        cell = self.cells[life.role]
        cell.left_at_ns = cell.left_at_ns or self.simulation.agenda.now_ns

    def _give_notice(self, life: Life) -> None:
        if not self.simulation.strikes("lose_notice"):
            post.mail(self, SUPERVISOR, ct.ChildExited(role=life.role, generation=life.generation))

    def leave(self, life: Life, reason: str) -> None:
        """It ends by itself."""
        if life.role == SUPERVISOR:
            self.launcher.ended(reason)
            return
        self._mark_dead(life)
        post.mail(self, SUPERVISOR, ac.LeafLeft(role=life.role, generation=life.generation, reason=reason))
        self._give_notice(life)

    def freeze(self, for_ns: int) -> None:
        """Everybody, the supervisor too: a machine that was suspended."""
        for role in self.lives:
            self.stand_still(role, for_ns)

    def stand_still(self, role: str, for_ns: int) -> None:
        life = self.lives.get(role)
        if life is None:
            return
        now_ns = self.simulation.agenda.now_ns
        cell = self.cells[role]
        hang(cell, now_ns, now_ns + for_ns)
        self.simulation.agenda.after(for_ns, lambda: self._go_on(cell))

    def _go_on(self, cell: Cell) -> None:
        """It beats again, and finds what came meanwhile, in that order. Not yet, if it was stopped again."""
        life = cell.life
        if self._hangs(life):
            return
        go_on(cell)
        while life.inbox and not self._hangs(life):
            self.deliver(life, life.inbox.popleft())

    def renew_budgets(self) -> None:
        """The hosts' part: leases of budget are renewed in time."""
        for life in tuple(self.lives.values()):
            wanted = life.keeper.renewal() if life.keeper and not self._hangs(life) else None
            if wanted is not None:
                post.send(self, life, "account.limiter", wanted)

    # --- handling ----------------------------------------------------------------------------------------------------

    def now_of(self, life: Life) -> int:
        """The wall clock of this life."""
        return self.simulation.agenda.now_ns + life.clock_ahead_ns

    def deliver(self, life: Life, message: Message) -> None:
        """One message to this life, if it still lives; later, if it hangs."""
        if not life.is_alive:
            return
        if self._hangs(life):
            life.inbox.append(message)
            return
        self._turn(life, message)
        self._follow_up(life)

    def _hangs(self, life: Life) -> bool:
        return self.simulation.agenda.now_ns < life.hangs_until_ns

    def _follow_up(self, life: Life) -> None:
        while life.is_alive and life.follow_ups:
            self._turn(life, life.follow_ups.popleft())

    def _turn(self, life: Life, message: Message) -> None:
        life.leases.on_received(message)
        if isinstance(message, ct.BudgetGranted) and life.keeper is not None:
            life.keeper.take(message)
            return
        life.state, effects = life.machine.receive(life.state, message, self.now_of(life))
        perform(self, life, effects)

    # --- alarms ------------------------------------------------------------------------------------------------------

    def set_alarm(self, life: Life, label: str, due_ns: int) -> None:
        """`due_ns` is by the life's own clock; a newer wish replaces the older."""
        number = life.alarms.get(label, (0, 0))[0] + 1
        life.alarms[label] = (number, due_ns)
        self._ring_at(life, label, number, due_ns)

    def _ring_at(self, life: Life, label: str, number: int, due_ns: int) -> None:
        def ring() -> None:
            if life.alarms.get(label) == (number, due_ns):
                life.alarms[label] = (number, -1)
                self.deliver(life, ct.Woken(label=label))

        self.simulation.agenda.at(due_ns - life.clock_ahead_ns, ring)

    def step_clocks(self, ahead_ns: int) -> None:
        """A running process takes a step forward over (`actors.shell.clock`), alarms included; not one backward."""
        for life in self.lives.values():
            life.clock_ahead_ns = max(life.clock_ahead_ns, ahead_ns)
            for label, (number, due_ns) in tuple(life.alarms.items()):
                if due_ns >= 0:
                    self._ring_at(life, label, number, due_ns)

    # --- the scoreboard ----------------------------------------------------------------------------------------------

    def guard_lease_left_ns(self) -> int:
        return max((cell.lease_until_ns for cell in self.cells.values()), default=0) - self.simulation.agenda.now_ns

    def ages(self) -> tuple[tuple[str, int], ...]:
        now_ns = self.simulation.agenda.now_ns
        return tuple([(role, cell.age_ns(now_ns)) for role, cell in self.cells.items()])
