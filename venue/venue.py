"""One venue: the floor, the market, the dialect and everything that listens, put together."""

import json
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count

from venue.binance.call import Call
from venue.binance.feed import Feed
from venue.binance.hub import Hub
from venue.binance.listen_keys import ListenKeys
from venue.binance.user_stream import render
from venue.binance.weights import Limits
from venue.candles import MINUTE_MS, CandleError, CandleFile, Source
from venue.clock import VenueClock
from venue.core.account import Account
from venue.core.book import Book
from venue.core.events import Event
from venue.core.floor import Floor
from venue.core.instrument import Instrument
from venue.faults import Faults
from venue.generator import FIRST_MS, Generator
from venue.market import Lane, Market
from venue.settings import AccountSettings, Settings
from venue.truth import Truth

MOST_REMEMBERED = 2000


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
    listen_keys: ListenKeys = field(default_factory=ListenKeys)
    port: int = 0
    speed: float = 60.0
    is_paused: bool = False
    is_quiet: bool = False
    pid: int = field(default_factory=os.getpid)
    _requests: "count[int]" = field(default_factory=lambda: count(1))
    _remembered: OrderedDict[str, object] = field(default_factory=OrderedDict)

    def next_request(self) -> int:
        return next(self._requests)

    def hear(self, event: Event) -> None:
        """Everything the exchange does comes through here."""
        self.truth.hear(event)
        if not self.is_quiet:
            self.hub.publish_user(event.account.name, render(self.floor, event, self.clock.now_ms()))

    @contextmanager
    def quiet(self, is_quiet: bool) -> Iterator[None]:
        """What happens meanwhile is true, but no stream tells it."""
        self.is_quiet = is_quiet
        try:
            yield
        finally:
            self.is_quiet = False

    def remember(self, call: Call, body: object, status: int) -> None:
        """Keeps the first answer to each question: what a stale read gives again."""
        if call.method == "GET" and call.account_or_none is not None and status == 200:
            self._remembered.setdefault(question(call), json.loads(json.dumps(body)))
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    def remembered(self, call: Call) -> object | None:
        return self._remembered.get(question(call))

    def open_account(self, wanted: AccountSettings, name: str = "") -> Account:
        name = name or f"account-{len(self.floor.accounts) + 1}"
        account = Account(name=name, key=wanted.key, secret=wanted.secret, wallet=wanted.balance)
        self.floor.accounts[name] = account
        return account


def question(call: Call) -> str:
    """The same request at another time is the same question."""
    asked = sorted((k, v) for k, v in call.params.items() if k not in ("timestamp", "signature", "recvWindow"))
    name = call.account_or_none.name if call.account_or_none else ""
    return f"{name} {call.path} {asked}"


def build(settings: Settings) -> Venue:
    """Raises CandleError when the candles can't be replayed."""
    clock = VenueClock()
    truth = Truth(clock, settings.truth_log)
    faults = Faults(truth=truth, seed=settings.seed)
    hub = Hub(faults)
    feed = Feed(hub=hub, clock=clock, truth=truth)
    floor = Floor(clock=clock, emit=lambda event: None, mischief=faults)
    venue = Venue(
        settings=settings,
        clock=clock,
        truth=truth,
        faults=faults,
        floor=floor,
        hub=hub,
        feed=feed,
        market=build_market(settings, floor, clock, feed),
        limits=Limits(weight_limit=settings.weight_limit, order_limit=settings.order_limit),
        speed=settings.speed or 60.0,
        is_paused=settings.speed == 0,
    )
    floor.emit = venue.hear
    for wanted in settings.accounts:
        venue.open_account(wanted)
    return venue


def build_market(settings: Settings, floor: Floor, clock: VenueClock, feed: Feed) -> Market:
    files = {
        i.symbol: CandleFile(settings.candles[i.symbol], i)
        for i in settings.instruments
        if i.symbol in settings.candles
    }
    first_ms = max((f.first_ms for f in files.values()), default=FIRST_MS)
    lanes = {i.symbol: build_lane(settings, floor, i, files.get(i.symbol), first_ms) for i in settings.instruments}
    ends = [lane.source.length - lane.offset for lane in lanes.values() if lane.source.length is not None]
    length = min(ends, default=None)
    if length is not None and length <= settings.history:
        raise CandleError(
            f"the candles have {length} common minutes; --history {settings.history} leaves none to replay"
        )
    shown_ms = clock.now_ms() // MINUTE_MS * MINUTE_MS - settings.history * MINUTE_MS if settings.is_now else first_ms
    loops = settings.at_end == "loop"
    market = Market(floor=floor, clock=clock, tape=feed, lanes=lanes, first_ms=shown_ms, length=length, loops=loops)
    market.load_history(settings.history)
    return market


def build_lane(
    settings: Settings, floor: Floor, instrument: Instrument, file: CandleFile | None, first_ms: int
) -> Lane:
    source: Source = file or Generator(settings.generator, settings.seed, instrument, first_ms)
    offset = (first_ms - source.first_ms) // MINUTE_MS
    if source.length is not None and offset >= source.length:
        raise CandleError(f"{instrument.symbol}: its candles end before those of another symbol begin")
    book = Book(
        instrument=instrument,
        seed=settings.seed,
        level_notional=settings.depth_notional,
        last=instrument.round_price(Decimal(instrument.first_price)),
    )
    floor.books[instrument.symbol] = book
    return Lane(source=source, book=book, offset=offset)
