"""A12: an instrument passes on only when nothing that its silent holder sent can arrive any more (seed 8855)."""

from __future__ import annotations

import pytest

from actors import leases
from actors.simulator import BEGIN_NS, Faults, Simulation, line, network
from engine import ids
from engine.messages import exchange as ex
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.simulation.cast import LAYOUTS, MoodyPlay, simulate
from tests.simulation.laws import Broken
from tests.simulation.watch import Watch
from tests.simulation.world import SmallWorld

SECOND_NS = 1_000_000_000
SAME_INSTRUMENT = LAYOUTS[3]
LATE_NS = 8 * SECOND_NS  # within the receive window of the exchange


@pytest.fixture
def is_eager(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether every bar is one to enter at; until it is set, none is."""
    eager = [False]
    step = MoodyPlay.step

    def wish(self, bar):
        signal = step(self, bar)
        return type(signal)(
            play_hash=signal.play_hash,
            symbol=signal.symbol,
            bar_open_time_ns=signal.bar_open_time_ns,
            intent=Intent.ENTER_LONG if eager[0] else Intent.NONE,
            close=signal.close,
        )

    monkeypatch.setattr(MoodyPlay, "step", wish)
    return eager


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch, is_eager: list[bool]) -> tuple[Simulation, SmallWorld, str]:
    """A world in which the holder of the instrument has been cut off from the keeper of leases until its lease was all
    but over; then it enters, and the exchange takes that entry late."""
    simulation, world = simulate(1, Faults(), seats=SAME_INSTRUMENT)
    simulation.run(BEGIN_NS + 20 * SECOND_NS)
    tree = next(one for one in simulation.instances.values() if one.lives["executor"].leases.left_ns() > 0)
    send = network.send

    def late(sender, life, call):
        is_entry = isinstance(call, ex.PlaceOrder) and call.order.purpose is OrderPurpose.ENTRY
        if sender is tree and is_entry:
            simulation.agenda.after(LATE_NS, lambda: network._carry_out_unheard(sender, call))
        else:
            send(sender, life, call)

    monkeypatch.setattr(network, "send", late)
    simulation.on_step = Watch(simulation, world)
    tree.cut_off_until_ns = simulation.now_ns + 300 * SECOND_NS
    while tree.lives["executor"].leases.left_ns() > 2.5 * SECOND_NS:
        simulation.run(simulation.now_ns + SECOND_NS // 10)
    is_eager[0] = True
    return simulation, world, tree.name


def accepted(world: SmallWorld, name: str) -> list[str]:
    """Everybody's entries in the instrument of this one, in the order in which the exchange took them."""
    orders = world.exchange_of(name).orders
    return [key for key in world.exchange_of(name).accepted if orders[key].purpose is OrderPurpose.ENTRY]


def test_what_a_silent_holder_sent_arrives_before_anybody_else_may_trade(holder):
    simulation, world, name = holder

    simulation.run(simulation.now_ns + 60 * SECOND_NS)

    assert [key.startswith(ids.owner_prefix(name)) for key in accepted(world, name)] == [True]
    assert [lease.instance for lease in line.leases_on_disk(simulation)] != [name]  # afterwards it did pass on


def test_without_the_rest_two_would_have_written(holder, monkeypatch):
    simulation, _, _ = holder
    monkeypatch.setattr(leases, "_free_at_ns", lambda held: held.expires_at_ns)

    with pytest.raises(Broken, match="single writer"):
        simulation.run(simulation.now_ns + 60 * SECOND_NS)
