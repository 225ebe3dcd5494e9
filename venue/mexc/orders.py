"""Orders: create, change, cancel. The answer to a new one is its id and no more."""

from dataclasses import replace
from decimal import Decimal
from secrets import token_hex
from typing import TypeVar

from venue.asking import as_text
from venue.core.account import Account
from venue.core.matching import amend, cancel, end, place, place_or_expire
from venue.core.orders import ZERO, Execution, Kind, Order, OrderRequest, PositionSide, Side, TimeInForce
from venue.core.refusal import Reason, Refused
from venue.core.terms import set_leverage, set_margin_mode
from venue.mexc.call import Call
from venue.mexc.contracts import to_quantity
from venue.mexc.errors import NOT_CANCELLABLE, JsonObject, MexcError, from_refusal, invalid
from venue.mexc.holdings import position_by_id
from venue.mexc.render import OWN, external_id
from venue.mexc.stops import Levels, check_levels
from venue.mexc.trends import read_trend

Value = TypeVar("Value")
SIDES = {"1": (Side.BUY, False), "2": (Side.BUY, True), "3": (Side.SELL, False), "4": (Side.SELL, True)}
LIMITS = {"1": TimeInForce.GTC, "2": TimeInForce.GTX, "3": TimeInForce.IOC, "4": TimeInForce.FOK}
MARKETS = ("5", "6")
MOST_IN_BATCH, MOST_CANCELLED = 50, 50


def create(call: Call) -> JsonObject:
    order = place_order(call)
    return {"orderId": str(order.order_id), "ts": order.created_ms}


def submit(call: Call) -> object:
    """The older way: only the id."""
    return str(place_order(call).order_id)


def place_order(call: Call) -> Order:
    """The new order; the one that bears this external id already, when there is one: nothing is sent twice."""
    known = known_order(call)
    return known or place_new(call)


def known_order(call: Call) -> Order | None:
    name = call.external_id()
    return call.account.find_order(call.symbol(), None, name) if name else None


def place_new(call: Call) -> Order:
    request, levels = read_order(call), read_levels(call)
    if levels:
        book = call.venue.floor.books[request.symbol]
        check_levels(book, request.side, levels, request.price or book.last)
    apply_terms(call, request.symbol)
    key = (call.account.name, request.client_order_id)
    if levels:
        call.venue.mexc.attached[key] = levels
    try:
        return place_or_expire(call.venue.floor, call.account, request)
    except Refused:
        call.venue.mexc.attached.pop(key, None)
        raise


def read_order(call: Call) -> OrderRequest:
    instrument = call.instrument()
    side, position_side, reduces = read_side(call)
    time_in_force = read_type(call, "type")
    return OrderRequest(
        symbol=instrument.symbol,
        side=side,
        kind=Kind.LIMIT if time_in_force else Kind.MARKET,
        quantity=call.quantity(instrument),
        price=call.decimal("price") if time_in_force else ZERO,
        time_in_force=time_in_force or TimeInForce.GTC,
        client_order_id=call.external_id() or f"{OWN}{token_hex(10)}",
        position_side=position_side,
        is_reduce_only=reduces,
    )


def read_side(call: Call) -> tuple[Side, PositionSide, bool]:
    """(side, position side, reduce-only) in the account's own mode; in hedge mode the side says it all."""
    if call.text("side") not in SIDES:
        raise MexcError(2001, "Wrong order direction")
    side, closes = SIDES[call.text("side")]
    mode = call.maybe("positionMode")
    if mode is not None and mode != ("1" if call.account.is_hedged else "2"):
        raise Refused(Reason.POSITION_SIDE)
    if not call.account.is_hedged:
        return side, PositionSide.BOTH, closes or call.flag("reduceOnly")
    is_long = (side is Side.BUY) != closes
    return side, PositionSide.LONG if is_long else PositionSide.SHORT, False


def read_type(call: Call, name: str) -> TimeInForce | None:
    """How long a limit order lives; None: a market order."""
    value = call.text(name)
    if value in MARKETS:
        return None
    if value not in LIMITS:
        raise MexcError(2029, "Error order type")
    return LIMITS[value]


def read_levels(call: Call) -> Levels | None:
    loss, profit = call.maybe_decimal("stopLossPrice") or None, call.maybe_decimal("takeProfitPrice") or None
    if loss is None and profit is None:
        return None
    return Levels(
        stop_loss=loss,
        take_profit=profit,
        stop_loss_by=read_trend(call, "lossTrend"),
        take_profit_by=read_trend(call, "profitTrend"),
    )


def apply_terms(call: Call, symbol: str) -> None:
    """`openType` (1 isolated, 2 cross) and `leverage` come with each order and hold for the symbol."""
    open_type, leverage = call.maybe("openType"), call.maybe_integer("leverage")
    if open_type not in (None, "1", "2"):
        raise MexcError(2002, "Wrong opening type")
    floor, account, setting = call.venue.floor, call.account, call.account.setting(symbol)
    if open_type is not None and (open_type == "1") != setting.is_isolated:
        set_margin_mode(floor, account, symbol, is_isolated=open_type == "1")
    if leverage is None or leverage == setting.leverage:
        return
    if any(account.held(symbol)):
        raise MexcError(2021, "The single leverage is not consistent with the existing position leverage")
    set_leverage(floor, account, symbol, leverage)


def batch_rows(call: Call) -> list[Call]:
    """One call for each entry of a body that is a list of objects."""
    if not call.rows or not all(isinstance(row, dict) for row in call.rows):
        raise invalid("body")
    if len(call.rows) > MOST_IN_BATCH:
        raise MexcError(2014, "The quantity of batch order exceeds the limit")
    return [replace(call, params=named(row), rows=[]) for row in call.rows if isinstance(row, dict)]


def named(row: dict[object, object]) -> dict[str, str]:
    return {str(k): as_text(v) for k, v in row.items()}


def submit_batch(call: Call) -> object:
    return [submit_one(one) for one in batch_rows(call)]


def submit_one(call: Call) -> JsonObject:
    name = call.params.get("externalOid", "")
    try:
        return {"externalOid": name, "orderId": str(place_order(call).order_id), "errorCode": 0, "errorMsg": "success"}
    except Refused as refusal:
        error = from_refusal(refusal)
    except MexcError as own:
        error = own
    return {"externalOid": name, "orderId": "", "errorCode": error.code, "errorMsg": error.text}


def order_by_id(account: Account, number: int) -> Order:
    order = account.orders.get(number)
    if order is None:
        raise Refused(Reason.UNKNOWN_ORDER)
    return order


def order_by_name(call: Call) -> Order:
    """Of this symbol. Raises Refused when there is none of this name."""
    order = call.account.find_order(call.symbol(), None, call.text("externalOid"))
    if order is None or not external_id(order.request.client_order_id):
        raise Refused(Reason.UNKNOWN_ORDER)
    return order


def cancel_open(call: Call, order: Order) -> None:
    if not order.is_open:
        raise MexcError(2041, NOT_CANCELLABLE)
    cancel(call.venue.floor, order)


def cancel_many(call: Call) -> object:
    """By ids, each with its own answer."""
    if not call.rows:
        raise invalid("body")
    if len(call.rows) > MOST_CANCELLED:
        raise MexcError(2013, "Cancel orders over maximum limit")
    return [cancel_row(call, as_text(row)) for row in call.rows]


def cancel_row(call: Call, text: str) -> JsonObject:
    try:
        cancel_open(call, order_by_id(call.account, call.read_integer("orderId", text)))
    except Refused as refusal:
        error = from_refusal(refusal)
        return {"orderId": text, "errorCode": error.code, "errorMsg": error.text}
    except MexcError as error:
        return {"orderId": text, "errorCode": error.code, "errorMsg": error.text}
    return {"orderId": text, "errorCode": 0, "errorMsg": "success"}


def cancel_named(call: Call) -> object:
    order = order_by_name(call)
    cancel_open(call, order)
    return {"symbol": call.text("symbol"), "externalOid": call.text("externalOid"), "orderId": str(order.order_id)}


def cancel_many_named(call: Call) -> object:
    return [cancel_named_row(one) for one in batch_rows(call)]


def cancel_named_row(call: Call) -> JsonObject:
    row: JsonObject = {"symbol": call.params.get("symbol", ""), "externalOid": call.params.get("externalOid", "")}
    try:
        cancel_named(call)
    except Refused as refusal:
        error = from_refusal(refusal)
        return row | {"errorCode": error.code, "errorMsg": error.text}
    except MexcError as own:
        return row | {"errorCode": own.code, "errorMsg": own.text}
    return row | {"errorCode": 0, "errorMsg": "success"}


def cancel_all(call: Call) -> None:
    """Of one symbol or of all; conditional orders stay."""
    for order in call.account.working(call.maybe_symbol()):
        if order.is_open:
            cancel(call.venue.floor, order)


def change_limit_order(call: Call) -> object:
    """New price and volume under the same id; a post-only order that would take at its new price is cancelled."""
    order = order_by_id(call.account, call.integer("orderId"))
    instrument = call.venue.floor.books[order.request.symbol].instrument
    contracts = call.maybe_decimal("vol")
    quantity = order.quantity if contracts is None else to_quantity(instrument, contracts)
    if quantity <= order.filled:
        raise Refused(Reason.QUANTITY_TOO_SMALL)
    amend_order(call, order, quantity, call.maybe_decimal("price") or order.price)
    return str(order.order_id)


def amend_order(call: Call, order: Order, quantity: Decimal, price: Decimal) -> None:
    try:
        amend(call.venue.floor, order, quantity, price)
    except Refused as refusal:
        if refusal.reason is not Reason.WOULD_TAKE:
            raise
        end(call.venue.floor, order, Execution.EXPIRED)


def close_all(call: Call) -> object:
    """Every position at the market; resting orders stay."""
    for position in list(call.account.held()):
        request = OrderRequest(
            symbol=position.symbol,
            side=Side.SELL if position.amount > 0 else Side.BUY,
            kind=Kind.MARKET,
            quantity=abs(position.amount),
            client_order_id=f"{OWN}{token_hex(10)}",
            is_reduce_only=position.side is PositionSide.BOTH,
            position_side=position.side,
        )
        place(call.venue.floor, call.account, request)
    return []


def reverse(call: Call) -> None:
    """Twice the position in the other direction; only in one-way mode."""
    position = position_by_id(call.account, call.integer("positionId"))
    if call.account.is_hedged:
        raise Refused(Reason.POSITION_SIDE)
    request = OrderRequest(
        symbol=position.symbol,
        side=Side.SELL if position.amount > 0 else Side.BUY,
        kind=Kind.MARKET,
        quantity=2 * abs(position.amount),
        client_order_id=f"{OWN}{token_hex(10)}",
    )
    place(call.venue.floor, call.account, request)
