"""Orders, trades, conditional orders and money as Binance's REST answers write them: numbers are strings."""

from decimal import ROUND_HALF_EVEN, Decimal

from venue.binance.errors import JsonObject
from venue.core.account import Account, Position
from venue.core.book import Book
from venue.core.floor import Floor
from venue.core.instrument import Instrument
from venue.core.margin import Figures, liquidation_price, order_margin_of, position_margin_of
from venue.core.orders import AlgoOrder, Income, Kind, Order, PositionSide, Status, Trade

AVERAGE_DECIMALS = 5


def plain(value: Decimal) -> str:
    """A number as a string, without an exponent."""
    return format(value, "f")


def fixed(value: Decimal, places: int) -> str:
    return plain(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))


def money(value: Decimal) -> str:
    return fixed(value, 8)


def price_text(instrument: Instrument, price: Decimal) -> str:
    return fixed(price, instrument.price_decimals)


def quantity_text(instrument: Instrument, quantity: Decimal) -> str:
    return fixed(quantity, instrument.quantity_decimals)


def average_text(instrument: Instrument, order: Order) -> str:
    return fixed(order.average_price, max(AVERAGE_DECIMALS, instrument.price_decimals))


def kind_text(kind: Kind) -> str:
    return kind.value


def order_json(floor: Floor, order: Order, is_query: bool = True) -> JsonObject:
    """An order as query answers show it; `time` is only in those."""
    request, instrument = order.request, floor.books[order.request.symbol].instrument
    body: JsonObject = {
        "orderId": order.order_id,
        "symbol": request.symbol,
        "status": order.status.value,
        "clientOrderId": request.client_order_id,
        "price": price_text(instrument, order.price),
        "avgPrice": average_text(instrument, order),
        "origQty": quantity_text(instrument, order.quantity),
        "executedQty": quantity_text(instrument, order.filled),
        "cumQty": quantity_text(instrument, order.filled),
        "cumQuote": plain(order.filled_quote),
        "timeInForce": request.time_in_force.value,
        "type": kind_text(request.kind),
        "reduceOnly": request.is_reduce_only,
        "closePosition": request.close_position,
        "side": request.side.value,
        "positionSide": request.position_side.value,
        "stopPrice": price_text(instrument, request.stop_price),
        "workingType": request.working_type.value,
        "priceProtect": False,
        "origType": kind_text(request.original_kind or request.kind),
        "priceMatch": request.price_match,
        "selfTradePreventionMode": request.self_trade,
        "goodTillDate": request.good_till_ms,
        "updateTime": order.updated_ms,
    }
    if is_query:
        body["time"] = order.created_ms
    return body


def amendment_json(floor: Floor, order: Order, number: int) -> JsonObject:
    made, instrument = order.amendments[number], floor.books[order.request.symbol].instrument
    prices, quantities = (made.price_before, made.price_after), (made.quantity_before, made.quantity_after)
    changes = {
        "price": dict(zip(("before", "after"), (price_text(instrument, p) for p in prices), strict=True)),
        "origQty": dict(zip(("before", "after"), (quantity_text(instrument, q) for q in quantities), strict=True)),
        "count": number + 1,
    }
    return {
        "amendmentId": made.amendment_id,
        "symbol": order.request.symbol,
        "pair": order.request.symbol,
        "orderId": order.order_id,
        "clientOrderId": order.request.client_order_id,
        "time": made.time_ms,
        "amendment": changes,
    }


def acknowledged(body: JsonObject) -> JsonObject:
    """An ACK says only that the order was taken, even if it has filled by now."""
    nothing = "0." + "0" * AVERAGE_DECIMALS
    zero = fixed(Decimal(0), len(str(body["executedQty"]).partition(".")[2]))
    filled = {"executedQty": zero, "cumQty": zero, "cumQuote": "0.00000", "avgPrice": nothing}
    return {**body, **filled, "status": Status.NEW.value}


def trade_json(floor: Floor, trade: Trade) -> JsonObject:
    instrument = floor.books[trade.symbol].instrument
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side.value,
        "price": price_text(instrument, trade.price),
        "qty": quantity_text(instrument, trade.quantity),
        "realizedPnl": money(trade.realized_pnl),
        "quoteQty": plain(trade.price * trade.quantity),
        "commission": money(trade.fee),
        "commissionAsset": instrument.quote,
        "time": trade.time_ms,
        "positionSide": trade.position_side.value,
        "buyer": trade.side == "BUY",
        "maker": trade.is_maker,
    }


def algo_json(floor: Floor, algo: AlgoOrder) -> JsonObject:
    request, instrument = algo.request, floor.books[algo.request.symbol].instrument
    body: JsonObject = {
        "algoId": algo.algo_id,
        "clientAlgoId": request.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": request.kind.value,
        "symbol": request.symbol,
        "side": request.side.value,
        "positionSide": request.position_side.value,
        "timeInForce": request.time_in_force.value,
        "quantity": quantity_text(instrument, request.quantity),
        "algoStatus": algo.status.value,
        "actualOrderId": "" if algo.order_id is None else str(algo.order_id),
        "actualPrice": actual_price(floor, algo),
        "triggerPrice": price_text(instrument, request.trigger_price),
        "price": price_text(instrument, request.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": request.self_trade,
        "workingType": request.working_type.value,
        "priceMatch": request.price_match,
        "closePosition": request.close_position,
        "priceProtect": request.price_protect,
        "reduceOnly": request.is_reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": request.good_till_ms,
    }
    if request.kind is Kind.TRAILING_STOP_MARKET:
        body["callbackRate"] = plain(request.callback_rate)
        body["activatePrice"] = price_text(instrument, request.activate_price)
    return body


def actual_price(floor: Floor, algo: AlgoOrder) -> str:
    order = floor.accounts[algo.account].orders.get(algo.order_id) if algo.order_id is not None else None
    instrument = floor.books[algo.request.symbol].instrument
    return average_text(instrument, order) if order else "0.00000"


def income_json(income: Income) -> JsonObject:
    return {
        "symbol": income.symbol,
        "incomeType": income.kind,
        "income": money(income.amount),
        "asset": "USDT",
        "info": income.kind if income.trade_id is None else str(income.trade_id),
        "time": income.time_ms,
        "tranId": income.income_id,
        "tradeId": "" if income.trade_id is None else str(income.trade_id),
    }


def balance_json(account: Account, totals: Figures, now_ms: int) -> JsonObject:
    return {
        "accountAlias": account.name,
        "asset": "USDT",
        "balance": money(totals.wallet),
        "crossWalletBalance": money(totals.cross_wallet),
        "crossUnPnl": money(totals.cross_unrealized_pnl),
        "availableBalance": money(totals.available),
        "maxWithdrawAmount": money(min(totals.available, max(Decimal(0), totals.cross_wallet))),
        "marginAvailable": True,
        "updateTime": now_ms,
    }


def position_risk_json(floor: Floor, account: Account, position: Position, version: int) -> JsonObject:
    """One position as /positionRisk shows it; version 2 has leverage and margin type, version 3 the margins."""
    book, setting = floor.books[position.symbol], account.setting(position.symbol)
    mark = book.mark
    notional = position.amount * mark
    body: JsonObject = {
        "symbol": position.symbol,
        "positionSide": position.side.value,
        "positionAmt": quantity_text(book.instrument, position.amount),
        "entryPrice": plain_price(position.entry_price),
        "breakEvenPrice": plain_price(position.break_even_price),
        "markPrice": money(mark),
        "unRealizedProfit": money(position.unrealized_pnl(mark)),
        "liquidationPrice": money(liquidation_price(floor, account, position)) if position.amount else "0",
        "isolatedMargin": money(isolated_margin(position, mark, setting.is_isolated)),
        "notional": money(notional),
        "isolatedWallet": money(position.isolated_wallet),
        "updateTime": position.updated_ms,
    }
    return body | (risk_v2(book, account, position) if version == 2 else risk_v3(floor, account, position))


def plain_price(price: Decimal) -> str:
    """An average price keeps more digits than the tick."""
    return fixed(price, 8).rstrip("0").rstrip(".") if price else "0.0"


def isolated_margin(position: Position, mark: Decimal, is_isolated: bool) -> Decimal:
    return position.isolated_wallet + position.unrealized_pnl(mark) if is_isolated and position.amount else Decimal(0)


def risk_v2(book: Book, account: Account, position: Position) -> JsonObject:
    setting = account.setting(position.symbol)
    return {
        "leverage": str(setting.leverage),
        "maxNotionalValue": max_notional(book.instrument, setting.leverage),
        "marginType": "isolated" if setting.is_isolated else "cross",
        "isAutoAddMargin": "false",
        "isolated": setting.is_isolated,
        "adlQuantile": 2,
    }


def risk_v3(floor: Floor, account: Account, position: Position) -> JsonObject:
    book = floor.books[position.symbol]
    own = position_margin_of(floor, account, position)
    working = (
        order_margin_of(floor, account, position.symbol) if position.side is not PositionSide.SHORT else Decimal(0)
    )
    return {
        "marginAsset": book.instrument.quote,
        "initialMargin": money(own + working),
        "maintMargin": money(book.instrument.maintenance(position.notional(book.mark))),
        "positionInitialMargin": money(own),
        "openOrderInitialMargin": money(working),
        "adl": 2 if position.amount else 0,
        "bidNotional": "0",
        "askNotional": "0",
    }


def max_notional(instrument: Instrument, leverage: int) -> str:
    caps = [b.notional_cap for b in instrument.brackets if b.max_leverage >= leverage]
    return plain(max(caps)) if caps else "0"
