"""Market data over REST."""

from venue.bybit.call import Call
from venue.bybit.errors import BybitError, JsonObject, invalid
from venue.bybit.market_render import (
    NAMES,
    book_json,
    instrument_json,
    instrument_status,
    kline_row,
    risk_rows,
    ticker_json,
    trade_json,
)
from venue.bybit.render import plain
from venue.core.funding import PERIOD_MS, next_funding_ms
from venue.market import Lane


def get_time(call: Call) -> JsonObject:
    now = call.venue.clock.now_ns()
    return {"timeSecond": str(now // 1_000_000_000), "timeNano": str(now)}


def chosen(call: Call) -> list[Lane]:
    symbol = call.maybe_symbol()
    return [call.venue.market.lanes[symbol]] if symbol else list(call.venue.market.lanes.values())


def get_instruments(call: Call) -> JsonObject:
    """The cursor is the place of the next symbol."""
    status, limit, cursor = call.maybe("status"), call.limit(500, 1000), call.maybe_integer("cursor") or 0
    lanes = [lane for lane in chosen(call) if status in (None, instrument_status(lane.book))]
    rows = [instrument_json(lane.book) for lane in lanes[cursor : cursor + limit]]
    following = str(cursor + limit) if len(lanes) > cursor + limit else ""
    return {"category": "linear", "list": rows, "nextPageCursor": following}


def get_klines(call: Call) -> JsonObject:
    """Newest first; with a start alone the first `limit` bars from there."""
    lane, (start, end) = call.venue.market.lanes[call.symbol()], call.times("start", "end")
    interval = NAMES.get(call.text("interval"))
    if interval is None:
        raise BybitError(10001, "Invalid period!")
    bars = lane.history.bars(interval, start, end, call.limit(200, 1000))
    rows = [kline_row(bar) for bar, _ in reversed(bars)]
    return {"symbol": lane.symbol, "category": "linear", "list": rows}


def get_tickers(call: Call) -> JsonObject:
    venue = call.venue
    rows = [ticker_json(lane, venue.market.funding_rate, venue.clock.market_ms()) for lane in chosen(call)]
    return {"category": "linear", "list": rows}


def get_order_book(call: Call) -> JsonObject:
    lane, levels = call.venue.market.lanes[call.symbol()], call.limit(25, 1000)
    now = call.venue.clock.now_ms()
    return {**book_json(lane.book, levels), "ts": now, "cts": now}


def get_trades(call: Call) -> JsonObject:
    symbol, limit = call.symbol(), call.limit(500, 1000)
    prints = list(call.venue.feed.prints.get(symbol, ()))[-limit:]
    return {"category": "linear", "list": [trade_json(symbol, row) for row in reversed(prints)]}


def get_funding_history(call: Call) -> JsonObject:
    """Past funding times inside the served history, at market time, newest first."""
    symbol, (start, end) = call.symbol(), call.times()
    lane = call.venue.market.lanes[symbol]
    first = lane.history.minutes[0].open_time_ms if lane.history.minutes else 0
    times = range(next_funding_ms(first - 1), call.venue.clock.market_ms() + 1, PERIOD_MS)
    wanted = [t for t in times if (start is None or t >= start) and (end is None or t <= end)]
    rate = plain(call.venue.market.funding_rate)
    rows = [{"symbol": symbol, "fundingRate": rate, "fundingRateTimestamp": str(t)} for t in reversed(wanted)]
    return {"category": "linear", "list": rows[: call.limit(200, 200)]}


def get_risk_limits(call: Call) -> JsonObject:
    rows = [row for lane in chosen(call) for row in risk_rows(lane.book)]
    return {"category": "linear", "list": rows, "nextPageCursor": ""}


def get_open_interest(call: Call) -> JsonObject:
    if not call.maybe("intervalTime"):
        raise invalid("intervalTime")
    row = {"openInterest": "10000", "timestamp": str(call.venue.clock.market_ms())}
    return {"symbol": call.symbol(), "category": "linear", "list": [row], "nextPageCursor": ""}
