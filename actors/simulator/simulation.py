"""The simulation: trees of machines, an account system, a world to trade in; one seed. Checked by `on_step`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from actors.account import account_supervisor
from actors.leases import Leases
from actors.panic import Panic
from actors.rate_limiter import RateLimiter
from actors.shell.tree import ACCOUNT
from actors.simulator import launcher, streams
from actors.simulator.agenda import BEGIN_NS, MS, SECOND
from actors.simulator.casting import Casting
from actors.simulator.faults import Faults
from actors.simulator.performing import perform
from actors.simulator.stage import OUTLASTS_NS, SimulatedTree, Stage, World
from actors.spending import RateLimits

ILL_WILL_EVERY_NS = 500 * MS
LONGEST_HANG_MS = 6_000
LONGEST_FREEZE_MS = 45_000  # longer than a lease lasts and its instrument rests, so that another gets it
LONGEST_CUT_OFF_MS = 60_000
# of prices that stop coming the adapter makes a lost stream after ten seconds; nobody can tell for the other
LONGEST_SILENCE_MS = {"market": 9_500, "user": 30_000}
GUARDS = ("guard", "standby_guard")


class Simulation(Stage):
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
        super().__init__(seed, world, faults)
        self.on_step = on_step
        castings = {ACCOUNT: account_casting(rate_limits or RateLimits()), **cast}
        self.trees = {name: SimulatedTree(self, name, one, perform) for name, one in castings.items()}
        self.instances = {name: self.trees[name] for name in cast}
        for tree in self.trees.values():
            self.agenda.at(BEGIN_NS, partial(launcher.begin, tree))
        self.agenda.at(BEGIN_NS, self._move_world)
        self.agenda.after(ILL_WILL_EVERY_NS, self._ill_will)

    def run(self, until_ns: int) -> None:
        """Works through everything that happens until then."""
        then = None if self.on_step is None else partial(self.on_step, self)
        self.agenda.work(until_ns, then)

    def _move_world(self) -> None:
        next_ns = self.world.move(self.agenda.now_ns)
        streams.push(self)
        self.agenda.at(next_ns, self._move_world)

    # --- ill will ----------------------------------------------------------------------------------------------------

    def _ill_will(self) -> None:
        self.agenda.after(ILL_WILL_EVERY_NS, self._ill_will)
        for name, tree in self.instances.items():
            self._against(name, tree)
        if self.strikes("kill_account"):
            launcher.fall(self.trees[ACCOUNT])
        if self.strikes("kill_all"):
            for tree in self.trees.values():
                launcher.fall(tree)
        if self.strikes("clock_step"):
            self._step_clock()
        if self.strikes("disaster"):
            self.world.strike(self)
            streams.push(self)

    def _against(self, name: str, tree: SimulatedTree) -> None:
        if self.strikes("kill_instance"):
            launcher.fall(tree)
        if self.strikes("hang"):
            source = self.chance.of("hang")
            tree.stand_still(source.choice(tuple(tree.casting.roles)), source.randint(200, LONGEST_HANG_MS) * MS)
        if self.strikes("blind"):
            for_ns = self.chance.of("blind").randint(500, LONGEST_HANG_MS) * MS
            for role in GUARDS:
                tree.stand_still(role, for_ns)
        if self.strikes("freeze"):
            tree.freeze(self._for_long("freeze", 5_000, LONGEST_FREEZE_MS))
        if self.strikes("cut_off"):
            tree.cut_off_until_ns = self.now_ns + self._for_long("cut_off", 2_000, LONGEST_CUT_OFF_MS)
        for stream in ("user", "market"):
            if self.strikes("drop_stream"):
                for_ns = self.chance.of("drop_stream").randint(200, 6_000) * MS
                streams.drop(self, name, stream, for_ns)
            if self.strikes("silent_stream"):
                for_ns = self.chance.of("silent_stream").randint(500, LONGEST_SILENCE_MS[stream]) * MS
                streams.hush(self, name, stream, for_ns)

    def _for_long(self, kind: str, least_ms: int, most_ms: int) -> int:
        """Over in time for the end of the world."""
        drawn_ns = self.chance.of(kind).randint(least_ms, most_ms) * MS
        return min(drawn_ns, self.chance.until_ns + OUTLASTS_NS - self.now_ns)

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
