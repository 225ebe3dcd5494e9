"""Orders: create, amend, cancel. The answer is an acknowledgement only; what became of it is asked for, or streamed."""

from dataclasses import replace
from decimal import Decimal
from secrets import token_hex
from typing import TypeVar

from venue.bybit.call import Call
from venue.bybit.entries import OWN, Entry, find, id_text, is_used, open_entries
from venue.bybit.errors import BybitError, JsonObject, invalid
from venue.bybit.render import SMP_TYPES
from venue.bybit.trading_stop import SIDES_BY_INDEX, WORKING_TYPES, read_attached
from venue.core.algo_status import become
from venue.core.checks import check_price, check_quantity, closes
from venue.core.conditional import cancel_algo, place_algo
from venue.core.matching import amend, cancel, end, place_or_expire
from venue.core.orders import (
    ZERO,
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    Execution,
    Kind,
    Order,
    OrderRequest,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
)
from venue.core.refusal import Reason, Refused
from venue.core.triggers import waits_for_rise, would_fire_at_once

Value = TypeVar("Value")
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
KINDS = {"Market": Kind.MARKET, "Limit": Kind.LIMIT}
TIMES_IN_FORCE = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "PostOnly": TimeInForce.GTX,
}
SELF_TRADES = {theirs: ours for ours, theirs in SMP_TYPES.items()}
TOO_SMALL_NOW = "The number of contracts modified cannot be less than or equal to the filled quantity"


def acknowledged(entry_id: str, link_id: str) -> JsonObject:
    return {"orderId": entry_id, "orderLinkId": link_id}


def create(call: Call) -> JsonObject:
    request = read_order(call)
    link_id = call.link_id() or ""
    if call.maybe("triggerPrice"):
        algo = place_conditional(call, request)
        return acknowledged(id_text(algo.algo_id, is_conditional=True), link_id)
    protection = read_attached(call, request)
    if protection:
        call.venue.bybit.attached[(call.account.name, request.client_order_id)] = protection
    try:
        order = place_or_expire(call.venue.floor, call.account, request)
    except Refused:
        call.venue.bybit.attached.pop((call.account.name, request.client_order_id), None)
        raise
    return acknowledged(id_text(order.order_id, is_conditional=False), link_id)


def read_order(call: Call) -> OrderRequest:
    symbol = call.symbol()
    side = choose(SIDES, call, "side")
    kind = choose(KINDS, call, "orderType")
    position_side = choose(SIDES_BY_INDEX, call, "positionIdx", "0")
    is_limit = kind is Kind.LIMIT
    link_id = call.link_id()
    if link_id and is_used(call.account, symbol, link_id):
        raise Refused(Reason.DUPLICATE_CLIENT_ID)
    request = OrderRequest(
        symbol=symbol,
        side=side,
        kind=kind,
        quantity=call.decimal("qty"),
        price=call.decimal("price") if is_limit else ZERO,
        time_in_force=choose(TIMES_IN_FORCE, call, "timeInForce", "GTC") if is_limit else TimeInForce.GTC,
        client_order_id=link_id or f"{OWN}{token_hex(10)}",
        position_side=position_side,
        self_trade=choose(SELF_TRADES, call, "smpType", "CancelMaker"),
    )
    return with_reduce_only(request, call.flag("reduceOnly") or call.flag("closeOnTrigger"))


def choose(known: dict[str, Value], call: Call, name: str, default: str = "") -> Value:
    value = call.maybe(name) or default
    if value not in known:
        raise invalid(name)
    return known[value]


def with_reduce_only(request: OrderRequest, wanted: bool) -> OrderRequest:
    """In hedge mode the side says it; an order that would open is refused."""
    if not wanted or request.position_side is PositionSide.BOTH:
        return replace(request, is_reduce_only=wanted)
    if not closes(request):
        raise Refused(Reason.REDUCE_ONLY)
    return request


def place_conditional(call: Call, request: OrderRequest) -> AlgoOrder:
    is_rise = {"1": True, "2": False}.get(call.maybe("triggerDirection") or "")
    if is_rise is None:
        raise BybitError(10001, "params error: triggerDirection invalid")
    is_stop, is_market = is_rise == (request.side is Side.BUY), request.kind is Kind.MARKET
    kinds = (Kind.STOP_MARKET, Kind.STOP) if is_stop else (Kind.TAKE_PROFIT_MARKET, Kind.TAKE_PROFIT)
    wanted = AlgoRequest(
        symbol=request.symbol,
        side=request.side,
        kind=kinds[0] if is_market else kinds[1],
        quantity=request.quantity,
        trigger_price=call.decimal("triggerPrice"),
        price=request.price,
        time_in_force=request.time_in_force,
        client_algo_id=request.client_order_id,
        is_reduce_only=request.is_reduce_only,
        position_side=request.position_side,
        working_type=choose(WORKING_TYPES, call, "triggerBy", "LastPrice"),
        self_trade=request.self_trade,
    )
    refuse_wrong_direction(call, wanted)
    return place_algo(call.venue.floor, call.account, wanted)


def refuse_wrong_direction(call: Call, wanted: AlgoRequest) -> None:
    book = call.venue.floor.books[wanted.symbol]
    price = book.mark if wanted.working_type is WorkingType.MARK_PRICE else book.last
    if not would_fire_at_once(wanted, price):
        return
    trigger, current, by = wanted.trigger_price, price, wanted.working_type
    basis = "MarkPrice" if by is WorkingType.MARK_PRICE else "LastPrice"
    if waits_for_rise(wanted):
        raise BybitError(110092, f"expect Rising, but trigger_price[{trigger}] <= current[{current}]??{basis}")
    raise BybitError(110093, f"expect Falling, but trigger_price[{trigger}] >= current[{current}]??{basis}")


def wanted_entry(call: Call, reason: Reason) -> Entry:
    """The open entry that orderId or orderLinkId names."""
    order_id, link_id = call.maybe("orderId"), call.maybe("orderLinkId")
    symbol = call.symbol()
    if not order_id and not link_id:
        raise BybitError(10001, "params error: OrderId or orderLinkId is required")
    entry = find(call.account, symbol, order_id, link_id)
    if entry is None or not entry.is_open:
        raise Refused(reason)
    return entry


def cancel_one(call: Call) -> JsonObject:
    entry = wanted_entry(call, Reason.UNKNOWN_ORDER)
    cancel_entry(call, entry)
    return acknowledged(entry.id, entry.link_id)


def cancel_entry(call: Call, entry: Entry) -> None:
    if entry.order is not None:
        cancel(call.venue.floor, entry.order)
    else:
        cancel_algo(call.venue.floor, call.account, entry.algo)


def cancel_all(call: Call) -> JsonObject:
    """A stop that is being triggered can't be cancelled any more and is passed over."""
    symbol, order_filter = call.symbol_or_coin(), call.maybe("orderFilter")
    chosen = [e for e in open_entries(call.account, symbol) if is_of(e, order_filter) and is_cancellable(e)]
    for entry in chosen:
        if entry.is_open:
            cancel_entry(call, entry)
    return {"list": [acknowledged(e.id, e.link_id) for e in chosen], "success": "1"}


def is_cancellable(entry: Entry) -> bool:
    return entry.order is not None or (entry.algo is not None and entry.algo.status is AlgoStatus.NEW)


def is_of(entry: Entry, order_filter: str | None) -> bool:
    """Order: never conditional; StopOrder and tpslOrder: conditional."""
    return not order_filter or (order_filter == "Order") == (entry.algo is None)


def amend_one(call: Call) -> JsonObject:
    entry = wanted_entry(call, Reason.ORDER_DOES_NOT_EXIST)
    quantity, price = call.maybe_decimal("qty"), call.maybe_decimal("price")
    if entry.order is not None:
        order = entry.order
        if quantity is not None and quantity <= order.filled:
            raise BybitError(110064, TOO_SMALL_NOW)
        amend_order(call, order, quantity or order.quantity, price or order.price)
    else:
        assert entry.algo is not None, "an entry without an order is a conditional one"
        amend_conditional(call, entry.algo, quantity, price)
    return acknowledged(entry.id, entry.link_id)


def amend_order(call: Call, order: Order, quantity: Decimal, price: Decimal) -> None:
    """A post-only order that would take at its new price is cancelled."""
    try:
        amend(call.venue.floor, order, quantity, price)
    except Refused as refusal:
        if refusal.reason is not Reason.WOULD_TAKE:
            raise
        end(call.venue.floor, order, Execution.EXPIRED)


def amend_conditional(call: Call, algo: AlgoOrder, quantity: Decimal | None, price: Decimal | None) -> None:
    before, instrument = algo.request, call.venue.floor.books[algo.request.symbol].instrument
    wanted = replace(
        before,
        quantity=quantity or before.quantity,
        price=price or before.price,
        trigger_price=call.maybe_decimal("triggerPrice") or before.trigger_price,
    )
    if wanted == before:
        raise Refused(Reason.AMEND_UNCHANGED)
    if algo.status is not AlgoStatus.NEW or (price and not before.price):
        raise Refused(Reason.ORDER_DOES_NOT_EXIST)
    if quantity:
        check_quantity(instrument, wanted.quantity, Kind.LIMIT if wanted.price else Kind.MARKET)
    for level in (wanted.price, wanted.trigger_price):
        if level:
            check_price(instrument, level)
    refuse_wrong_direction(call, wanted)
    algo.request = wanted
    become(call.venue.floor, call.account, algo, AlgoStatus.NEW)


def disconnected_cancel_all(call: Call) -> JsonObject:
    """DCP: how long after the last private socket with the `dcp` topic is gone all orders go too."""
    window = call.integer("timeWindow")
    if not 3 <= window <= 300:
        raise BybitError(10001, "params error: timeWindow must lie between 3 and 300")
    call.venue.bybit.windows[call.account.name] = window
    return {}
