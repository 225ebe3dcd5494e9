"""F7, A12: no entry without a living guard; the standby takes over; both dead means nobody opens anything."""

from __future__ import annotations

from actors.simulator import BEGIN_NS, Faults, Simulation, births
from engine.messages import events as ev
from engine.order import OrderPurpose
from tests.simulation.cast import simulate
from tests.simulation.defects import defect

SECOND_NS = 1_000_000_000
FOR_EVER_NS = 10_000 * SECOND_NS


def entries_sent(simulation: Simulation, since_ns: int) -> int:
    journal = simulation.instances["sim-1"].disk.journals["executor"]
    denied = {e.client_order_id for _, e in journal if isinstance(e, ev.OrderDenied)}
    return sum(
        isinstance(event, ev.OrderIntended)
        and event.order.purpose is OrderPurpose.ENTRY
        and event.order.client_order_id not in denied
        for at, event in journal
        if at >= since_ns
    )


def keep_dead(simulation: Simulation, *roles: str) -> dict[str, object]:
    """Their processes are gone, and nobody notices that could start them again."""
    tree = simulation.instances["sim-1"]
    dead = {role: tree.lives.pop(role) for role in roles}
    for role in roles:
        tree.cells[role].left_at_ns = simulation.now_ns
        dead[role].is_alive = False
    supervisor = tree.lives["supervisor"]
    supervisor.hangs_until_ns = simulation.now_ns + FOR_EVER_NS
    return dead


def test_f7_with_both_guards_dead_no_entry_leaves_and_trading_resumes_when_one_lives() -> None:
    simulation, _ = simulate(1, Faults())
    tree = simulation.instances["sim-1"]
    simulation.run(BEGIN_NS + 20 * SECOND_NS)
    keep_dead(simulation, "guard", "standby_guard")
    unguarded_from = simulation.now_ns + max(0, tree.guard_lease_left_ns())

    simulation.run(BEGIN_NS + 60 * SECOND_NS)

    assert entries_sent(simulation, unguarded_from) == 0
    journal = tree.disk.journals["executor"]
    assert any(isinstance(e, ev.OrderDenied) and "guard" in e.reason for _, e in journal)

    births.spawn(tree, "guard", 2)
    back_at = simulation.now_ns
    simulation.run(BEGIN_NS + 120 * SECOND_NS)

    assert entries_sent(simulation, back_at) > 0


def test_a12_the_standby_holds_the_lease_while_the_guard_is_dead() -> None:
    simulation, _ = simulate(1, Faults())
    simulation.run(BEGIN_NS + 20 * SECOND_NS)
    keep_dead(simulation, "guard")

    simulation.run(simulation.now_ns + SECOND_NS // 2)

    assert simulation.instances["sim-1"].guard_lease_left_ns() > 0


def test_a_guard_that_hangs_is_as_good_as_dead_and_the_other_acts_within_half_a_second() -> None:
    simulation, _ = simulate(1, Faults())
    simulation.run(BEGIN_NS + 20 * SECOND_NS)
    tree = simulation.instances["sim-1"]

    tree.stand_still("guard", 2 * SECOND_NS)

    for tenth in range(1, 20):
        simulation.run(BEGIN_NS + 20 * SECOND_NS + tenth * SECOND_NS // 10)
        assert tenth > 5 or tree.guard_lease_left_ns() > -SECOND_NS // 2
        assert tenth < 5 or tree.guard_lease_left_ns() > 0


def test_a11_an_engine_that_shows_another_book_than_is_kept_opens_nothing_more() -> None:
    simulation, _ = simulate(1, Faults())
    simulation.run(BEGIN_NS + 20 * SECOND_NS)

    with defect("show another book than is kept"):
        simulation.run(BEGIN_NS + 40 * SECOND_NS)
        tripped = red_at(simulation)
        simulation.run(BEGIN_NS + 120 * SECOND_NS)

    assert entries_sent(simulation, tripped) == 0


def red_at(simulation: Simulation) -> int:
    """When engine and store were found to differ."""
    journal = simulation.instances["sim-1"].disk.journals["executor"]
    found = [at for at, e in journal if isinstance(e, ev.BreakerTripped) and e.cause == "engine and store differ"]
    assert found, "nobody froze it"
    return found[0]
