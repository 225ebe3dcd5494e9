"""Market data over REST."""

from decimal import Decimal

from venue.candles import Candle
from venue.core.book import Book
from venue.core.funding import PERIOD_MS, next_funding_ms
from venue.core.instrument import Instrument
from venue.core.orders import Side
from venue.hub import Payload
from venue.market import Lane, day_of
from venue.mexc.call import Call
from venue.mexc.contracts import contract_size, number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject, invalid

NAMES = {
    "Min1": "1m", "Min5": "5m", "Min15": "15m", "Min30": "30m", "Min60": "1h", "Hour4": "4h", "Hour8": "8h",
    "Day1": "1d", "Week1": "1w",
}  # fmt: skip
MOST_LEVELS, MOST_BARS, MOST_DEALS = 100, 2000, 100
STATES = {"TRADING": 0, "SETTLING": 1}  # of a contract; anything else: 4, paused
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


def detail_json(book: Book) -> JsonObject:
    instrument, tier = book.instrument, book.instrument.brackets[0]
    name = wire_symbol(instrument.symbol)
    return {
        "symbol": name,
        "displayName": f"{name}永续",
        "displayNameEn": f"{name} PERPETUAL",
        "positionOpenType": 3,
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "settleCoin": instrument.quote,
        "contractSize": number(contract_size(instrument)),
        "minLeverage": 1,
        "maxLeverage": instrument.max_leverage(),
        "priceScale": instrument.price_decimals,
        "volScale": 0,
        "amountScale": 4,
        "priceUnit": number(instrument.tick),
        "volUnit": 1,
        "minVol": to_vol(instrument, instrument.min_quantity),
        "maxVol": to_vol(instrument, instrument.max_quantity),
        "bidLimitPriceRate": number(instrument.price_band),
        "askLimitPriceRate": number(instrument.price_band),
        "takerFeeRate": number(instrument.taker_rate),
        "makerFeeRate": number(instrument.maker_rate),
        "maintenanceMarginRate": number(tier.maintenance_rate),
        "initialMarginRate": number(Decimal(1) / tier.max_leverage),
        "riskBaseVol": to_vol(instrument, instrument.max_quantity),
        "riskIncrVol": 0,
        "riskIncrMmr": 0,
        "riskIncrImr": 0,
        "riskLevelLimit": len(instrument.brackets),
        "riskLimitMode": "CUSTOM",
        "riskLimitCustom": tiers_json(instrument),
        "priceCoefficientVariation": number(instrument.price_band),
        "indexOrigin": ["BINANCE", "BYBIT", "MEXC"],
        "state": STATES.get(book.status, 4),
        "apiAllowed": True,
        "isNew": False,
        "isHot": True,
        "isHidden": False,
    }


def tiers_json(instrument: Instrument) -> list[JsonObject]:
    """`maxVol` at the instrument's first price: tiers are amounts of money here."""
    size = contract_size(instrument) * instrument.first_price
    return [
        {
            "level": b.number,
            "maxVol": int(b.notional_cap / size),
            "mmr": number(b.maintenance_rate),
            "imr": number(Decimal(1) / b.max_leverage),
            "maxLeverage": b.max_leverage,
        }
        for b in instrument.brackets
    ]


def get_currencies(call: Call) -> object:
    return ["USDT"]


def get_depth(call: Call) -> object:
    lane, levels = lane_of(call), call.limit(MOST_LEVELS, 1000)
    return {
        **book_json(lane.book, levels),
        "version": call.venue.mexc_feed.versions.get(lane.symbol, 1),
        "timestamp": call.venue.clock.now_ms(),
    }


def book_json(book: Book, levels: int) -> JsonObject:
    """At most 100 levels are shown, whatever was asked for: price, contracts, orders."""
    instrument, shown = book.instrument, min(levels, MOST_LEVELS)
    return {
        "asks": [[number(p), to_vol(instrument, q), 1] for p, q in book.depth(Side.BUY, shown)],
        "bids": [[number(p), to_vol(instrument, q), 1] for p, q in book.depth(Side.SELL, shown)],
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


def kline_payload(lane: Lane, bar: Candle, interval: str) -> Payload:
    """A bar as the kline channel tells it; `interval` in MEXC's words, contracts in `q`."""
    prices = {"o": number(bar.open), "c": number(bar.close), "h": number(bar.high), "l": number(bar.low)}
    return {
        "symbol": wire_symbol(lane.symbol),
        "interval": interval,
        "t": bar.open_time_ms // 1000,
        **prices,
        "a": number(bar.volume * bar.close),
        "q": to_vol(lane.book.instrument, bar.volume),
        **{f"r{name}": price for name, price in prices.items()},
    }


def get_deals(call: Call) -> object:
    """Newest first."""
    lane, most = lane_of(call), call.limit(MOST_DEALS, MOST_DEALS)
    prints = list(call.venue.feed.prints.get(lane.symbol, ()))[-most:]
    return [deal_payload(lane.book.instrument, row) for row in reversed(prints)]


def deal_payload(instrument: Instrument, row: Payload) -> Payload:
    """A public print: T 1 bought, 2 sold by the taker."""
    return {
        "p": number(Decimal(str(row["price"]))),
        "v": to_vol(instrument, Decimal(str(row["qty"]))),
        "T": 2 if row["isBuyerMaker"] else 1,
        "O": 3,
        "M": 2,
        "t": row["time"],
        "i": row["id"],
    }


def get_tickers(call: Call) -> object:
    """One contract when it is named, else all."""
    rate, now = call.venue.market.funding_rate, call.venue.clock.now_ms()
    if call.maybe("symbol"):
        return ticker_json(lane_of(call), rate, now)
    return [ticker_json(lane, rate, now) for lane in call.venue.market.lanes.values()]


def ticker_json(lane: Lane, funding_rate: Decimal, now_ms: int) -> JsonObject:
    day, book = day_of(lane), lane.book
    instrument = book.instrument
    return {
        "symbol": wire_symbol(lane.symbol),
        "lastPrice": number(book.last),
        "bid1": number(book.depth(Side.SELL, 1)[0][0]),
        "ask1": number(book.depth(Side.BUY, 1)[0][0]),
        "volume24": to_vol(instrument, day.volume),
        "amount24": number(day.volume * day.close),
        "holdVol": 10_000,
        "lower24Price": number(day.low),
        "high24Price": number(day.high),
        "riseFallRate": number(((day.close - day.open) / day.open).quantize(Decimal("0.0001"))),
        "riseFallValue": number(day.close - day.open),
        "indexPrice": number(book.last),
        "fairPrice": number(book.mark),
        "fundingRate": number(funding_rate),
        "maxBidPrice": number(instrument.round_price(book.mark * (1 + instrument.price_band))),
        "minAskPrice": number(instrument.round_price(book.mark * (1 - instrument.price_band))),
        "timestamp": now_ms,
    }
