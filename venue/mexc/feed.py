"""Market data channels: what the market prints, in MEXC's words, for those who subscribed."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from venue.candles import Candle
from venue.clock import VenueClock
from venue.core.funding import next_funding_ms
from venue.core.orders import Trade
from venue.hub import Hub, Payload
from venue.market import Lane
from venue.mexc.contracts import number, wire_symbol
from venue.mexc.market_render import MOST_LEVELS, NAMES, book_json, deal_payload, kline_payload, ticker_json

if TYPE_CHECKING:
    from venue.binance.feed import Feed

INTERVAL_OF = {ours: theirs for theirs, ours in NAMES.items()}
FULL_DEPTHS = (5, 10, 20)
MOST_COMMITS = 1000

Side = dict[float, list[object]]  # price -> row


@dataclass(slots=True, kw_only=True)
class MexcFeed:
    """Listens to the market's tape, after the feed that makes the public prints.

    `versions` count the changes told of each book: a snapshot with version n holds all of them up to n.
    """

    hub: Hub
    clock: VenueClock
    prints: "Feed"
    funding_rate: Decimal = Decimal(0)
    versions: dict[str, int] = field(default_factory=dict)
    commits: dict[str, deque[Payload]] = field(default_factory=dict)
    told_books: dict[str, tuple[Side, Side]] = field(default_factory=dict)  # by symbol: asks and bids

    def stepped(self, lane: Lane, traded: Decimal) -> None:
        """The price moved within the minute."""
        for interval, ours in NAMES.items():
            if self.hub.has(kline_stream(lane.symbol, interval)):
                bar = lane.history.series(ours).forming(lane.history.forming)
                if bar is not None:
                    self._tell_kline(lane, bar, interval)
        self._tell_deals(lane, 1)
        self._tell_books(lane)
        self._tell_prices(lane)

    def stirred(self, lane: Lane, trades: list[Trade]) -> None:
        """Customers' orders changed the book, and traded this."""
        if trades:
            self._tell_deals(lane, len(trades))
        self._tell_books(lane)

    def closed(self, lane: Lane, minute: Candle, bars: dict[str, Candle]) -> None:
        """A minute closed, and with it perhaps longer bars: their last word."""
        for ours, bar in bars.items():
            if ours in INTERVAL_OF:
                self._tell_kline(lane, bar, INTERVAL_OF[ours])

    def second(self, lane: Lane) -> None:
        """Once each wall second: the ticker and the funding rate."""
        stream = f"ticker.{lane.symbol}".lower()
        self._offer(stream, "push.ticker", lane, lambda: ticker_json(lane, self.funding_rate, self.clock.now_ms()))
        self._offer(f"funding.rate.{lane.symbol}".lower(), "push.funding.rate", lane, lambda: self._funding(lane))

    def second_of_all(self, lanes: list[Lane]) -> None:
        if self.hub.has("tickers"):
            now = self.clock.now_ms()
            rows = [ticker_json(lane, self.funding_rate, now) for lane in lanes]
            self.hub.publish("tickers", {"channel": "push.tickers", "data": rows, "ts": now})

    def begin_book(self, lane: Lane) -> None:
        """Changes are told from how the book is now; who already listens misses nothing by it."""
        if lane.symbol not in self.told_books:
            self.told_books[lane.symbol] = sides_of(lane)

    def _offer(self, stream: str, channel: str, lane: Lane, make: Callable[[], object]) -> None:
        if self.hub.has(stream):
            message: Payload = {"channel": channel, "data": make(), "symbol": wire_symbol(lane.symbol)}
            self.hub.publish(stream, message | {"ts": self.clock.now_ms()})

    def _tell_kline(self, lane: Lane, bar: Candle, interval: str) -> None:
        stream = kline_stream(lane.symbol, interval)
        self._offer(stream, "push.kline", lane, lambda: kline_payload(lane, bar, interval))

    def _tell_deals(self, lane: Lane, count: int) -> None:
        """The newest prints of the other feed."""
        printed = self.prints.prints.get(lane.symbol)
        if printed:
            rows = [deal_payload(lane.book.instrument, row) for row in list(printed)[-count:]]
            self._offer(f"deal.{lane.symbol}".lower(), "push.deal", lane, lambda: rows)

    def _tell_prices(self, lane: Lane) -> None:
        name, book = wire_symbol(lane.symbol), lane.book
        index, fair = ({"symbol": name, "price": number(price)} for price in (book.last, book.mark))
        self._offer(f"index.price.{lane.symbol}".lower(), "push.index.price", lane, lambda: index)
        self._offer(f"fair.price.{lane.symbol}".lower(), "push.fair.price", lane, lambda: fair)

    def _tell_books(self, lane: Lane) -> None:
        self._tell_depth(lane)
        for levels in FULL_DEPTHS:
            stream = f"depth.full.{levels}.{lane.symbol}".lower()
            self._offer(stream, "push.depth.full", lane, partial(self._full, lane, levels))

    def _tell_depth(self, lane: Lane) -> None:
        """Only what changed since last told; a level of 0 contracts is gone."""
        stream = f"depth.{lane.symbol}".lower()
        if not self.hub.has(stream):
            self.told_books.pop(lane.symbol, None)
            return
        self.begin_book(lane)
        before, after = self.told_books[lane.symbol], sides_of(lane)
        asks, bids = (changes(b, a) for b, a in zip(before, after, strict=True))
        if not asks and not bids:
            return
        self.told_books[lane.symbol] = after
        version = self.versions.get(lane.symbol, 1) + 1
        self.versions[lane.symbol] = version
        change: Payload = {"asks": asks, "bids": bids, "begin": version, "end": version, "version": version}
        self.commits.setdefault(lane.symbol, deque(maxlen=MOST_COMMITS)).append(change)
        self._offer(stream, "push.depth", lane, lambda: change)

    def _full(self, lane: Lane, levels: int) -> Payload:
        return {**book_json(lane.book, levels), "version": self.versions.get(lane.symbol, 1)}

    def _funding(self, lane: Lane) -> Payload:
        due = next_funding_ms(self.clock.market_ms())
        return {"symbol": wire_symbol(lane.symbol), "rate": number(self.funding_rate), "nextSettleTime": due}


def kline_stream(symbol: str, interval: str) -> str:
    return f"kline.{interval}.{symbol}".lower()


def sides_of(lane: Lane) -> tuple[Side, Side]:
    body = book_json(lane.book, MOST_LEVELS)
    return by_price(body["asks"]), by_price(body["bids"])


def by_price(rows: object) -> Side:
    assert isinstance(rows, list), f"a side of a book is a list, not {rows!r}"
    return {row[0]: row for row in rows}


def changes(before: Side, after: Side) -> list[list[object]]:
    gone: list[list[object]] = [[price, 0, 0] for price in before if price not in after]
    return gone + [row for price, row in after.items() if before.get(price) != row]
