"""What can be traded and under which filters: /fapi/v1/exchangeInfo."""

from venue.binance.call import Call
from venue.binance.errors import JsonObject
from venue.binance.render import fixed, plain
from venue.core.instrument import Instrument, decimals
from venue.market import Lane

ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]


def get_exchange_info(call: Call) -> JsonObject:
    limits = call.venue.limits
    return {
        "exchangeFilters": [],
        "rateLimits": [
            limit_json("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_limit or 2400),
            limit_json("ORDERS", "MINUTE", 1, limits.order_limit or 1200),
            limit_json("ORDERS", "SECOND", 10, (limits.order_limit or 1200) // 4),
        ],
        "serverTime": call.venue.clock.now_ms(),
        "timezone": "UTC",
        "futuresType": "U_MARGINED",
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [symbol_json(lane) for lane in call.venue.market.lanes.values()],
    }


def limit_json(kind: str, interval: str, count: int, limit: int) -> JsonObject:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def symbol_json(lane: Lane) -> JsonObject:
    instrument = lane.book.instrument
    return {
        "symbol": instrument.symbol,
        "pair": instrument.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000,
        "onboardDate": 1_569_398_400_000,
        "status": lane.book.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": instrument.price_decimals,
        "quantityPrecision": instrument.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": plain(instrument.price_band),
        "maxMoveOrderLimit": 10000,
        "filters": filters_json(instrument),
        "orderTypes": ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def filters_json(instrument: Instrument) -> list[JsonObject]:
    tick, step, least = plain(instrument.tick), plain(instrument.step), plain(instrument.min_quantity)
    up, down = fixed(1 + instrument.price_band, 4), fixed(1 - instrument.price_band, 4)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": least, "maxQty": plain(instrument.max_quantity), "stepSize": step},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": least,
            "maxQty": plain(instrument.max_market_quantity),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 100},
        {"filterType": "MIN_NOTIONAL", "notional": plain(instrument.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": up,
            "multiplierDown": down,
            "multiplierDecimal": str(max(4, decimals(instrument.price_band))),
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE", "maintMarginRatio": "0"},
    ]
