"""What this face keeps of its own: its sockets, its rate limits, protection still to be attached, DCP windows."""

from dataclasses import dataclass, field

from venue.bybit.attached import Attached, attach
from venue.bybit.errors import JsonObject
from venue.bybit.limits import Limits
from venue.bybit.private import tell
from venue.bybit.protection import Protection, drop_idle
from venue.core.account import Account
from venue.core.events import AccountChanged, Event, OrderChanged
from venue.core.floor import Floor
from venue.freeze import freeze, thaw
from venue.hub import Client, Hub


@dataclass(slots=True, kw_only=True)
class Face:
    hub: Hub
    limits: Limits
    attached: Attached = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=dict)  # account -> seconds until orders go after a lost socket
    guarding: dict[int, str] = field(default_factory=dict)  # socket with the dcp topic -> account

    def line(self) -> JsonObject:
        """What a state file keeps of it."""
        return {
            "attached": [[*key, freeze(wanted)] for key, wanted in self.attached.items()],
            "windows": self.windows,
            "guarded": sorted(set(self.guarding.values())),
        }

    def recall(self, line: JsonObject, floor: Floor) -> None:
        """As it was, but for the sockets: those that watched are gone, so countdowns begin."""
        attached, windows, guarded = (line.get(name) for name in ("attached", "windows", "guarded"))
        assert isinstance(attached, list), f"attached protection is a list, not {attached!r}"
        assert isinstance(windows, dict), f"windows are by account, not {windows!r}"
        assert isinstance(guarded, list), f"guarded accounts are a list, not {guarded!r}"
        self.attached = {(account, name): thaw(Protection, frozen) for account, name, frozen in attached}
        self.windows = dict(windows)
        for name in guarded:
            self.begin_countdown(name, floor)

    def hear(self, floor: Floor, event: Event, is_quiet: bool) -> None:
        """Tells the sockets, then does what belongs to Bybit's positions."""
        if not is_quiet:
            tell(self.hub, floor, event, floor.clock.now_ms())
        match event:
            case AccountChanged():
                for position in event.positions:
                    drop_idle(floor, event.account, position)
            case OrderChanged():
                if event.trade is not None:
                    attach(self.attached, floor, event.account, event.order, event.trade)
                if not event.order.is_open:
                    self.attached.pop((event.account.name, event.order.request.client_order_id), None)
            case _:
                pass

    def guard(self, client: Client, account: Account) -> None:
        """A private socket watches over the account's orders: a running countdown ends."""
        self.guarding[client.client_id] = account.name
        if account.name in self.windows:
            account.countdowns.clear()

    def leave(self, client: Client, floor: Floor) -> None:
        """The socket is gone. When it was the last that watched, the countdown begins."""
        self.hub.leave(client)
        name = self.guarding.pop(client.client_id, "")
        if name not in self.guarding.values():
            self.begin_countdown(name, floor)

    def begin_countdown(self, name: str, floor: Floor) -> None:
        window = self.windows.get(name)
        if window is not None:
            due = floor.clock.now_ms() + window * 1000
            floor.accounts[name].countdowns.update(dict.fromkeys(floor.books, due))
