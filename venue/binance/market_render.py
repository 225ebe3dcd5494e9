"""Public market data in Binance's words, for answers and streams alike."""

from venue.binance.errors import JsonObject
from venue.binance.render import fixed, money, plain, price_text, quantity_text
from venue.candles import Candle
from venue.core.instrument import Instrument
from venue.core.orders import Side
from venue.market import Lane, day_of


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


def depth_json(lane: Lane, levels: int) -> dict[str, list[list[str]]]:
    instrument = lane.book.instrument
    sides = {"bids": lane.book.depth(Side.SELL, levels), "asks": lane.book.depth(Side.BUY, levels)}
    return {
        name: [[price_text(instrument, p), quantity_text(instrument, q)] for p, q in rows]
        for name, rows in sides.items()
    }


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


def mark_at(lane: Lane, time_ms: int) -> str:
    found = lane.history.bars("1m", time_ms, None, 1)
    return money(found[0][0].open if found else lane.book.mark)
