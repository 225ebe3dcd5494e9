"""Market data streams: what the market prints, in Binance's words, for those who subscribed."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from venue.binance.market_render import book_ticker_json, depth_json, ticker_json, trades_in
from venue.binance.render import average_text, money, plain, price_text, quantity_text
from venue.candles import INTERVALS, Candle
from venue.clock import VenueClock
from venue.core.funding import next_funding_ms
from venue.core.instrument import Instrument
from venue.core.orders import Order, Side, Trade
from venue.hub import Hub, Payload
from venue.market import Lane
from venue.truth import Truth

MOST_PRINTS = 1000
DEPTH_LEVELS = 100  # as many as a snapshot shows: who follows both has the same book as the exchange


@dataclass(slots=True, kw_only=True)
class Feed:
    """Listens to the market's tape."""

    hub: Hub
    clock: VenueClock
    truth: Truth
    funding_rate: Decimal = Decimal(0)
    prints: dict[str, deque[Payload]] = field(default_factory=dict)
    told_depth: dict[str, tuple[int, dict[tuple[Side, str], str]]] = field(default_factory=dict)

    def stepped(self, lane: Lane, traded: Decimal) -> None:
        """The price moved within the minute."""
        self._print_step(lane, traded)
        for interval in INTERVALS:
            bar = self._forming(lane, interval)
            if bar is not None:
                self._publish_kline(lane, bar, interval, is_closed=False)
        self._tell_book(lane)

    def closed(self, lane: Lane, minute: Candle, bars: dict[str, Candle]) -> None:
        """A minute closed, and with it perhaps longer bars."""
        for interval, bar in bars.items():
            self._publish_kline(lane, bar, interval, is_closed=True)
        self.truth.tell("kline.closed", symbol=lane.symbol, open_time_ms=minute.open_time_ms, close=minute.close)

    def second(self, lane: Lane) -> None:
        """Once each wall second: mark price and day's figures."""
        name = lane.symbol.lower()
        for stream in (f"{name}@markprice", f"{name}@markprice@1s"):
            self._offer(stream, lambda: self._mark(lane))
        self._offer(f"{name}@miniticker", lambda: self._mini_ticker(lane))
        self._offer(f"{name}@ticker", lambda: self._ticker(lane))

    def second_of_all(self, lanes: list[Lane]) -> None:
        for stream in ("!markprice@arr", "!markprice@arr@1s"):
            if self.hub.has(stream):
                self.hub.publish(stream, [self._mark(lane) for lane in lanes])
        if self.hub.has("!miniticker@arr"):
            self.hub.publish("!miniticker@arr", [self._mini_ticker(lane) for lane in lanes])
        if self.hub.has("!ticker@arr"):
            self.hub.publish("!ticker@arr", [self._ticker(lane) for lane in lanes])

    def _offer(self, stream: str, make: Callable[[], Payload]) -> None:
        if self.hub.has(stream):
            self.hub.publish(stream, make())

    def _head(self, event: str, lane: Lane) -> Payload:
        return {"e": event, "E": self.clock.now_ms(), "s": lane.symbol}

    def _forming(self, lane: Lane, interval: str) -> Candle | None:
        name = lane.symbol.lower()
        streams = (f"{name}@kline_{interval}", f"{name}_perpetual@continuouskline_{interval}")
        if not any(self.hub.has(s) for s in streams):
            return None
        return lane.history.series(interval).forming(lane.history.forming)

    def _publish_kline(self, lane: Lane, bar: Candle, interval: str, is_closed: bool) -> None:
        name = lane.symbol.lower()
        self._offer(f"{name}@kline_{interval}", lambda: self._kline(lane, bar, interval, is_closed))
        continuous = f"{name}_perpetual@continuouskline_{interval}"
        self._offer(continuous, lambda: self._continuous(lane, bar, interval, is_closed))

    def _kline(self, lane: Lane, bar: Candle, interval: str, is_closed: bool) -> Payload:
        body = {"s": lane.symbol, **kline_body(lane, bar, interval, is_closed)}
        return {**self._head("kline", lane), "k": body}

    def _continuous(self, lane: Lane, bar: Candle, interval: str, is_closed: bool) -> Payload:
        return {
            "e": "continuous_kline",
            "E": self.clock.now_ms(),
            "ps": lane.symbol,
            "ct": "PERPETUAL",
            "k": kline_body(lane, bar, interval, is_closed),
        }

    def stirred(self, lane: Lane, trades: list[Trade]) -> None:
        """Customers' orders changed the book, and traded this."""
        lane.book.update_id += 1
        for trade in trades:
            self._print(lane, trade.quantity, trade.price, is_buyer_maker=trade.is_maker == (trade.side is Side.BUY))
        self._tell_book(lane)

    def liquidated(self, lane: Lane, order: Order, trade: Trade) -> None:
        """The exchange took a position over."""
        body = forced_json(lane.book.instrument, order, trade)
        message: Payload = {"e": "forceOrder", "E": self.clock.now_ms(), "o": body}
        for stream in (f"{lane.symbol.lower()}@forceorder", "!forceorder@arr"):
            self._offer(stream, lambda: message)

    def _tell_book(self, lane: Lane) -> None:
        for stream in (f"{lane.symbol.lower()}@bookticker", "!bookticker"):
            self._offer(stream, lambda: self._book_ticker(lane))
        self._publish_depth(lane)

    def _print_step(self, lane: Lane, traded: Decimal) -> None:
        """One public trade for all the volume of a step."""
        step = lane.book.instrument.step
        quantity = max(traded // step, Decimal(1)) * step
        self._print(lane, quantity, lane.book.last, is_buyer_maker=lane.book.last_trade_id % 2 == 1)

    def _print(self, lane: Lane, quantity: Decimal, price: Decimal, is_buyer_maker: bool) -> None:
        lane.book.last_trade_id += 1
        now = self.clock.now_ms()
        row: Payload = {
            "id": lane.book.last_trade_id,
            "price": price_text(lane.book.instrument, price),
            "qty": quantity_text(lane.book.instrument, quantity),
            "quoteQty": plain(quantity * price),
            "time": now,
            "isBuyerMaker": is_buyer_maker,
        }
        self.prints.setdefault(lane.symbol, deque(maxlen=MOST_PRINTS)).append(row)
        name = lane.symbol.lower()
        self._offer(f"{name}@aggtrade", lambda: self._aggregate(lane, row))
        self._offer(f"{name}@trade", lambda: self._trade(lane, row))

    def _aggregate(self, lane: Lane, row: Payload) -> Payload:
        trade = {"a": row["id"], "p": row["price"], "q": row["qty"], "f": row["id"], "l": row["id"]}
        return {**self._head("aggTrade", lane), **trade, "T": row["time"], "m": row["isBuyerMaker"]}

    def _trade(self, lane: Lane, row: Payload) -> Payload:
        trade = {"T": row["time"], "t": row["id"], "p": row["price"], "q": row["qty"], "X": "MARKET"}
        return {**self._head("trade", lane), **trade, "m": row["isBuyerMaker"]}

    def _book_ticker(self, lane: Lane) -> Payload:
        row, now = book_ticker_json(lane, self.clock.now_ms()), self.clock.now_ms()
        best = {"b": row["bidPrice"], "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"]}
        return {"e": "bookTicker", "u": lane.book.update_id, "s": lane.symbol, **best, "T": now, "E": now}

    def _mark(self, lane: Lane) -> Payload:
        mark = money(lane.book.mark)
        return {
            **self._head("markPriceUpdate", lane),
            "p": mark,
            "ap": mark,
            "P": mark,
            "i": money(lane.book.last),
            "r": money(self.funding_rate),
            "T": next_funding_ms(self.clock.market_ms()),
        }

    def _mini_ticker(self, lane: Lane) -> Payload:
        row = ticker_json(lane, self.clock.now_ms())
        day = {"c": row["lastPrice"], "o": row["openPrice"], "h": row["highPrice"], "l": row["lowPrice"]}
        return {**self._head("24hrMiniTicker", lane), **day, "v": row["volume"], "q": row["quoteVolume"]}

    def _ticker(self, lane: Lane) -> Payload:
        row = ticker_json(lane, self.clock.now_ms())
        return {**self._head("24hrTicker", lane), **{short: row[name] for short, name in TICKER_FIELDS.items()}}

    def _publish_depth(self, lane: Lane) -> None:
        """Partial books as they are; the diff stream tells only what changed since last told."""
        name = lane.symbol.lower()
        for stream in self.hub.wanted(f"{name}@depth"):
            levels = stream.removeprefix(f"{name}@depth").partition("@")[0]
            if levels in ("5", "10", "20"):
                sides = depth_json(lane, int(levels))
                self.hub.publish(stream, self._depth(lane, lane.book.update_id, sides))
        speeds = ("depth", "depth@100ms", "depth@250ms", "depth@500ms", "rpidepth@500ms")
        diffs = [stream for speed in speeds if self.hub.has(stream := f"{name}@{speed}")]
        if diffs:
            update = self._difference(lane)
            for stream in diffs:
                self.hub.publish(stream, update)

    def _depth(self, lane: Lane, before: int, sides: dict[str, list[list[str]]]) -> Payload:
        now, update = self.clock.now_ms(), lane.book.update_id
        ids = {"T": now, "U": min(before + 1, update), "u": update, "pu": before}
        return {**self._head("depthUpdate", lane), **ids, "b": sides["bids"], "a": sides["asks"]}

    def _difference(self, lane: Lane) -> Payload:
        before, told = self.told_depth.get(lane.symbol, (lane.book.update_id - 1, {}))
        sides = depth_json(lane, DEPTH_LEVELS)
        present = {(Side.SELL, p): q for p, q in sides["bids"]} | {(Side.BUY, p): q for p, q in sides["asks"]}
        gone = [key for key in told if key not in present]
        changed = {key: q for key, q in present.items() if told.get(key) != q} | {
            key: quantity_text(lane.book.instrument, Decimal(0)) for key in gone
        }
        self.told_depth[lane.symbol] = (lane.book.update_id, present)
        bids = [[p, q] for (side, p), q in changed.items() if side is Side.SELL]
        asks = [[p, q] for (side, p), q in changed.items() if side is Side.BUY]
        return self._depth(lane, before, {"bids": bids, "asks": asks})


def forced_json(instrument: Instrument, order: Order, trade: Trade) -> Payload:
    return {
        "s": order.request.symbol,
        "S": order.request.side.value,
        "o": "LIMIT",
        "f": order.request.time_in_force.value,
        "q": quantity_text(instrument, order.quantity),
        "p": price_text(instrument, order.price),
        "ap": average_text(instrument, order),
        "X": order.status.value,
        "l": quantity_text(instrument, trade.quantity),
        "z": quantity_text(instrument, order.filled),
        "T": trade.time_ms,
    }


TICKER_FIELDS = {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "c": "lastPrice", "Q": "lastQty",
    "o": "openPrice", "h": "highPrice", "l": "lowPrice", "v": "volume", "q": "quoteVolume", "O": "openTime",
    "C": "closeTime", "F": "firstId", "L": "lastId", "n": "count",
}  # fmt: skip


def kline_body(lane: Lane, bar: Candle, interval: str, is_closed: bool) -> Payload:
    instrument, quote = lane.book.instrument, bar.volume * bar.close
    return {
        "t": bar.open_time_ms,
        "T": bar.open_time_ms + INTERVALS[interval] - 1,
        "i": interval,
        "f": 1,
        "L": lane.book.last_trade_id,
        "o": price_text(instrument, bar.open),
        "c": price_text(instrument, bar.close),
        "h": price_text(instrument, bar.high),
        "l": price_text(instrument, bar.low),
        "v": plain(bar.volume),
        "n": trades_in(bar),
        "x": is_closed,
        "q": money(quote),
        "V": plain(bar.volume / 2),
        "Q": money(quote / 2),
        "B": "0",
    }
