"""Many worlds, each from a seed, each with every kind of ill will; the same laws in all of them.

A failing seed is replayed with `tox -e sim -- --first-seed SEED --seeds 1`, which also shrinks and tells its story.
"""

from __future__ import annotations

from collections import Counter

from actors.simulator import BEGIN_NS, Faults
from tests.simulation.conftest import ENOUGH_TO_MEET_ALL, Met
from tests.simulation.disasters import KINDS
from tests.simulation.story import CROWDED_EVERY, HOSTILE, SECOND_NS, live_through, shrink, tell

NAKED_IN_A_KIND_WORLD_NS = SECOND_NS // 2  # where every answer takes 40 ms and none is lost


def test_every_law_holds(seed: int, met: Met) -> None:
    story = live_through(seed)

    assert story.broken is None, tell(shrink(story))
    met.add(story.simulation.chance.met)


def test_a_kind_of_fault_that_never_struck_in_many_worlds_is_told() -> None:
    few, all_met, one_missing = Met(), Met(), Met()
    every = Counter((*Faults.kinds(), *KINDS))

    few.add(Counter({"crash": 1}))
    all_met.add(every, ENOUGH_TO_MEET_ALL)
    one_missing.add(every - Counter({"crash": 1}), ENOUGH_TO_MEET_ALL)

    assert few.untested == all_met.untested == set()
    assert one_missing.untested == {"crash"}


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = live_through(3), live_through(3)

    assert first.simulation.agenda.steps == second.simulation.agenda.steps
    for name, tree in first.simulation.instances.items():
        assert tree.disk.journals == second.simulation.instances[name].disk.journals


def test_a_kind_world_trades_and_stays_healthy() -> None:
    story = live_through(4, Faults())

    assert story.broken is None, tell(story)
    executor = story.simulation.instances["sim-1"].lives["executor"].state
    assert executor.phase == "READY"
    assert executor.book.trade_count >= 2
    assert all(one.longest_naked_ns <= NAKED_IN_A_KIND_WORLD_NS for one in story.watch.instances)
    told = story.simulation.told["sim-1"]
    assert told == sorted(set(told)), "in a kind world each message reaches its target once"


def test_a_kind_world_with_little_budget_trades_too_on_light_readings() -> None:
    crowded, ample = live_through(2 * CROWDED_EVERY, Faults()), live_through(2 * CROWDED_EVERY + 4, Faults())

    assert crowded.broken is None, tell(crowded)
    assert {tree.lives["executor"].state.phase for tree in crowded.simulation.instances.values()} == {"READY"}
    assert crowded.world.light_readings >= 10
    assert ample.world.light_readings == 0


def test_a_story_without_one_kind_is_as_long() -> None:
    calm = HOSTILE.without("crash").without("disaster")

    story = live_through(0, calm)

    assert story.simulation.now_ns > BEGIN_NS + 100 * SECOND_NS
    assert "crash" not in story.simulation.chance.met


def test_every_kind_has_a_name() -> None:
    assert set(HOSTILE.in_force()) == set(Faults.kinds())
    assert len(KINDS) >= 10
