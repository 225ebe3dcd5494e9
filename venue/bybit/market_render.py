"""Public market data in Bybit's words, for answers and streams alike."""

from decimal import Decimal

from venue.bybit.errors import JsonObject
from venue.bybit.render import money, plain
from venue.candles import INTERVALS, Candle
from venue.core.book import Book
from venue.core.funding import next_funding_ms
from venue.core.orders import Side
from venue.hub import Payload
from venue.market import Lane, day_of

NAMES = {
    "1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h", "240": "4h", "360": "6h",
    "720": "12h", "D": "1d", "W": "1w",
}  # fmt: skip
MOST_LEVELS = 200


def instrument_status(book: Book) -> str:
    return "Trading" if book.status == "TRADING" else "Closed"


def instrument_json(book: Book) -> JsonObject:
    instrument = book.instrument
    return {
        "symbol": instrument.symbol,
        "contractType": "LinearPerpetual",
        "status": instrument_status(book),
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(instrument.price_decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{instrument.max_leverage()}.00", "leverageStep": "1"},
        "priceFilter": {"minPrice": plain(instrument.tick), "maxPrice": "4529764", "tickSize": plain(instrument.tick)},
        "lotSizeFilter": {
            "maxOrderQty": plain(instrument.max_quantity),
            "minOrderQty": plain(instrument.min_quantity),
            "qtyStep": plain(instrument.step),
            "postOnlyMaxOrderQty": plain(instrument.max_quantity),
            "maxMktOrderQty": plain(instrument.max_market_quantity),
            "minNotionalValue": plain(instrument.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": instrument.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
    }


def kline_row(bar: Candle) -> list[str]:
    prices = (plain(p) for p in (bar.open, bar.high, bar.low, bar.close))
    return [str(bar.open_time_ms), *prices, plain(bar.volume), money(bar.volume * bar.close)]


def kline_payload(lane: Lane, bar: Candle, interval: str, is_closed: bool, now_ms: int) -> Payload:
    """A bar as the kline topic tells it; `interval` in Bybit's words."""
    return {
        "start": bar.open_time_ms,
        "end": bar.open_time_ms + INTERVALS[NAMES[interval]] - 1,
        "interval": interval,
        "open": plain(bar.open),
        "close": plain(bar.close),
        "high": plain(bar.high),
        "low": plain(bar.low),
        "volume": plain(bar.volume),
        "turnover": money(bar.volume * bar.close),
        "confirm": is_closed,
        "timestamp": now_ms,
    }


def ticker_json(lane: Lane, funding_rate: Decimal, market_ms: int) -> JsonObject:
    day, book = day_of(lane), lane.book
    (bid, bid_size), (ask, ask_size) = book.depth(Side.SELL, 1)[0], book.depth(Side.BUY, 1)[0]
    return {
        "symbol": lane.symbol,
        "lastPrice": plain(book.last),
        "indexPrice": plain(book.last),
        "markPrice": plain(book.mark),
        "prevPrice24h": plain(day.open),
        "price24hPcnt": plain(((day.close - day.open) / day.open).quantize(Decimal("0.000001"))),
        "highPrice24h": plain(day.high),
        "lowPrice24h": plain(day.low),
        "prevPrice1h": "",
        "openInterest": "10000",
        "openInterestValue": money(10000 * book.last),
        "turnover24h": money(day.volume * day.close),
        "volume24h": plain(day.volume),
        "fundingRate": plain(funding_rate),
        "nextFundingTime": str(next_funding_ms(market_ms)),
        "fundingIntervalHour": "8",
        "bid1Price": plain(bid),
        "bid1Size": plain(bid_size),
        "ask1Price": plain(ask),
        "ask1Size": plain(ask_size),
    }


def book_json(book: Book, levels: int) -> JsonObject:
    """At most 200 levels are shown, whatever was asked for."""
    shown = min(levels, MOST_LEVELS)
    return {
        "s": book.instrument.symbol,
        "b": [[plain(p), plain(q)] for p, q in book.depth(Side.SELL, shown)],
        "a": [[plain(p), plain(q)] for p, q in book.depth(Side.BUY, shown)],
        "u": book.update_id,
        "seq": book.update_id,
    }


def trade_json(symbol: str, row: Payload) -> JsonObject:
    return {
        "execId": f"b0030000-0000-4000-8000-{row['id']:012d}",
        "symbol": symbol,
        "price": plain(Decimal(str(row["price"]))),
        "size": plain(Decimal(str(row["qty"]))),
        "side": "Sell" if row["isBuyerMaker"] else "Buy",
        "time": str(row["time"]),
        "isBlockTrade": False,
    }


def risk_rows(book: Book) -> list[JsonObject]:
    return [
        {
            "id": b.number,
            "symbol": book.instrument.symbol,
            "riskLimitValue": plain(b.notional_cap),
            "maintenanceMargin": plain(b.maintenance_rate),
            "initialMargin": plain((Decimal(1) / b.max_leverage).quantize(Decimal("0.0001"))),
            "isLowestRisk": int(b.number == 1),
            "maxLeverage": f"{b.max_leverage}.00",
            "mmDeduction": plain(b.cumulative),
        }
        for b in book.instrument.brackets
    ]
