"""A story: one seed lived through under the watch of the laws. A broken one is shrunk to the faults that matter."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

from actors.simulator import BEGIN_NS, Faults, Simulation
from tests.simulation.cast import CROWDED, LAYOUTS, simulate
from tests.simulation.disasters import KINDS
from tests.simulation.ending import at_the_end
from tests.simulation.laws import Broken
from tests.simulation.struck import MUST_HALT
from tests.simulation.watch import Watch
from tests.simulation.world import Seat, SmallWorld

SECOND_NS = 1_000_000_000
BAD_S, KIND_S, STILL_S = 60, 45, 6
BUDGET_S = 60  # longer where little budget is left: what the bad seconds used up comes back with the next full minute
CROWDED_EVERY = 5  # one world in so many has little request budget
CYCLE = 2 * len(LAYOUTS)  # in half of each nothing happens that halts for good, so that more is traded
SHOWN_EVENTS, SHOWN_NOTES = 25, 15
HOSTILE = Faults(
    lose_request=0.05,
    lose_answer=0.05,
    accept_late=0.03,
    repeat_answer=0.03,
    unavailable=0.03,
    unknown_at_once=0.02,
    rate_limited=0.01,
    banned=0.003,
    torn_snapshot=0.1,
    stale_read=0.03,
    lose_message=0.01,
    double_message=0.04,
    late_message=0.01,
    drop_stream=0.01,
    silent_stream=0.006,
    crash=0.001,
    lose_notice=0.1,
    hang=0.01,
    blind=0.01,
    freeze=0.004,
    suspended=0.1,
    cut_off=0.015,
    kill_instance=0.003,
    kill_account=0.005,
    kill_all=0.003,
    disk_error=0.01,
    disk_lies=0.01,
    clock_step=0.02,
    disaster=0.018,
    until_ns=BEGIN_NS + BAD_S * SECOND_NS,
)


@dataclass(slots=True)
class Story:
    """How it went. `broken` is the violation, None when every law held."""

    seed: int
    faults: Faults
    simulation: Simulation
    world: SmallWorld
    watch: Watch
    broken: Exception | None = None
    texts: list[str] = field(default_factory=list)


def live_through(seed: int, faults: Faults = HOSTILE, spared: frozenset[str] = frozenset()) -> Story:
    """Bad seconds, kind ones, and some in which nothing moves any more; the seed chooses who sits where, how many
    others share the account's request budget, and whether anything happens that only a person ends. The disasters
    `spared` are none of this world's."""
    rate_limits = CROWDED if seed % CROWDED_EVERY == 0 else None
    seats = LAYOUTS[seed % len(LAYOUTS)]
    faults = faults if _share_an_instrument(seats) else faults.without("suspended")
    simulation, world = simulate(seed, faults, seats=seats, rate_limits=rate_limits)
    world.disasters.spared = spared | (MUST_HALT if seed % CYCLE < len(LAYOUTS) else frozenset())
    watch = Watch(simulation, world)
    simulation.on_step = watch
    story = Story(seed, faults, simulation, world, watch)
    gc.disable()  # a story is over in a moment; all the collector finds is that everything of it is still needed
    still_s = BAD_S + KIND_S + (BUDGET_S if rate_limits else 0)
    try:
        simulation.run(BEGIN_NS + still_s * SECOND_NS)
        world.is_still = True
        simulation.run(BEGIN_NS + (still_s + STILL_S) * SECOND_NS)
        at_the_end(simulation, world, watch)
    except Exception as error:  # noqa: BLE001 - whatever a machine raises is the end of the story, and shown
        story.broken = error
    finally:
        gc.enable()
    return story


def _share_an_instrument(seats: tuple[Seat, ...]) -> bool:
    """Only there another may have taken it over before somebody goes on; elsewhere a freeze is as good."""
    return len({(seat.account, seat.symbol) for seat in seats}) < len(seats)


def shrink(story: Story) -> Story:
    """The same seed with as few kinds of fault and disaster as still break the same law."""
    for kind in story.faults.in_force():
        story = _shorter(story, live_through(story.seed, story.faults.without(kind), story.world.disasters.spared))
    for kind in sorted(KINDS.keys() - story.world.disasters.spared if story.faults.disaster else ()):
        story = _shorter(story, live_through(story.seed, story.faults, story.world.disasters.spared | {kind}))
    return story


def _shorter(story: Story, without: Story) -> Story:
    return without if law_of(without) == law_of(story) else story


def law_of(story: Story) -> str:
    """The law that was broken, or what a machine noticed by itself; nothing when all held."""
    if isinstance(story.broken, Broken):
        return story.broken.law
    return "" if story.broken is None else type(story.broken).__name__


def tell(story: Story) -> str:
    """What broke, what mattered, and what happened just before."""
    kinds = {kind: getattr(story.faults, kind) for kind in story.faults.in_force()}
    at_s = (story.simulation.now_ns - BEGIN_NS) / SECOND_NS
    return "\n".join(
        (
            f"seed {story.seed}, second {at_s:.3f}: {type(story.broken).__name__}: {story.broken}",
            f"replay: tox -e sim -- --first-seed {story.seed} --seeds 1",
            f"kinds that matter: {kinds}",
            f"disasters that matter: {sorted(KINDS.keys() - story.world.disasters.spared)}",
            f"struck: {story.world.disasters.struck}",
            *_last_events(story),
            *_last_notes(story),
        )
    )


def _last_events(story: Story) -> list[str]:
    lines = []
    for name, tree in story.simulation.instances.items():
        lines.append(f"--- the end of {name}'s journal")
        for at_ns, event in tree.disk.journals.get("executor", [])[-SHOWN_EVENTS:]:
            lines.append(f"{(at_ns - BEGIN_NS) / SECOND_NS:9.3f} {event}"[:260])
    return lines


def _last_notes(story: Story) -> list[str]:
    notes = list(story.simulation.notes)[-SHOWN_NOTES:]
    return ["--- the last notes", *(f"{(at - BEGIN_NS) / SECOND_NS:9.3f} {who} {text}" for at, who, _, text in notes)]
