"""Over everybody: what must hold between instances, after every step. What must hold in each is in `invariants`."""

from __future__ import annotations

from actors.simulator import Simulation
from engine.budget import FULL_READING
from engine.order import Order
from tests.simulation.integrity import IntegrityWatch
from tests.simulation.invariants import InstanceWatch
from tests.simulation.laws import Broken, demand
from tests.simulation.world import SmallWorld


class Watch:
    """Over everybody."""

    def __init__(self, simulation: Simulation, world: SmallWorld) -> None:
        self.instances = [InstanceWatch(tree, world) for tree in simulation.instances.values()]
        self._integrity = {tree.name: IntegrityWatch(tree) for tree in simulation.instances.values()}
        self._world = world
        self._calls = 0
        self._writers: dict[tuple[str, str], tuple[str, int]] = {}

    def __call__(self, simulation: Simulation) -> None:
        for one in self.instances:
            self._integrity[one.name].look(simulation, one.book)
            if one.must_look(simulation):
                one.look(simulation)
                for order in one.take_new_entries():
                    self._one_writer(one.name, order)
        if self._calls != self._world.calls:
            self._calls = self._world.calls
            self._within_budget(simulation)
            self._sent_once()

    def _sent_once(self) -> None:
        """Whatever became of it: a request for the same order is never repeated. Only the exchange is asked."""
        if max(self._world.requests.values(), default=0) > 1:
            twice = [key for key, times in self._world.requests.items() if times > 1]
            raise Broken("sent once", f"{twice} were sent again")

    def of(self, name: str) -> InstanceWatch:
        return next(one for one in self.instances if one.name == name)

    def _one_writer(self, name: str, entry: Order) -> None:
        """Whoever trades an instrument after somebody else does so under a newer epoch."""
        seat = self._world.seats[name]
        epoch = int(entry.client_order_id.split("-")[1], 36)
        last = self._writers.get((seat.account, seat.symbol))
        text = f"{name} (epoch {epoch}) trades {seat.symbol} after {last}"
        demand(last is None or last[0] == name or epoch > last[1], "single writer", text)
        if last is None or epoch >= last[1]:
            self._writers[seat.account, seat.symbol] = (name, epoch)

    def _within_budget(self, simulation: Simulation) -> None:
        limits, now_ns = self._world.rate_limits, simulation.now_ns
        weight = self._world.weight[now_ns // 60_000_000_000]
        # paid before a minute's end, one may arrive after it; and with a clock that is off our minutes are others than
        # the exchange's, which would tell so with each answer (the simulated one has no headers)
        most = limits.weight_per_minute * (2 if simulation.clock_ahead_ns else 1) + FULL_READING
        demand(weight <= most, "budget", f"weight {weight} in a minute")
        for (account, window), orders in self._world.orders.items():
            if window == now_ns // 10_000_000_000:
                demand(orders <= limits.orders_per_ten_seconds, "budget", f"{orders} orders of {account} in 10 s")
