"""One venue: the floor, the market, the dialect and everything that listens."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from venue.binance.feed import Feed
from venue.binance.listen_keys import ListenKeys
from venue.binance.user_stream import messages
from venue.binance.weights import Limits
from venue.bybit.face import Face
from venue.bybit.feed import BybitFeed
from venue.clock import VenueClock
from venue.core.account import Account
from venue.core.events import Event, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import Trade
from venue.faults import Faults
from venue.hub import Hub
from venue.market import Market
from venue.mexc.face import Face as MexcFace
from venue.mexc.feed import MexcFeed
from venue.settings import AccountSettings, Settings
from venue.state_file import StateFile, floor_lines, place_line
from venue.truth import Truth

MOST_REMEMBERED = 200


class Asked(Protocol):
    """A request of any dialect, as far as its answer is remembered."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def params(self) -> dict[str, str]: ...

    @property
    def account_or_none(self) -> Account | None: ...


@dataclass(slots=True, kw_only=True)
class Venue:
    settings: Settings
    clock: VenueClock
    truth: Truth
    faults: Faults
    floor: Floor
    hub: Hub
    feed: Feed
    market: Market
    limits: Limits
    bybit: Face
    bybit_feed: BybitFeed
    mexc: MexcFace
    mexc_feed: MexcFeed
    listen_keys: ListenKeys = field(default_factory=ListenKeys)
    port: int = 0
    speed: float = 60.0
    is_paused: bool = False
    is_quiet: bool = False
    pid: int = field(default_factory=os.getpid)
    state: StateFile | None = None
    origin: Mapping[str, object] = field(default_factory=dict)  # the state file's first line
    _stirred: dict[str, list[Trade]] = field(default_factory=dict)  # by symbol, until it is told
    _requests: "count[int]" = field(default_factory=lambda: count(1))
    _remembered: OrderedDict[str, object] = field(default_factory=OrderedDict)

    def next_request(self) -> int:
        return next(self._requests)

    def hear(self, event: Event) -> None:
        """Everything the exchange does comes through here."""
        self.truth.hear(event)
        if self.state:
            self.state.hear(event)
        if not self.is_quiet:
            for message in messages(self.floor, event, self.clock.now_ms()):
                self.hub.publish_user(event.account.name, message)
        self.bybit.hear(self.floor, event, self.is_quiet)
        self.mexc.hear(self.floor, event, self.is_quiet)
        if isinstance(event, OrderChanged):
            self._note(event)

    def _note(self, event: OrderChanged) -> None:
        trades = self._stirred.setdefault(event.order.request.symbol, [])
        if event.trade is not None and not event.trade.is_second:
            trades.append(event.trade)
            if event.order.request.origin == "liquidation":
                lane = self.market.lanes[event.trade.symbol]
                self.feed.liquidated(lane, event.order, event.trade)
                self.bybit_feed.liquidated(lane, event.trade)

    def tell_market(self) -> None:
        """What customers' orders did to the books since this was last called is public."""
        for symbol, trades in self._stirred.items():
            self.market.tape.stirred(self.market.lanes[symbol], trades)
        self._stirred.clear()

    def commit(self, account: Account | None = None) -> None:
        """Everything up to here is to outlive this process. Called before anything of it leaves the venue."""
        self.tell_market()
        if self.state is None:
            return
        if account is not None:
            self.state.save_account(account)
        for kind, value in self.single_lines():
            self.state.save(kind, value)
        self.state.flush()
        if self.state.is_long:
            self.state.rewrite(self.picture())

    def single_lines(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Of these a state file has one line each that counts."""
        yield "listen_keys", {name: [k.key, k.expires_ms] for name, k in self.listen_keys.by_account.items()}
        yield "bybit", self.bybit.line()
        yield "mexc", self.mexc.line()
        yield "place", place_line(self.market)

    def picture(self) -> Iterator[Mapping[str, object]]:
        """All that has to outlive this process."""
        yield {"header": self.origin}
        yield from ({kind: value} for kind, value in self.single_lines())
        yield from floor_lines(self.floor)

    def expire_listen_key(self, account: str) -> bool:
        """Tells it, then says nothing more on the open sockets; False when there is none."""
        known = self.listen_keys.close(account)
        if known is None:
            return False
        self.hub.publish_user(account, {"e": "listenKeyExpired", "E": self.clock.now_ms(), "listenKey": known.key})
        for client in self.hub.clients.values():
            if client.account == account:
                client.account = None
        return True

    @contextmanager
    def quiet(self, is_quiet: bool) -> Iterator[None]:
        """What happens meanwhile is true, but no stream tells it."""
        self.is_quiet = is_quiet
        try:
            yield
        finally:
            self.is_quiet = False

    def remember(self, call: Asked, body: object, status: int) -> None:
        """Keeps the last answer to each question: what a stale read gives again."""
        if call.method == "GET" and call.account_or_none is not None and status == 200:
            self._remembered[question(call)] = body
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    def remembered(self, call: Asked) -> object | None:
        return self._remembered.get(question(call))

    def open_account(self, wanted: AccountSettings, name: str = "") -> Account:
        name = name or f"account-{len(self.floor.accounts) + 1}"
        account = Account(name=name, key=wanted.key, secret=wanted.secret, wallet=wanted.balance)
        self.floor.accounts[name] = account
        self.commit(account)
        return account


def question(call: Asked) -> str:
    """The same request at another time is the same question."""
    asked = sorted((k, v) for k, v in call.params.items() if k not in ("timestamp", "signature", "recvWindow"))
    name = call.account_or_none.name if call.account_or_none else ""
    return f"{name} {call.path} {asked}"
