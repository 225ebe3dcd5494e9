"""Market data beside the market: what the index is made of, premiums, insurance, statistics over time.

Of figures that would be about other customers (long and short ratios, open interest over time) there are none here,
and the answer is the empty list the real exchange gives for a time it knows nothing about.
"""

from decimal import Decimal

from venue.binance.call import Call
from venue.binance.errors import JsonObject, WireError, missing
from venue.binance.market_render import depth_json
from venue.binance.public import MOST_SHOWN, chosen, get_trades, lane_of
from venue.binance.render import fixed, money
from venue.candles import INTERVALS
from venue.market import Lane

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")


def get_historical_trades(call: Call) -> list[JsonObject]:
    """The same prints, from a given id."""
    first = call.maybe_integer("fromId")
    if first is None:
        return get_trades(call)
    rows = call.venue.feed.prints.get(call.symbol(), ())
    return [dict(row) for row in rows if int(str(row["id"])) >= first][: call.limit(500, 1000)]


def get_premium_klines(call: Call) -> list[list[object]]:
    """The premium is what the mark price is away from the last price, and does not move by itself here."""
    lane, interval = lane_of(call), call.text("interval")
    if interval not in INTERVALS:
        raise WireError(-1120, "Invalid interval.")
    start, end = call.times()
    bars = lane.history.bars(interval, start, end, call.limit(500, 1500))
    premium = premium_text(lane)
    return [premium_row(bar.open_time_ms, INTERVALS[interval], premium) for bar, _ in bars]


def premium_text(lane: Lane) -> str:
    return fixed(lane.book.mark_offset / lane.book.last, 8)


def premium_row(open_ms: int, width_ms: int, premium: str) -> list[object]:
    return [open_ms, *[premium] * 4, "0", open_ms + width_ms - 1, "0", 12, "0", "0", "0"]


def get_rpi_depth(call: Call) -> JsonObject:
    """No retail price improvement orders here: the ordinary depth."""
    lane, limit = lane_of(call), call.maybe_integer("limit") or MOST_SHOWN
    if not 0 < limit <= MOST_SHOWN:
        raise WireError(-4021, f"{limit} is not valid depth limit")
    now = call.venue.clock.now_ms()
    return {"lastUpdateId": lane.book.update_id, "E": now, "T": now, **depth_json(lane, min(limit, 100))}


def get_constituents(call: Call) -> JsonObject:
    lane = lane_of(call)
    only = {"exchange": "venue", "symbol": lane.symbol, "price": money(lane.book.last), "weight": "1.00000000"}
    return {"symbol": lane.symbol, "time": call.venue.clock.now_ms(), "constituents": [only]}


def get_nothing(call: Call) -> list[JsonObject]:
    """Composite indices, asset indices: this exchange has none."""
    return []


def get_insurance(call: Call) -> object:
    """The fund that pays what liquidated margin can't; who asks for a symbol gets the one group it is in."""
    now = call.venue.clock.now_ms()
    asset = {"asset": "USDT", "marginBalance": money(Decimal(10**9)), "updateTime": now}
    group: JsonObject = {"symbols": list(call.venue.floor.books), "assets": [asset]}
    return group if call.maybe_symbol() else [group]


def get_adl_risk(call: Call) -> object:
    now = call.venue.clock.now_ms()
    rows: list[JsonObject] = [{"symbol": lane.symbol, "adlRisk": "low", "updateTime": now} for lane in chosen(call)]
    return rows[0] if call.maybe("symbol") else rows


def get_trading_schedule(call: Call) -> JsonObject:
    """Only contracts on shares have hours."""
    return {"updateTime": call.venue.clock.now_ms(), "marketSchedules": {}}


def get_trading_status(call: Call) -> JsonObject:
    """Quantitative rules: none is broken."""
    return {"indicators": {}, "updateTime": call.venue.clock.now_ms()}


def get_statistics(call: Call) -> list[JsonObject]:
    """Ratios, open interest and basis over time."""
    name = "pair" if call.path.endswith("basis") else "symbol"
    symbol, period = call.text(name), call.text("period")
    call.venue.floor.book(symbol)
    if period not in PERIODS:
        raise missing("period")
    call.times()
    return []


def get_delivery_prices(call: Call) -> list[JsonObject]:
    """Perpetual contracts are never delivered."""
    call.text("pair")
    return []
