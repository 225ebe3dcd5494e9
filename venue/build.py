"""From settings (and what a state file remembers) to a venue that can be opened."""

from decimal import Decimal
from pathlib import Path

from venue.binance.feed import Feed
from venue.binance.listen_keys import ListenKey, ListenKeys
from venue.binance.weights import Limits
from venue.bybit.face import Face
from venue.bybit.feed import BybitFeed
from venue.bybit.limits import Limits as BybitLimits
from venue.candles import MINUTE_MS, CandleError, CandleFile, Source
from venue.clock import VenueClock
from venue.core.book import Book
from venue.core.floor import Floor
from venue.core.instrument import Instrument
from venue.faults import Faults
from venue.generator import FIRST_MS, Generator
from venue.hub import Hub
from venue.market import Lane, Market, Tape, Tapes
from venue.mexc.face import Face as MexcFace
from venue.mexc.feed import MexcFeed
from venue.mexc.limits import Limits as MexcLimits
from venue.settings import Settings
from venue.state import VERSION, Memory, StateError, listen_keys_of, read_state, restore, restore_books
from venue.state_file import StateFile
from venue.truth import Truth
from venue.venue import Venue


def build(settings: Settings) -> Venue:
    """Raises CandleError when the candles can't be replayed."""
    clock = VenueClock()
    truth = Truth(clock, settings.truth_log)
    faults = Faults(truth=truth, seed=settings.seed)
    hub = Hub(faults)
    feed = Feed(hub=hub, clock=clock, truth=truth, funding_rate=settings.funding_rate)
    bybit = Face(
        hub=Hub(faults), limits=BybitLimits(per_account=settings.order_limit > 0, per_address=settings.weight_limit > 0)
    )
    bybit_feed = BybitFeed(hub=bybit.hub, clock=clock, prints=feed, funding_rate=settings.funding_rate)
    mexc = MexcFace(
        hub=Hub(faults), limits=MexcLimits(per_account=settings.order_limit > 0, per_address=settings.weight_limit > 0)
    )
    mexc_feed = MexcFeed(hub=mexc.hub, clock=clock, prints=feed, funding_rate=settings.funding_rate)
    floor = Floor(clock=clock, emit=lambda event: None, mischief=faults)
    memory = read_memory(settings)
    venue = Venue(
        settings=settings,
        clock=clock,
        truth=truth,
        faults=faults,
        floor=floor,
        hub=hub,
        feed=feed,
        bybit=bybit,
        bybit_feed=bybit_feed,
        mexc=mexc,
        mexc_feed=mexc_feed,
        market=build_market(settings, floor, clock, Tapes((feed, bybit_feed, mexc_feed)), memory),
        limits=Limits(weight_limit=settings.weight_limit, order_limit=settings.order_limit),
        listen_keys=ListenKeys(life_ms=int(settings.listen_key_minutes * MINUTE_MS)),
        speed=settings.speed or 60.0,
        is_paused=settings.speed == 0,
    )
    floor.emit = venue.hear
    if memory.place:
        resume(venue, memory)
    else:
        for wanted in settings.accounts:
            venue.open_account(wanted)
    if settings.state_file:
        keep_state(venue, settings.state_file, memory)
    return venue


def read_memory(settings: Settings) -> Memory:
    """What the state file remembers; nothing when there is none or it is to be forgotten. Raises StateError."""
    memory = None if settings.state_file is None or settings.is_fresh else read_state(settings.state_file)
    if memory is None:
        return Memory(header={"version": VERSION, **origin(settings)})
    for name, value in origin(settings).items():
        if memory.header.get(name) != value:
            was = memory.header.get(name)
            raise StateError(f"{settings.state_file}: made with {name} {was}, not {value}; the same, or --fresh")
    return memory


def origin(settings: Settings) -> dict[str, object]:
    """What must be the same for a market to go on."""
    return {
        "seed": settings.seed,
        "generator": settings.generator,
        "symbols": [i.symbol for i in settings.instruments],
        "candles": {symbol: path.name for symbol, path in settings.candles.items()},
    }


def resume(venue: Venue, memory: Memory) -> None:
    """Accounts, orders, prices and listen keys as they were."""
    restore(memory, venue.floor)
    restore_books(memory, venue.floor)
    for name, (key, expires_ms) in listen_keys_of(memory):
        venue.listen_keys.by_account[name] = ListenKey(name, key, expires_ms)
    venue.bybit.recall(memory.bybit, venue.floor)
    venue.mexc.recall(memory.mexc)
    venue.truth.tell("clock", resumed=True)


def keep_state(venue: Venue, path: Path, memory: Memory) -> None:
    venue.origin = {**memory.header, "first_ms": venue.market.first_ms}
    venue.state = StateFile(path, venue.picture())


def build_market(settings: Settings, floor: Floor, clock: VenueClock, tape: Tape, memory: Memory) -> Market:
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
    shown_ms = whole(memory.header.get("first_ms", shown_ms))
    loops = settings.at_end == "loop"
    market = Market(floor=floor, clock=clock, tape=tape, lanes=lanes, first_ms=shown_ms, length=length, loops=loops)
    market.funding_rate = settings.funding_rate
    place = memory.place
    market.load_history(whole(place.get("index", settings.history)))
    market.resume_minute(whole(place.get("number", 0)), whole(place.get("steps", 4)))
    return market


def whole(value: object) -> int:
    assert isinstance(value, int), f"a state file holds whole numbers here, not {value!r}"
    return value


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
