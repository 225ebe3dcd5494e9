"""Market data topics: what the market prints, in Bybit's words, for those who subscribed."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from venue.bybit.market_render import NAMES, book_json, kline_payload, ticker_json, trade_json
from venue.bybit.render import SIDES, plain
from venue.candles import Candle
from venue.clock import VenueClock
from venue.core.orders import Trade
from venue.hub import Hub, Payload
from venue.market import Lane

if TYPE_CHECKING:
    from venue.binance.feed import Feed

Levels = dict[str, str]
INTERVAL_OF = {ours: theirs for theirs, ours in NAMES.items()}
DEPTHS = ("1", "50", "200", "500", "1000")


@dataclass(slots=True, kw_only=True)
class BybitFeed:
    """Listens to the market's tape, after the feed that makes the public prints."""

    hub: Hub
    clock: VenueClock
    prints: "Feed"
    funding_rate: Decimal = Decimal(0)
    told_books: dict[str, tuple[Levels, Levels]] = field(default_factory=dict)  # by topic: bids and asks

    def stepped(self, lane: Lane, traded: Decimal) -> None:
        """The price moved within the minute."""
        for interval in NAMES:
            if self.hub.has(f"kline.{interval}.{lane.symbol}".lower()):
                bar = lane.history.series(NAMES[interval]).forming(lane.history.forming)
                if bar is not None:
                    self._publish_kline(lane, bar, interval, is_closed=False)
        self._publish_trades(lane, 1)
        self.second(lane)
        self._publish_books(lane)

    def stirred(self, lane: Lane, trades: list[Trade]) -> None:
        """Customers' orders changed the book, and traded this."""
        if trades:
            self._publish_trades(lane, len(trades))
        self._publish_books(lane)

    def liquidated(self, lane: Lane, trade: Trade) -> None:
        """The exchange took a position over: the side is that of the position."""
        topic = f"allLiquidation.{lane.symbol}"
        if self.hub.has(topic.lower()):
            row = {"T": trade.time_ms, "s": lane.symbol, "S": SIDES[trade.side.other]}
            self._publish(topic, "snapshot", [row | {"v": plain(trade.quantity), "p": plain(trade.price)}])

    def _publish_books(self, lane: Lane) -> None:
        for depth in DEPTHS:
            self._publish_book(lane, depth)

    def closed(self, lane: Lane, minute: Candle, bars: dict[str, Candle]) -> None:
        """A minute closed, and with it perhaps longer bars."""
        for interval, bar in bars.items():
            if interval in INTERVAL_OF:
                self._publish_kline(lane, bar, INTERVAL_OF[interval], is_closed=True)

    def second(self, lane: Lane) -> None:
        topic = f"tickers.{lane.symbol}"
        if self.hub.has(topic.lower()):
            self._publish(topic, "delta", self._ticker(lane))

    def snapshot(self, topic: str, lane: Lane) -> None:
        """What a new subscriber gets first; whoever listens already gets it too and begins anew."""
        kind, _, rest = topic.partition(".")
        if kind == "tickers":
            self._publish(topic, "snapshot", self._ticker(lane))
        elif kind == "orderbook":
            self._publish_snapshot(topic, lane, int(rest.partition(".")[0]))

    def _publish(self, topic: str, kind: str, data: object) -> None:
        now = self.clock.now_ms()
        self.hub.publish(topic.lower(), {"topic": topic, "type": kind, "ts": now, "cts": now, "data": data})

    def _ticker(self, lane: Lane) -> Payload:
        return ticker_json(lane, self.funding_rate, self.clock.market_ms())

    def _publish_kline(self, lane: Lane, bar: Candle, interval: str, is_closed: bool) -> None:
        topic = f"kline.{interval}.{lane.symbol}"
        if self.hub.has(topic.lower()):
            self._publish(topic, "snapshot", [kline_payload(lane, bar, interval, is_closed, self.clock.now_ms())])

    def _publish_trades(self, lane: Lane, count: int) -> None:
        """The newest prints of the other feed."""
        topic, printed = f"publicTrade.{lane.symbol}", self.prints.prints.get(lane.symbol)
        if not printed or not self.hub.has(topic.lower()):
            return
        self._publish(topic, "snapshot", [print_json(lane.symbol, row) for row in list(printed)[-count:]])

    def _publish_book(self, lane: Lane, depth: str) -> None:
        """Only what changed since last told; a level of size 0 is gone."""
        topic = f"orderbook.{depth}.{lane.symbol}"
        if not self.hub.has(topic.lower()):
            return
        if topic not in self.told_books or depth == "1":
            self._publish_snapshot(topic, lane, int(depth))
            return
        body, before = book_json(lane.book, int(depth)), self.told_books[topic]
        after = levels(body["b"]), levels(body["a"])
        self.told_books[topic] = after
        sides = {"b": changes(before[0], after[0]), "a": changes(before[1], after[1])}
        if sides["b"] or sides["a"]:
            self._publish(topic, "delta", {**body, **sides})

    def _publish_snapshot(self, topic: str, lane: Lane, depth: int) -> None:
        body = book_json(lane.book, depth)
        self.told_books[topic] = levels(body["b"]), levels(body["a"])
        self._publish(topic, "snapshot", body)


def print_json(symbol: str, printed: Payload) -> Payload:
    row = trade_json(symbol, printed)
    return {
        "T": printed["time"],
        "s": symbol,
        "S": row["side"],
        "v": row["size"],
        "p": row["price"],
        "L": "ZeroPlusTick",
        "i": row["execId"],
        "BT": False,
        "seq": printed["id"],
    }


def levels(rows: object) -> Levels:
    assert isinstance(rows, list), f"a side of a book is a list, not {rows!r}"
    return {str(price): str(quantity) for price, quantity in rows}


def changes(before: Levels, after: Levels) -> list[list[str]]:
    gone = [[price, "0"] for price in before if price not in after]
    return gone + [[price, quantity] for price, quantity in after.items() if before.get(price) != quantity]
