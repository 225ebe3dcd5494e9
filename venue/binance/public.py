"""Market data over REST."""

from venue.binance.call import Call
from venue.binance.errors import JsonObject, WireError
from venue.binance.market_render import book_ticker_json, depth_json, kline_row, mark_at, ticker_json
from venue.binance.render import money, price_text
from venue.candles import INTERVALS
from venue.core.funding import PERIOD_MS, next_funding_ms
from venue.market import Lane

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


def get_depth(call: Call) -> JsonObject:
    lane, limit = lane_of(call), call.maybe_integer("limit") or 500
    if limit not in DEPTHS:
        raise WireError(-4021, f"{limit} is not valid depth limit")
    now = call.venue.clock.now_ms()
    return {"lastUpdateId": lane.book.update_id, "E": now, "T": now, **depth_json(lane, min(limit, 100))}


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


def get_ticker_price(call: Call) -> object:
    now = call.venue.clock.now_ms()
    rows: list[JsonObject] = [
        {"symbol": lane.symbol, "price": price_text(lane.book.instrument, lane.book.last), "time": now}
        for lane in chosen(call)
    ]
    return one_or_many(call, rows)


def get_book_ticker(call: Call) -> object:
    return one_or_many(call, [book_ticker_json(lane, call.venue.clock.now_ms()) for lane in chosen(call)])


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


def get_funding_info(call: Call) -> list[JsonObject]:
    return []


def get_open_interest(call: Call) -> JsonObject:
    return {"symbol": call.symbol(), "openInterest": "10000.000", "time": call.venue.clock.now_ms()}
