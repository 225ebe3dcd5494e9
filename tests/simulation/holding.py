"""Who holds an instrument, and whether what is held is covered."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from actors.simulator import Simulation
from actors.simulator.line import leases_on_disk
from actors.simulator.stage import SimulatedTree
from engine.messages.account import InstrumentLease
from engine.order import Order, OrderPurpose, OrderStatus


def is_covered(orders: Iterable[Order], held: Decimal) -> bool:
    return any(
        order.purpose is OrderPurpose.STOP and order.status is OrderStatus.ACCEPTED and order.quantity >= abs(held)
        for order in orders
    )


def others_holding(simulation: Simulation, tree: SimulatedTree) -> list[InstrumentLease]:
    """Leases of this tree's instrument that the table on disk gives to somebody else."""
    mine = (tree.casting.account, tree.casting.symbol)
    table = leases_on_disk(simulation)
    return [one for one in table if (one.account, one.symbol) == mine and one.instance != tree.name]
