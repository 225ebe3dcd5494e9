"""What this face keeps of its own: its sockets, its rate limits, the stops of orders that have not filled yet."""

from dataclasses import dataclass, field

from venue.core.account import Account
from venue.core.events import AccountChanged, AlgoChanged, Event, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import AlgoStatus, Order
from venue.freeze import freeze, thaw
from venue.hub import Hub
from venue.mexc.errors import JsonObject
from venue.mexc.limits import Limits
from venue.mexc.private import tell
from venue.mexc.stops import Attached, Levels, attach, end_other, fit


@dataclass(slots=True, kw_only=True)
class Face:
    hub: Hub
    limits: Limits
    attached: Attached = field(default_factory=dict)

    def line(self) -> JsonObject:
        """What a state file keeps of it."""
        return {"attached": [[*key, freeze(levels)] for key, levels in self.attached.items()]}

    def recall(self, line: JsonObject) -> None:
        attached = line.get("attached", [])
        assert isinstance(attached, list), f"attached stops are a list, not {attached!r}"
        self.attached = {(account, name): thaw(Levels, frozen) for account, name, frozen in attached}

    def hear(self, floor: Floor, event: Event, is_quiet: bool) -> None:
        """Tells the sockets, then does what belongs to MEXC's positions."""
        if not is_quiet:
            tell(self.hub, floor, event, floor.clock.now_ms())
        match event:
            case AccountChanged():
                for position in event.positions:
                    fit(floor, event.account, position)
            case AlgoChanged() if event.status is AlgoStatus.TRIGGERED:
                end_other(floor, event.account, event.algo)
            case OrderChanged():
                self._follow(floor, event.account, event.order, is_fill=event.trade is not None)
            case _:
                pass

    def _follow(self, floor: Floor, account: Account, order: Order, is_fill: bool) -> None:
        if is_fill:
            attach(self.attached, floor, account, order)
        if not order.is_open:
            self.attached.pop((account.name, order.request.client_order_id), None)
