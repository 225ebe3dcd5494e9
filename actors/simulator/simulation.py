"""The simulation: trees of machines, an account system, a world to trade in; one seed. Checked by `on_step`."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from actors.account import account_supervisor
from actors.leases import Leases
from actors.panic import Panic
from actors.rate_limiter import RateLimiter, RateLimits
from actors.shell.tree import ACCOUNT
from actors.simulator import post
from actors.simulator.agenda import BEGIN_NS, MS, SECOND, Agenda
from actors.simulator.casting import Casting
from actors.simulator.faults import Chance, Faults
from actors.simulator.tree import SimulatedTree
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.account import RaiseLatch
from engine.messages.base import Message
from engine.messages.host import HostRead

KEPT_NOTES = 400
ILL_WILL_EVERY_NS = 500 * MS
LONGEST_HANG_MS = 6_000
LONGEST_FREEZE_MS = 25_000
GUARDS = ("guard", "standby_guard")
AT_EASE = HostRead(
    memory_used=0.3, load_per_core=0.5, disk_free_bytes=50_000_000_000, instance_bytes=400_000_000, clock_step_ns=0
)


class World(Protocol):
    """What the machines meet outside: exchanges with a market, moved on by the simulator."""

    def perform(self, instance: str, call: Message, now_ns: int) -> Message: ...

    def take_pushed(self) -> list[tuple[str, str, Message]]:
        """Stream events since the last look: instance, stream (user or market), event."""
        ...

    def move(self, now_ns: int) -> int: ...

    def strike(self, simulation: Simulation) -> None:
        """One disaster of its own, drawn from `simulation.chance.of("disaster")`."""
        ...


class Simulation:
    """Instances over `world`, from `seed`."""

    def __init__(
        self,
        seed: int,
        cast: Mapping[str, Casting],
        world: World,
        faults: Faults,
        on_step: Callable[[Simulation], None] | None = None,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self.agenda = Agenda()
        self.chance = Chance(seed, faults)
        self.world = world
        self.faults = faults
        self.on_step = on_step
        self.clock_ahead_ns = 0
        self.host = AT_EASE
        self.latches: dict[str, RaiseLatch] = {}
        self.answers: list[tuple[str, ct.CommandAnswered]] = []
        self.told: dict[str, list[int]] = collections.defaultdict(list)
        self.notes: collections.deque[tuple[int, str, str, str]] = collections.deque(maxlen=KEPT_NOTES)
        self.account = SimulatedTree(self, ACCOUNT, account_casting(rate_limits or RateLimits()))
        self.instances = {name: SimulatedTree(self, name, one) for name, one in cast.items()}
        self.trees = {ACCOUNT: self.account, **self.instances}
        self._streams_down: set[str] = set()
        for tree in self.trees.values():
            self.agenda.at(BEGIN_NS, tree.launcher.begin)
        self.agenda.at(BEGIN_NS, self._move_world)
        self.agenda.after(ILL_WILL_EVERY_NS, self._ill_will)

    @property
    def now_ns(self) -> int:
        return self.agenda.now_ns

    def run(self, until_ns: int) -> None:
        """Works through everything that happens until then."""
        then = None if self.on_step is None else partial(self.on_step, self)
        self.agenda.work(until_ns, then)

    def strikes(self, kind: str) -> bool:
        return self.chance.strikes(kind, self.agenda.now_ns)

    def note(self, tree: str, role: str, level: str, text: str) -> None:
        if level != "DEBUG":
            self.notes.append((self.agenda.now_ns, f"{tree}.{role}", level, text))

    # --- from outside ------------------------------------------------------------------------------------------------

    def tell(self, instance: str, role: str, message: Message) -> None:
        """A message of a person."""
        self.agenda.after(0, lambda: post.deliver_to_role(self.trees[instance], role, message))

    def panic(self, scope: str, reason: str, *, flatten: bool = False) -> None:
        """What `predator panic` does: the latch first, then everybody is woken."""
        self.latches.setdefault(scope, RaiseLatch(scope=scope, reason=reason, flatten=flatten))
        message = ct.PanicRaised(scope=scope, reason=reason, flatten=flatten)
        for name in self.instances:
            if scope in ("global", name):
                self.tell(name, "executor", message)

    # --- the world ---------------------------------------------------------------------------------------------------

    def push(self) -> None:
        """Stream events: delayed each for itself (so they overtake each other), lost while the stream is down."""
        for name, stream, event in self.world.take_pushed():
            if f"{name}.{stream}" in self._streams_down:
                continue
            for _ in range(2 if self.strikes("double_message") else 1):
                self.agenda.after(self.chance.delay_ns(0.2, 30), self._pushing(name, stream, event))

    def _pushing(self, name: str, stream: str, event: Message) -> Callable[[], None]:
        role = "executor" if stream == "user" else "data"

        def arrive() -> None:
            tree = self.instances[name]
            life = tree.lives.get(role)
            if life is not None and stream in life.streams:
                tree.deliver(life, event)

        return arrive

    def _move_world(self) -> None:
        next_ns = self.world.move(self.agenda.now_ns)
        self.push()
        self.agenda.at(next_ns, self._move_world)

    def drop_stream(self, name: str, stream: str, for_ns: int) -> None:
        key, role = f"{name}.{stream}", "executor" if stream == "user" else "data"
        if key in self._streams_down:
            return
        self._streams_down.add(key)
        post.deliver_to_role(self.instances[name], role, ex.StreamLost(stream=stream, reason="dropped"))

        def back() -> None:
            self._streams_down.discard(key)
            life = self.instances[name].lives.get(role)
            if life is not None and stream in life.streams:
                self.instances[name].deliver(life, ex.StreamOpened(stream=stream))

        self.agenda.after(for_ns, back)

    # --- ill will ----------------------------------------------------------------------------------------------------

    def _ill_will(self) -> None:
        self.agenda.after(ILL_WILL_EVERY_NS, self._ill_will)
        for name, tree in self.instances.items():
            self._against(name, tree)
        if self.strikes("kill_account"):
            self.account.launcher.fall()
        if self.strikes("kill_all"):
            for tree in self.trees.values():
                tree.launcher.fall()
        if self.strikes("clock_step"):
            self._step_clock()
        if self.strikes("disaster"):
            self.world.strike(self)
            self.push()

    def _against(self, name: str, tree: SimulatedTree) -> None:
        if self.strikes("kill_instance"):
            tree.launcher.fall()
        if self.strikes("hang"):
            source = self.chance.of("hang")
            tree.stand_still(source.choice(tuple(tree.casting.roles)), source.randint(200, LONGEST_HANG_MS) * MS)
        if self.strikes("blind"):
            for_ns = self.chance.of("blind").randint(500, LONGEST_HANG_MS) * MS
            for role in GUARDS:
                tree.stand_still(role, for_ns)
        if self.strikes("freeze"):
            tree.freeze(self.chance.of("freeze").randint(5_000, LONGEST_FREEZE_MS) * MS)
        for stream in ("user", "market"):
            if self.strikes("drop_stream"):
                for_ns = self.chance.of("drop_stream").randint(200, 6_000) * MS
                self.drop_stream(name, stream, for_ns)

    def _step_clock(self) -> None:
        source = self.chance.of("clock_step")
        self.clock_ahead_ns += int(source.choice((-1, 1)) * source.uniform(0.1, 5.0) * SECOND)
        for tree in self.trees.values():
            tree.step_clocks(self.clock_ahead_ns)


def account_casting(rate_limits: RateLimits) -> Casting:
    """The account system: its real machines."""
    assert account_supervisor().rules.roles == ("limiter", "leases", "panic")
    return Casting(
        roles={"limiter": lambda: RateLimiter(limits=rate_limits), "leases": Leases, "panic": Panic},
        budgeted=frozenset(),
    )
