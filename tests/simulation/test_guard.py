"""F7, A12: no entry without a living guard; the standby takes over; both dead means nobody opens anything."""

from __future__ import annotations

from actors.simulator import BEGIN_NS, Faults, Simulation
from engine.messages import events as ev
from engine.order import OrderPurpose
from tests.simulation.world import simulate

SECOND_NS = 1_000_000_000


def entries_sent(simulation: Simulation, since_ns: int) -> int:
    denied = {e.client_order_id for _, e in simulation.journal if isinstance(e, ev.OrderDenied)}
    return sum(
        isinstance(event, ev.OrderIntended)
        and event.order.purpose is OrderPurpose.ENTRY
        and event.order.client_order_id not in denied
        for at, event in simulation.journal
        if at >= since_ns
    )


def test_f7_with_both_guards_dead_no_entry_leaves_and_trading_resumes_when_one_lives() -> None:
    simulation, _ = simulate(1, Faults())
    simulation.run(BEGIN_NS + 20 * SECOND_NS)
    dead = {role: simulation.actors.pop(role) for role in ("guard", "standby_guard")}
    unguarded_from = simulation.now_ns + simulation_lease_ns(simulation)

    simulation.run(BEGIN_NS + 60 * SECOND_NS)

    assert entries_sent(simulation, unguarded_from) == 0
    assert any(isinstance(e, ev.OrderDenied) and "guard" in e.reason for _, e in simulation.journal)

    simulation.actors.update(dead)
    simulation.kill("guard")
    back_at = simulation.now_ns
    simulation.run(BEGIN_NS + 120 * SECOND_NS)

    assert entries_sent(simulation, back_at) > 0


def test_a12_the_standby_holds_the_lease_while_the_guard_is_dead() -> None:
    simulation, _ = simulate(1, Faults())
    simulation.run(BEGIN_NS + 20 * SECOND_NS)
    simulation.actors.pop("guard")
    died_at = simulation.now_ns

    simulation.run(died_at + SECOND_NS // 2)

    assert simulation.guarded_until_ns > simulation.now_ns


def simulation_lease_ns(simulation: Simulation) -> int:
    return max(0, simulation.guarded_until_ns - simulation.now_ns)
