"""Market data over REST."""

from venue.core.funding import PERIOD_MS, next_funding_ms
from venue.market import Lane
from venue.mexc.call import Call
from venue.mexc.contracts import number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject, invalid
from venue.mexc.market_render import MOST_LEVELS, NAMES, book_json, deal_payload, detail_json, ticker_json

MOST_BARS, MOST_DEALS = 2000, 100
FUNDING_CAP = 0.003


def get_ping(call: Call) -> object:
    return call.venue.clock.now_ms()


def lane_of(call: Call) -> Lane:
    return call.venue.market.lanes[call.symbol()]


def paged(call: Call, rows: list[JsonObject]) -> JsonObject:
    """A page of rows as the older endpoints wrap it."""
    skip, size = call.page()
    return {
        "pageSize": size,
        "totalCount": len(rows),
        "totalPage": -(-len(rows) // size),
        "currentPage": skip // size + 1,
        "resultList": rows[skip : skip + size],
    }


def get_details(call: Call) -> object:
    """One contract when it is named, else all."""
    if call.maybe("symbol"):
        return detail_json(lane_of(call).book)
    return [detail_json(lane.book) for lane in call.venue.market.lanes.values()]


def get_currencies(call: Call) -> object:
    return ["USDT"]


def get_depth(call: Call) -> object:
    lane, levels = lane_of(call), call.limit(MOST_LEVELS, 1000)
    return {
        **book_json(lane.book, levels),
        "version": call.venue.mexc_feed.versions.get(lane.symbol, 1),
        "timestamp": call.venue.clock.now_ms(),
    }


def get_depth_commits(call: Call) -> object:
    """The latest changes of the book, oldest first."""
    lane, most = lane_of(call), call.limit(20, 1000)
    return list(call.venue.mexc_feed.commits.get(lane.symbol, ()))[-most:]


def get_index_price(call: Call) -> object:
    lane = lane_of(call)
    price = number(lane.book.last)
    return {"symbol": wire_symbol(lane.symbol), "indexPrice": price, "timestamp": call.venue.clock.now_ms()}


def get_fair_price(call: Call) -> object:
    lane = lane_of(call)
    price = number(lane.book.mark)
    return {"symbol": wire_symbol(lane.symbol), "fairPrice": price, "timestamp": call.venue.clock.now_ms()}


def get_funding_rate(call: Call) -> object:
    market_ms = call.venue.clock.market_ms()
    return {
        "symbol": wire_symbol(lane_of(call).symbol),
        "fundingRate": number(call.venue.market.funding_rate),
        "maxFundingRate": FUNDING_CAP,
        "minFundingRate": -FUNDING_CAP,
        "collectCycle": PERIOD_MS // 3_600_000,
        "nextSettleTime": next_funding_ms(market_ms),
        "timestamp": call.venue.clock.now_ms(),
    }


def get_funding_history(call: Call) -> object:
    """Past funding times inside the served history, at market time, newest first."""
    lane, rate = lane_of(call), number(call.venue.market.funding_rate)
    first = lane.history.minutes[0].open_time_ms if lane.history.minutes else 0
    times = range(next_funding_ms(first - 1), call.venue.clock.market_ms() + 1, PERIOD_MS)
    rows: list[JsonObject] = [
        {"symbol": wire_symbol(lane.symbol), "fundingRate": rate, "settleTime": t} for t in reversed(times)
    ]
    return paged(call, rows)


def get_klines(call: Call) -> object:
    """Columns, oldest first; times in seconds. With a start alone the first 2000 bars from there."""
    lane, (start, end) = lane_of(call), call.times("start", "end")
    interval = NAMES.get(call.maybe("interval") or "Min1")
    if interval is None:
        raise invalid("interval")
    start_ms, end_ms = (None if t is None else t * 1000 for t in (start, end))
    bars = [bar for bar, _ in lane.history.bars(interval, start_ms, end_ms, MOST_BARS)]
    opens, closes = [number(b.open) for b in bars], [number(b.close) for b in bars]
    highs, lows = [number(b.high) for b in bars], [number(b.low) for b in bars]
    return {
        "time": [b.open_time_ms // 1000 for b in bars],
        "open": opens,
        "close": closes,
        "high": highs,
        "low": lows,
        "vol": [to_vol(lane.book.instrument, b.volume) for b in bars],
        "amount": [number(b.volume * b.close) for b in bars],
        "realOpen": opens,
        "realClose": closes,
        "realHigh": highs,
        "realLow": lows,
    }


def get_deals(call: Call) -> object:
    """Newest first."""
    lane, most = lane_of(call), call.limit(MOST_DEALS, MOST_DEALS)
    prints = list(call.venue.feed.prints.get(lane.symbol, ()))[-most:]
    return [deal_payload(lane.book.instrument, row) for row in reversed(prints)]


def get_tickers(call: Call) -> object:
    """One contract when it is named, else all."""
    rate, now = call.venue.market.funding_rate, call.venue.clock.now_ms()
    if call.maybe("symbol"):
        return ticker_json(lane_of(call), rate, now)
    return [ticker_json(lane, rate, now) for lane in call.venue.market.lanes.values()]
