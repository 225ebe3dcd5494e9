"""Ordinary orders over REST: place, amend, query, cancel, and the trades they made."""

import json
from collections.abc import Iterable
from decimal import Decimal
from secrets import token_urlsafe

from venue.binance.call import Call, choose
from venue.binance.errors import JsonObject, WireError, from_refusal, malformed, missing, not_needed
from venue.binance.render import acknowledged, amendment_json, order_json, trade_json
from venue.core.checks import check_order
from venue.core.matching import amend, cancel, cancel_all, place
from venue.core.orders import Kind, Order, OrderRequest, PositionSide, Side, TimeInForce
from venue.core.refusal import Reason, Refused

CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
WRONG_ENDPOINT = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
SELF_TRADE = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
PRICE_MATCHES = ("NONE", *(f"{side}{level}" for side in ("OPPONENT", "QUEUE") for level in ("", "_5", "_10", "_20")))
MOST_IN_BATCH = 5
DEFAULT_LIMIT, MOST_ROWS = 500, 1000


def post_order(call: Call) -> JsonObject:
    request = read_order(call)
    answer = choose_answer(call)
    order = place(call.venue.floor, call.account, request)
    body = order_json(call.venue.floor, order, is_query=False)
    return body if answer == "RESULT" else acknowledged(body)


def post_order_test(call: Call) -> JsonObject:
    """Looks at everything and does nothing."""
    check_order(call.venue.floor, call.account, read_order(call))
    return {}


def choose_answer(call: Call) -> str:
    wanted = call.params.get("newOrderRespType") or "ACK"
    if wanted not in ("ACK", "RESULT"):
        raise WireError(-1136, "Invalid newOrderRespType.")
    return wanted


def read_order(call: Call) -> OrderRequest:
    """The order a request asks for, in the order in which Binance looks at it."""
    symbol = call.symbol()
    side = choose(Side, call.text("side"), WireError(-1117, "Invalid side."))
    kind = read_kind(call)
    is_limit = kind is Kind.LIMIT
    if is_limit:
        call.text("timeInForce")
    elif call.maybe("price"):
        raise not_needed("price")
    self_trade = read_self_trade(call)
    time_in_force = read_time_in_force(call)
    return OrderRequest(
        symbol=symbol,
        side=side,
        kind=kind,
        quantity=call.decimal("quantity"),
        price=read_price(call, side) if is_limit else Decimal(0),
        price_match=call.maybe("priceMatch") or "NONE",
        time_in_force=time_in_force if is_limit else TimeInForce.GTC,
        client_order_id=call.client_id("newClientOrderId") or token_urlsafe(16),
        is_reduce_only=call.flag("reduceOnly"),
        position_side=read_position_side(call),
        good_till_ms=read_good_till(call, time_in_force),
        self_trade=self_trade,
    )


def read_price(call: Call, side: Side) -> Decimal:
    """What the client says, or what the book says now: a side of it, or so many levels into it."""
    mode = read_price_match(call)
    return call.decimal("price") if mode == "NONE" else call.venue.floor.book(call.symbol()).matched(side, mode)


def read_price_match(call: Call) -> str:
    mode = call.maybe("priceMatch") or "NONE"
    if mode not in PRICE_MATCHES:
        raise malformed("priceMatch")
    if mode != "NONE" and call.maybe("price"):
        raise not_needed("price")
    return mode


def read_self_trade(call: Call) -> str:
    mode = call.params.get("selfTradePreventionMode") or "EXPIRE_MAKER"
    if mode not in SELF_TRADE:
        raise WireError(-5039, "Invalid self trade prevention mode.")
    return mode


def read_kind(call: Call) -> Kind:
    kind = call.text("type")
    if kind in CONDITIONAL:
        raise WireError(-4120, WRONG_ENDPOINT)
    if kind not in ("LIMIT", "MARKET"):
        raise WireError(-1116, "Invalid orderType.")
    return Kind(kind)


def read_time_in_force(call: Call) -> TimeInForce:
    return choose(TimeInForce, call.params.get("timeInForce") or "GTC", WireError(-1115, "Invalid timeInForce."))


def read_position_side(call: Call) -> PositionSide:
    refusal = WireError(-4060, "Invalid position side.")
    return choose(PositionSide, call.params.get("positionSide") or "BOTH", refusal)


def read_good_till(call: Call, time_in_force: TimeInForce) -> int:
    """GTD needs a moment at least ten minutes ahead."""
    if time_in_force is not TimeInForce.GTD:
        return 0
    moment = call.integer("goodTillDate")
    if moment < call.venue.clock.now_ms() + 600_000:
        text = "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        raise WireError(-5040, text + "and smaller than 253402300799000")
    return moment


def post_batch(call: Call) -> list[JsonObject]:
    """Up to five orders; each has its own answer, good or bad."""
    return [one_of_batch(call, entry, post_order) for entry in read_batch(call, "batchOrders")]


def put_batch(call: Call) -> list[JsonObject]:
    return [one_of_batch(call, entry, put_order) for entry in read_batch(call, "batchOrders")]


def read_batch(call: Call, name: str) -> list[dict[str, str]]:
    try:
        entries = json.loads(call.text(name))
    except (json.JSONDecodeError, RecursionError):
        raise malformed(name) from None
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries) or not entries:
        raise malformed(name)
    if len(entries) > MOST_IN_BATCH:
        raise WireError(-4082, "Invalid number of batch place orders.")
    return [{str(k): as_text(v) for k, v in e.items()} for e in entries]


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def one_of_batch(call: Call, entry: dict[str, str], handler: object) -> JsonObject:
    own = Call(
        venue=call.venue,
        method=call.method,
        path=call.path,
        params={"newOrderRespType": "RESULT", **entry},
        account_or_none=call.account_or_none,
    )
    assert callable(handler), "a batch repeats an ordinary handler"
    try:
        answer: JsonObject = handler(own)
    except WireError as error:
        return error.body()
    except Refused as refusal:
        return from_refusal(refusal).body()
    return answer


def put_order(call: Call) -> JsonObject:
    symbol = call.symbol()
    side = choose(Side, call.text("side"), WireError(-1117, "Invalid side."))
    quantity, price = call.decimal("quantity"), call.decimal("price")
    order = wanted(call, symbol)
    if order and order.request.side is not side:
        raise WireError(-1117, "Invalid side.")
    return order_json(call.venue.floor, amend(call.venue.floor, order, quantity, price), is_query=False)


def wanted(call: Call, symbol: str) -> Order | None:
    """The order that orderId or origClientOrderId names."""
    order_id, name = call.maybe_integer("orderId"), call.maybe("origClientOrderId")
    if order_id is None and name is None:
        text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        raise WireError(-1102, text)
    return call.account.find_order(symbol, order_id, name)


def get_order(call: Call) -> JsonObject:
    order = wanted(call, call.symbol())
    if order is None:
        raise Refused(Reason.ORDER_DOES_NOT_EXIST)
    return order_json(call.venue.floor, order)


def get_open_order(call: Call) -> JsonObject:
    order = wanted(call, call.symbol())
    if order is None or not order.is_open:
        raise Refused(Reason.ORDER_DOES_NOT_EXIST)
    return order_json(call.venue.floor, order)


def delete_order(call: Call) -> JsonObject:
    order = cancel(call.venue.floor, wanted(call, call.symbol()))
    return order_json(call.venue.floor, order, is_query=False)


def delete_batch(call: Call) -> list[JsonObject]:
    symbol = call.symbol()
    ids, names = call.maybe("orderIdList"), call.maybe("origClientOrderIdList")
    if not ids and not names:
        raise missing("orderIdList")
    entries = read_list(ids or names or "", "orderIdList" if ids else "origClientOrderIdList")
    field = "orderId" if ids else "origClientOrderId"
    return [one_of_batch(call, {"symbol": symbol, field: as_text(e)}, delete_order) for e in entries]


def read_list(text: str, name: str) -> list[object]:
    try:
        entries = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise malformed(name) from None
    if not isinstance(entries, list) or len(entries) > 10:
        raise malformed(name)
    return entries


def delete_all(call: Call) -> JsonObject:
    cancel_all(call.venue.floor, call.account, call.symbol())
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def get_open_orders(call: Call) -> list[JsonObject]:
    return [order_json(call.venue.floor, o) for o in call.account.working(call.maybe_symbol())]


def get_amendments(call: Call) -> list[JsonObject]:
    symbol, (start, end) = call.symbol(), call.times()
    order = wanted(call, symbol)
    if order is None:
        raise Refused(Reason.ORDER_DOES_NOT_EXIST)
    rows = [
        amendment_json(call.venue.floor, order, number)
        for number, made in enumerate(order.amendments)
        if is_between(made.time_ms, start, end)
    ]
    return rows[-call.limit(50, 100) :][::-1]


def get_all_orders(call: Call) -> list[JsonObject]:
    symbol, first = call.symbol(), call.maybe_integer("orderId")
    start, end = call.times()
    found = [
        o
        for o in call.account.orders.values()
        if o.request.symbol == symbol
        and (first is None or o.order_id >= first)
        and is_between(o.created_ms, start, end)
    ]
    limit = call.limit(DEFAULT_LIMIT, MOST_ROWS)
    return [order_json(call.venue.floor, o) for o in page(found, limit, from_start=first is not None)]


def is_between(time_ms: int, start: int | None, end: int | None) -> bool:
    return (start is None or time_ms >= start) and (end is None or time_ms <= end)


def page(rows: Iterable[Order], limit: int, from_start: bool) -> list[Order]:
    """The newest rows, or from a given id forwards."""
    found = list(rows)
    return found[:limit] if from_start else found[-limit:]


def get_trades(call: Call) -> list[JsonObject]:
    symbol, order_id, first = call.symbol(), call.maybe_integer("orderId"), call.maybe_integer("fromId")
    start, end = call.times()
    found = [
        t
        for t in call.account.trades
        if t.symbol == symbol
        and (order_id is None or t.order_id == order_id)
        and (first is None or t.trade_id >= first)
        and is_between(t.time_ms, start, end)
    ]
    limit = call.limit(DEFAULT_LIMIT, MOST_ROWS)
    chosen = found[:limit] if first is not None or start is not None else found[-limit:]
    return [trade_json(call.venue.floor, t) for t in chosen]


def post_countdown(call: Call) -> JsonObject:
    """All orders of a symbol go when the countdown ends; 0 disarms it."""
    symbol, milliseconds = call.symbol(), call.integer("countdownTime")
    if milliseconds < 0:
        raise malformed("countdownTime")
    if milliseconds:
        call.account.countdowns[symbol] = call.venue.clock.now_ms() + milliseconds
    else:
        call.account.countdowns.pop(symbol, None)
    return {"symbol": symbol, "countdownTime": str(milliseconds)}
