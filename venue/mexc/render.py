"""Orders, conditional orders and fills as MEXC writes them: numbers, contracts, ids as text."""

from decimal import Decimal

from venue.core.account import Account
from venue.core.floor import Floor
from venue.core.orders import (
    ZERO,
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
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
from venue.core.triggers import waits_for_rise
from venue.mexc.contracts import number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject

OWN = "mexc:"  # names given by this face: a client can't choose one with a colon in it
FOREIGN = ("bybit:",)
ON_LIMIT = (Kind.LIMIT, Kind.STOP, Kind.TAKE_PROFIT)
LIMIT_TYPES = {TimeInForce.GTC: 1, TimeInForce.GTX: 2, TimeInForce.IOC: 3, TimeInForce.FOK: 4, TimeInForce.GTD: 1}
MARKET_TYPE = 5
OWN_CANCEL = {TimeInForce.IOC: 18, TimeInForce.FOK: 19, TimeInForce.GTX: 20}
STATES = {
    Status.NEW: 2,
    Status.PARTIALLY_FILLED: 2,
    Status.FILLED: 3,
    Status.CANCELED: 4,
    Status.EXPIRED: 4,
    Status.EXPIRED_IN_MATCH: 4,
    Status.REJECTED: 5,
}
PLAN_STATES = {
    AlgoStatus.NEW: 1,
    AlgoStatus.TRIGGERING: 1,
    AlgoStatus.TRIGGERED: 3,
    AlgoStatus.FINISHED: 3,
    AlgoStatus.CANCELED: 2,
    AlgoStatus.EXPIRED: 4,
    AlgoStatus.REJECTED: 5,
}
TRENDS = {WorkingType.CONTRACT_PRICE: 1, WorkingType.MARK_PRICE: 2}


def side_of(request: OrderRequest | AlgoRequest) -> int:
    """1 opens long, 2 closes short, 3 opens short, 4 closes long."""
    reduces = is_reducing(request)
    return (2 if reduces else 1) if request.side is Side.BUY else (4 if reduces else 3)


def is_reducing(request: OrderRequest | AlgoRequest) -> bool:
    opens = Side.BUY if request.position_side is PositionSide.LONG else Side.SELL
    is_hedged = request.position_side is not PositionSide.BOTH
    return request.is_reduce_only or request.close_position or (is_hedged and request.side is not opens)


def type_of(request: OrderRequest | AlgoRequest) -> int:
    return LIMIT_TYPES[request.time_in_force] if request.kind in ON_LIMIT else MARKET_TYPE


def external_id(name: str) -> str:
    """What the client called it; nothing when it did not."""
    return "" if name.startswith((OWN, *FOREIGN)) else name


def category_of(order: Order) -> int:
    """1 ordinary, 2 liquidation, 4 auto-deleveraging."""
    if order.request.kind is Kind.LIQUIDATION:
        return 2
    return 4 if order.request.origin == "adl" else 1


def terms_json(account: Account, symbol: str) -> JsonObject:
    setting = account.setting(symbol)
    return {
        "leverage": setting.leverage,
        "openType": 1 if setting.is_isolated else 2,
        "positionMode": 1 if account.is_hedged else 2,
    }


def why_over(order: Order) -> int:
    """`errorCode` of an order that the exchange cancelled itself: 18 IOC, 19 FOK, 20 post-only, 21 market; else 0."""
    if order.status is not Status.EXPIRED:
        return 0
    return OWN_CANCEL.get(order.request.time_in_force, 0) if order.request.kind is Kind.LIMIT else 21


def trades_of(account: Account, order: Order) -> list[Trade]:
    """The newest trades are looked at first; an order without fills costs nothing."""
    found, left = [], order.filled
    for trade in reversed(account.trades):
        if left <= 0:
            break
        if trade.order_id == order.order_id:
            found.append(trade)
            left -= trade.quantity
    return found


def order_json(floor: Floor, account: Account, order: Order) -> JsonObject:
    request, instrument = order.request, floor.books[order.request.symbol].instrument
    trades = trades_of(account, order)
    margin = order.leaves * order.price / account.setting(request.symbol).leverage if order.is_open else ZERO
    return {
        "orderId": str(order.order_id),
        "symbol": wire_symbol(request.symbol),
        "positionId": 0,
        "price": number(order.price),
        "vol": to_vol(instrument, order.quantity),
        **terms_json(account, request.symbol),
        "side": side_of(request),
        "category": category_of(order),
        "orderType": type_of(request),
        "dealAvgPrice": number(order.average_price),
        "dealVol": to_vol(instrument, order.filled),
        "orderMargin": number(margin),
        "usedMargin": 0,
        "takerFee": number(sum((t.fee for t in trades if not t.is_maker), ZERO)),
        "makerFee": number(sum((t.fee for t in trades if t.is_maker), ZERO)),
        "profit": number(sum((t.realized_pnl for t in trades), ZERO)),
        "feeCurrency": instrument.quote,
        "state": STATES[order.status],
        "externalOid": external_id(request.client_order_id),
        "errorCode": why_over(order),
        "reduceOnly": request.is_reduce_only,
        "createTime": order.created_ms,
        "updateTime": order.updated_ms,
        "version": len(order.amendments) + 1,
        "remainVol": to_vol(instrument, order.leaves if order.is_open else ZERO),
    }


def deal_json(floor: Floor, account: Account, trade: Trade) -> JsonObject:
    order = account.orders[trade.order_id]
    instrument = floor.books[trade.symbol].instrument
    return {
        "id": str(trade.trade_id),
        "symbol": wire_symbol(trade.symbol),
        "side": side_of(order.request),
        "vol": to_vol(instrument, trade.quantity),
        "price": number(trade.price),
        "feeCurrency": instrument.quote,
        "fee": number(trade.fee),
        "timestamp": trade.time_ms,
        "profit": number(trade.realized_pnl),
        "category": category_of(order),
        "orderId": str(trade.order_id),
        "positionMode": 1 if account.is_hedged else 2,
        "taker": not trade.is_maker,
        "isTaker": not trade.is_maker,
        "externalOid": external_id(order.request.client_order_id),
    }


def plan_json(floor: Floor, account: Account, algo: AlgoOrder) -> JsonObject:
    """A client has no name for it; `orderId` is the order it made, when it made one."""
    request, instrument = algo.request, floor.books[algo.request.symbol].instrument
    made = {} if algo.order_id is None else {"orderId": str(algo.order_id)}
    return {
        "id": str(algo.algo_id),
        **made,
        "symbol": wire_symbol(request.symbol),
        **terms_json(account, request.symbol),
        "side": side_of(request),
        "triggerPrice": number(request.trigger_price),
        "price": number(request.price),
        "vol": to_vol(instrument, request.quantity),
        "triggerType": 1 if waits_for_rise(request) else 2,
        "state": PLAN_STATES[algo.status],
        "executeCycle": hours(algo),
        "trend": TRENDS[request.working_type],
        "orderType": type_of(request),
        "errorCode": 0 if algo.status is not AlgoStatus.REJECTED else error_of(algo),
        "reduceOnly": request.is_reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
    }


def hours(algo: AlgoOrder) -> int:
    """How long it waits, in hours; one that waits for ever says 87600."""
    lives_ms = algo.request.good_till_ms - algo.created_ms
    return 87600 if not algo.request.good_till_ms else round(Decimal(lives_ms) / 3_600_000)


def error_of(algo: AlgoOrder) -> int:
    return 2009 if algo.reason.startswith("Reduce Only") else 2005
