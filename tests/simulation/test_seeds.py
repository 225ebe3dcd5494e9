"""Many worlds, each from a seed, each with every kind of ill will; the same laws in all of them.

A failing seed is replayed with `tox -e sim -- --first-seed SEED --seeds 1`.
"""

from __future__ import annotations

from actors.simulator import BEGIN_NS, Faults, Simulation
from tests.simulation.invariants import Watch, at_the_end
from tests.simulation.world import Market, simulate

SECOND_NS = 1_000_000_000
HOSTILE = Faults(
    lose_request=0.08,
    lose_answer=0.08,
    accept_late=0.04,
    lose_message=0.01,
    double_message=0.03,
    drop_stream=0.02,
    crash=0.003,
    until_ns=BEGIN_NS + 80 * SECOND_NS,
)


def live_through(seed: int, faults: Faults) -> tuple[Simulation, Market]:
    """Eighty bad seconds, forty kind ones, and five in which nothing moves any more."""
    simulation, market = simulate(seed, faults)
    watch = Watch(market)
    simulation.on_step = watch
    simulation.run(BEGIN_NS + 120 * SECOND_NS)
    market.is_still = True
    simulation.run(BEGIN_NS + 125 * SECOND_NS)
    return simulation, market


def test_nothing_is_doubled_lost_or_left_naked(seed: int) -> None:
    simulation, market = live_through(seed, HOSTILE)

    at_the_end(simulation, market)


def test_every_kind_of_fault_was_really_met() -> None:
    met: set[str] = set()
    for seed in range(5):
        simulation, _ = live_through(seed, HOSTILE)
        met |= simulation.hits.keys()

    kinds = {"lose_request", "lose_answer", "accept_late", "lose_message", "double_message", "drop_stream", "crash"}
    assert met == kinds


def test_the_same_seed_tells_the_same_story() -> None:
    first, _ = live_through(3, HOSTILE)
    second, _ = live_through(3, HOSTILE)

    assert first.journal == second.journal
    assert first.steps == second.steps


def test_a_kind_world_trades_and_stays_healthy() -> None:
    simulation, market = live_through(1, Faults())

    at_the_end(simulation, market)
    assert simulation.actors["executor"].state.book.trade_count >= 3
