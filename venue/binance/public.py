"""Market data over REST."""

from venue.binance.call import Call
from venue.binance.errors import JsonObject, WireError
from venue.binance.render import fixed, money, plain, price_text, quantity_text
from venue.candles import INTERVALS, Candle
from venue.core.funding import PERIOD_MS, next_funding_ms
from venue.core.instrument import Instrument
from venue.core.orders import Side
from venue.market import Lane, day_of

MOST_SHOWN = 1000
DEPTHS = (5, 10, 20, 50, 100, 500, 1000)


def get_ping(call: Call) -> JsonObject:
    return {}


def get_time(call: Call) -> JsonObject:
    return {"serverTime": call.venue.clock.now_ms()}


def lane_of(call: Call) -> Lane:
    return call.venue.market.lanes[call.symbol()]


def chosen(call: Call) -> list[Lane]:
    symbol = call.maybe_symbol()
    return [call.venue.market.lanes[symbol]] if symbol else list(call.venue.market.lanes.values())


def one_or_many(call: Call, rows: list[JsonObject]) -> object:
    """Asked for one symbol Binance answers an object, else a list."""
    return rows[0] if call.maybe("symbol") else rows


def get_klines(call: Call) -> list[list[object]]:
    if "symbol" not in call.params and "pair" in call.params:
        call.params["symbol"] = call.params["pair"]  # continuousKlines names it so
    lane, interval = lane_of(call), call.text("interval")
    if interval not in INTERVALS:
        raise WireError(-1120, "Invalid interval.")
    start, end = call.times()
    bars = lane.history.bars(interval, start, end, call.limit(500, 1500))
    return [kline_row(bar, INTERVALS[interval], lane.book.instrument) for bar, _ in bars]


def kline_row(bar: Candle, width_ms: int, instrument: Instrument) -> list[object]:
    quote = bar.volume * bar.close
    return [
        bar.open_time_ms,
        price_text(instrument, bar.open),
        price_text(instrument, bar.high),
        price_text(instrument, bar.low),
        price_text(instrument, bar.close),
        plain(bar.volume),
        bar.open_time_ms + width_ms - 1,
        money(quote),
        trades_in(bar),
        plain(bar.volume / 2),
        money(quote / 2),
        "0",
    ]


def trades_in(bar: Candle) -> int:
    """How many trades a bar tells of: nobody made them, so it is only a plausible number."""
    return int(bar.volume) % 5000 + 1


def get_depth(call: Call) -> JsonObject:
    lane, limit = lane_of(call), call.maybe_integer("limit") or 500
    if limit not in DEPTHS:
        raise WireError(-4021, f"{limit} is not valid depth limit")
    now = call.venue.clock.now_ms()
    return {"lastUpdateId": lane.book.update_id, "E": now, "T": now, **depth_json(lane, min(limit, 100))}


def depth_json(lane: Lane, levels: int) -> dict[str, list[list[str]]]:
    instrument = lane.book.instrument
    sides = {"bids": lane.book.depth(Side.SELL, levels), "asks": lane.book.depth(Side.BUY, levels)}
    return {
        name: [[price_text(instrument, p), quantity_text(instrument, q)] for p, q in rows]
        for name, rows in sides.items()
    }


def get_trades(call: Call) -> list[JsonObject]:
    """Recent public prints."""
    lane, limit = lane_of(call), call.limit(500, 1000)
    return [dict(row) for row in list(call.venue.feed.prints.get(lane.symbol, ()))[-limit:]]


def get_agg_trades(call: Call) -> list[JsonObject]:
    rows = get_trades(call)
    return [
        {
            "a": r["id"],
            "p": r["price"],
            "q": r["qty"],
            "f": r["id"],
            "l": r["id"],
            "T": r["time"],
            "m": r["isBuyerMaker"],
        }
        for r in rows
    ]


def get_ticker_24h(call: Call) -> object:
    return one_or_many(call, [ticker_json(lane, call.venue.clock.now_ms()) for lane in chosen(call)])


def ticker_json(lane: Lane, now_ms: int) -> JsonObject:
    day, instrument = day_of(lane), lane.book.instrument
    change = day.close - day.open
    return {
        "symbol": lane.symbol,
        "priceChange": price_text(instrument, change),
        "priceChangePercent": fixed(change / day.open * 100, 3),
        "weightedAvgPrice": price_text(instrument, (day.high + day.low + day.close) / 3),
        "lastPrice": price_text(instrument, day.close),
        "lastQty": plain(instrument.step),
        "openPrice": price_text(instrument, day.open),
        "highPrice": price_text(instrument, day.high),
        "lowPrice": price_text(instrument, day.low),
        "volume": plain(day.volume),
        "quoteVolume": money(day.volume * day.close),
        "openTime": now_ms - 86_400_000,
        "closeTime": now_ms,
        "firstId": 1,
        "lastId": lane.book.last_trade_id,
        "count": trades_in(day),
    }


def get_ticker_price(call: Call) -> object:
    now = call.venue.clock.now_ms()
    rows: list[JsonObject] = [
        {"symbol": lane.symbol, "price": price_text(lane.book.instrument, lane.book.last), "time": now}
        for lane in chosen(call)
    ]
    return one_or_many(call, rows)


def get_book_ticker(call: Call) -> object:
    return one_or_many(call, [book_ticker_json(lane, call.venue.clock.now_ms()) for lane in chosen(call)])


def book_ticker_json(lane: Lane, now_ms: int) -> JsonObject:
    depth = depth_json(lane, 1)
    (bid, bid_quantity), (ask, ask_quantity) = depth["bids"][0], depth["asks"][0]
    return {
        "symbol": lane.symbol,
        "bidPrice": bid,
        "bidQty": bid_quantity,
        "askPrice": ask,
        "askQty": ask_quantity,
        "time": now_ms,
        "lastUpdateId": lane.book.update_id,
    }


def get_premium_index(call: Call) -> object:
    return one_or_many(call, [premium_json(call, lane) for lane in chosen(call)])


def premium_json(call: Call, lane: Lane) -> JsonObject:
    return {
        "symbol": lane.symbol,
        "markPrice": money(lane.book.mark),
        "indexPrice": money(lane.book.last),
        "estimatedSettlePrice": money(lane.book.mark),
        "lastFundingRate": money(call.venue.market.funding_rate),
        "interestRate": "0.00010000",
        "nextFundingTime": next_funding_ms(call.venue.clock.market_ms()),
        "time": call.venue.clock.now_ms(),
    }


def get_funding_rates(call: Call) -> list[JsonObject]:
    """Past funding times inside the served history, at market time."""
    start, end = call.times()
    rows: list[JsonObject] = []
    for lane in chosen(call):
        first = lane.history.minutes[0].open_time_ms if lane.history.minutes else 0
        last = call.venue.clock.market_ms()
        times = range(next_funding_ms(first - 1), last + 1, PERIOD_MS)
        rows += [
            {
                "symbol": lane.symbol,
                "fundingRate": money(call.venue.market.funding_rate),
                "fundingTime": t,
                "markPrice": mark_at(lane, t),
            }
            for t in times
            if (start is None or t >= start) and (end is None or t <= end)
        ]
    return rows[-call.limit(100, 1000) :]


def mark_at(lane: Lane, time_ms: int) -> str:
    found = lane.history.bars("1m", time_ms, None, 1)
    return money(found[0][0].open if found else lane.book.mark)


def get_funding_info(call: Call) -> list[JsonObject]:
    return []


def get_open_interest(call: Call) -> JsonObject:
    return {"symbol": call.symbol(), "openInterest": "10000.000", "time": call.venue.clock.now_ms()}
