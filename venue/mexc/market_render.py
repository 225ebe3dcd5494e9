"""Public market data in MEXC's words, for answers and streams alike."""

from decimal import Decimal

from venue.candles import Candle
from venue.core.book import Book
from venue.core.instrument import Instrument
from venue.core.orders import Side
from venue.hub import Payload
from venue.market import Lane, day_of
from venue.mexc.contracts import contract_size, number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject

NAMES = {
    "Min1": "1m", "Min5": "5m", "Min15": "15m", "Min30": "30m", "Min60": "1h", "Hour4": "4h", "Hour8": "8h",
    "Day1": "1d", "Week1": "1w",
}  # fmt: skip
MOST_LEVELS = 100
STATES = {"TRADING": 0, "SETTLING": 1}  # of a contract; anything else: 4, paused


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


def book_json(book: Book, levels: int) -> JsonObject:
    """At most 100 levels are shown, whatever was asked for: price, contracts, orders."""
    instrument, shown = book.instrument, min(levels, MOST_LEVELS)
    return {
        "asks": [[number(p), to_vol(instrument, q), 1] for p, q in book.depth(Side.BUY, shown)],
        "bids": [[number(p), to_vol(instrument, q), 1] for p, q in book.depth(Side.SELL, shown)],
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
