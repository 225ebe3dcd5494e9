"""Orders and executions as Bybit writes them: numbers are strings, times too."""

from decimal import ROUND_HALF_EVEN, Decimal

from venue.bybit.entries import (
    PART_STOP_LOSS,
    PART_TAKE_PROFIT,
    PROTECTION,
    STOPS,
    TAKES,
    TRAILING,
    Entry,
)
from venue.bybit.errors import JsonObject
from venue.core.account import Account
from venue.core.floor import Floor
from venue.core.orders import (
    AlgoOrder,
    AlgoRequest,
    Income,
    Kind,
    Order,
    OrderRequest,
    PositionSide,
    Side,
    Status,
    TimeInForce,
    Trade,
    WorkingType,
)
from venue.core.triggers import level, waits_for_rise

ZERO = Decimal(0)
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
INDEX = {PositionSide.BOTH: 0, PositionSide.LONG: 1, PositionSide.SHORT: 2}
TIMES_IN_FORCE = {TimeInForce.GTX: "PostOnly", TimeInForce.GTD: "GTC"}
TRIGGERS = {WorkingType.MARK_PRICE: "MarkPrice", WorkingType.CONTRACT_PRICE: "LastPrice"}
SMP_TYPES = {
    "NONE": "None",
    "EXPIRE_MAKER": "CancelMaker",
    "EXPIRE_TAKER": "CancelTaker",
    "EXPIRE_BOTH": "CancelBoth",
}
ON_LIMIT = (Kind.LIMIT, Kind.STOP, Kind.TAKE_PROFIT)


def plain(value: Decimal) -> str:
    """A number without exponent and trailing zeros: "60000", "0.001", "0"."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal) -> str:
    return plain(value.quantize(Decimal("0.00000001"), rounding=ROUND_HALF_EVEN))


def price_or_empty(value: Decimal) -> str:
    return money(value) if value else ""


def order_json(floor: Floor, account: Account, entry: Entry) -> JsonObject:
    request, order = entry.request, entry.order
    quantity = order.quantity if order else request.quantity
    filled = order.filled if order else ZERO
    leaves = quantity - filled if entry.is_open else ZERO
    fee = sum((t.fee for t in trades_of(account, order)), ZERO)
    is_limit = request.kind in ON_LIMIT
    return {
        "orderId": entry.id,
        "orderLinkId": entry.link_id,
        "blockTradeId": "",
        "symbol": request.symbol,
        "price": plain(order.price if order else request.price),
        "qty": plain(quantity),
        "side": SIDES[request.side],
        "isLeverage": "",
        "positionIdx": INDEX[request.position_side],
        "orderStatus": entry.status,
        "createType": create_type(entry),
        "cancelType": cancel_type(entry),
        "rejectReason": reject_reason(entry),
        "avgPrice": price_or_empty(order.average_price if order else ZERO),
        "leavesQty": plain(leaves),
        "leavesValue": money(leaves * (order.price if order else request.price)),
        "cumExecQty": plain(filled),
        "cumExecValue": money(order.filled_quote if order else ZERO),
        "cumExecFee": money(fee),
        "cumFeeDetail": {"USDT": money(fee)} if fee else {},
        "timeInForce": time_in_force(request, is_limit),
        "orderType": "Limit" if is_limit else "Market",
        **trigger_json(entry.algo),
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "tpLimitPrice": "0",
        "slLimitPrice": "0",
        "orderIv": "",
        "lastPriceOnCreated": "",
        "reduceOnly": is_reducing(request),
        "closeOnTrigger": request.close_position,
        "placeType": "",
        "smpType": SMP_TYPES[request.self_trade],
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(entry.created_ms),
        "updatedTime": str(entry.updated_ms),
    }


def trades_of(account: Account, order: Order | None) -> list[Trade]:
    """The newest trades are looked at first; an order without fills costs nothing."""
    if order is None or not order.filled:
        return []
    found, left = [], order.filled
    for trade in reversed(account.trades):
        if trade.order_id == order.order_id:
            found.append(trade)
            left -= trade.quantity
        if left <= 0:
            break
    return found


def is_reducing(request: OrderRequest | AlgoRequest) -> bool:
    opens = Side.BUY if request.position_side is PositionSide.LONG else Side.SELL
    is_hedged = request.position_side is not PositionSide.BOTH
    return request.is_reduce_only or request.close_position or (is_hedged and request.side is not opens)


def create_type(entry: Entry) -> str:
    if not entry.name.startswith(PROTECTION):
        return "CreateByUser"
    part = "Partial" if entry.name.startswith((PART_STOP_LOSS, PART_TAKE_PROFIT)) else ""
    if entry.name.startswith(TRAILING):
        return "CreateByTrailingStop"
    return f"CreateBy{part}StopLoss" if entry.name.startswith(STOPS) else f"CreateBy{part}TakeProfit"


def time_in_force(request: OrderRequest | AlgoRequest, is_limit: bool) -> str:
    return TIMES_IN_FORCE.get(request.time_in_force, request.time_in_force.value) if is_limit else "IOC"


def cancel_type(entry: Entry) -> str:
    if entry.order is not None and entry.order.status is Status.CANCELED:
        return "CancelByUser"
    if entry.order is not None and entry.order.status is Status.EXPIRED_IN_MATCH:
        return "CancelBySmp"
    return "UNKNOWN"


def reject_reason(entry: Entry) -> str:
    """Orders that could not be what they were to be are cancelled by the exchange, and this says why."""
    order = entry.order
    if order is None:
        return entry.algo.reason if entry.algo and entry.algo.reason else "EC_NoError"
    if order.status is Status.CANCELED:
        return "EC_PerCancelRequest"
    if order.status is Status.EXPIRED_IN_MATCH:
        return "EC_CancelBySmp"
    if order.status is not Status.EXPIRED:
        return "EC_NoError"
    is_post_only = order.request.time_in_force is TimeInForce.GTX
    return "EC_PostOnlyWillTakeLiquidity" if is_post_only else "EC_NoImmediateQtyToFill"


def trigger_json(algo: AlgoOrder | None) -> JsonObject:
    if algo is None:
        return {"stopOrderType": "", "triggerDirection": 0, "triggerPrice": "", "triggerBy": "", "tpslMode": ""}
    request = algo.request
    return {
        "stopOrderType": stop_order_type(request.client_algo_id),
        "triggerDirection": 1 if waits_for_rise(request) else 2,
        "triggerPrice": money(request.trigger_price or level(algo)[0]),
        "triggerBy": TRIGGERS[request.working_type],
        "tpslMode": "Full" if request.close_position else tpsl_mode(request.client_algo_id),
    }


def tpsl_mode(name: str) -> str:
    return "Partial" if name.startswith((PART_STOP_LOSS, PART_TAKE_PROFIT)) else ""


def stop_order_type(name: str) -> str:
    """What made it: the client, or the protection of a position or of a part of it."""
    if not name.startswith(PROTECTION):
        return "Stop"
    if name.startswith(TRAILING):
        return "TrailingStop"
    return ("Partial" if tpsl_mode(name) else "") + ("TakeProfit" if name.startswith(TAKES) else "StopLoss")


def execution_json(floor: Floor, account: Account, trade: Trade, entry: Entry) -> JsonObject:
    order, instrument = entry.order, floor.books[trade.symbol].instrument
    assert order is not None, "only orders have trades"
    return {
        "symbol": trade.symbol,
        "orderId": entry.id,
        "orderLinkId": entry.link_id,
        "side": SIDES[trade.side],
        "orderPrice": plain(order.price),
        "orderQty": plain(order.quantity),
        "leavesQty": plain(order.leaves),
        "orderType": "Limit" if order.request.kind in ON_LIMIT else "Market",
        "stopOrderType": trigger_json(entry.algo)["stopOrderType"],
        "createType": "CreateByUser",
        "execFee": money(trade.fee),
        "execId": f"b0020000-0000-4000-8000-{trade.trade_id:012d}",
        "execPrice": plain(trade.price),
        "execQty": plain(trade.quantity),
        "execType": exec_type(order),
        "execValue": money(trade.price * trade.quantity),
        "execTime": str(trade.time_ms),
        "execPnl": money(trade.realized_pnl),
        "feeCurrency": "",
        "isMaker": trade.is_maker,
        "feeRate": plain(instrument.maker_rate if trade.is_maker else instrument.taker_rate),
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(floor.books[trade.symbol].mark),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": plain(trade.closed),
        "isLeverage": "0",
        "seq": trade.trade_id,
    }


def exec_type(order: Order) -> str:
    if order.request.kind is Kind.LIQUIDATION:
        return "BustTrade"
    return "AdlTrade" if order.request.origin == "adl" else "Trade"


def funding_json(income: Income) -> JsonObject:
    """Funding is told as an execution of no order: a fee (positive: paid) on what was held."""
    size, value = abs(income.quantity), abs(income.quantity) * income.price
    return {
        "symbol": income.symbol,
        "orderId": "",
        "orderLinkId": "",
        "side": "Sell" if income.quantity > 0 else "Buy",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "createType": "",
        "execFee": money(-income.amount),
        "execId": f"b0040000-0000-4000-8000-{income.income_id:012d}",
        "execPrice": plain(income.price),
        "execQty": plain(size),
        "execType": "Funding",
        "execValue": money(value),
        "execTime": str(income.time_ms),
        "execPnl": "0",
        "feeCurrency": "",
        "isMaker": False,
        "feeRate": plain((-income.amount / value).quantize(Decimal("0.00000001"))) if value else "0",
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(income.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "0",
        "isLeverage": "0",
        "seq": income.income_id,
    }
