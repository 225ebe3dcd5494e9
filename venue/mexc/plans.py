"""Conditional orders: plan orders with a trigger, and the take-profits and stop-losses of positions."""

from secrets import token_hex

from venue.asking import as_text
from venue.core.conditional import cancel_algo, place_algo
from venue.core.orders import ZERO, AlgoOrder, AlgoRequest, AlgoStatus, Kind, Side, TimeInForce
from venue.core.refusal import Reason, Refused
from venue.mexc.call import Call
from venue.mexc.errors import NOT_CANCELLABLE, JsonObject, MexcError, invalid
from venue.mexc.holdings import position_by_id
from venue.mexc.orders import apply_terms, batch_rows, order_by_id, read_levels, read_side, read_type
from venue.mexc.render import OWN, plan_json
from venue.mexc.stops import (
    NO_PRICE,
    Levels,
    Stop,
    cancel_stop,
    check_levels,
    is_stop,
    move_stop,
    place_stop,
    stop_by_id,
    stop_json,
    stops,
)
from venue.mexc.trends import read_trend

HOUR_MS = 3_600_000
CYCLES = {"1": 24 * HOUR_MS, "2": 7 * 24 * HOUR_MS}
NO_STOP = MexcError(5002, "The Stop-Limit order does not exist or has closed")


def place_plan(call: Call) -> object:
    """The plan order's own id. The order it makes has another."""
    request = read_plan(call)
    apply_terms(call, request.symbol)
    return str(place_algo(call.venue.floor, call.account, request).algo_id)


def read_plan(call: Call) -> AlgoRequest:
    if read_levels(call):
        raise MexcError(600, "Parameter error: a plan order with stopLossPrice or takeProfitPrice is not offered here")
    instrument = call.instrument()
    side, position_side, reduces = read_side(call)
    time_in_force = read_type(call, "orderType")
    return AlgoRequest(
        symbol=instrument.symbol,
        side=side,
        kind=read_kind(call, side, is_market=time_in_force is None),
        quantity=call.quantity(instrument),
        trigger_price=call.decimal("triggerPrice"),
        price=call.decimal("price") if time_in_force else ZERO,
        time_in_force=time_in_force or TimeInForce.GTC,
        client_algo_id=f"{OWN}{token_hex(10)}",  # an external id is not read: here the real one knows none
        is_reduce_only=reduces,
        position_side=position_side,
        working_type=read_trend(call, "trend"),
        good_till_ms=call.venue.clock.now_ms() + read_cycle(call),
    )


def read_kind(call: Call, side: Side, is_market: bool) -> Kind:
    """Trigger type 1 waits for a price at or above, 2 at or below: with the side it is a stop or a take-profit."""
    is_rise = {"1": True, "2": False}.get(call.text("triggerType"))
    if is_rise is None:
        raise MexcError(3002, "Trigger type error")
    if is_rise == (side is Side.BUY):
        return Kind.STOP_MARKET if is_market else Kind.STOP
    return Kind.TAKE_PROFIT_MARKET if is_market else Kind.TAKE_PROFIT


def read_cycle(call: Call) -> int:
    if call.text("executeCycle") not in CYCLES:
        raise MexcError(3003, "Executive cycle error")
    return CYCLES[call.text("executeCycle")]


def list_plans(call: Call) -> object:
    """Newest first; `states` picks some."""
    symbol, states, (start, end) = call.maybe_symbol(), call.maybe("states"), call.span()
    rows = [
        plan_json(call.venue.floor, call.account, a)
        for a in reversed(call.account.algos.values())
        if not is_stop(a) and symbol in (None, a.request.symbol)
        if start <= a.created_ms <= end
    ]
    wanted = [r for r in rows if states is None or str(r["state"]) in states.split(",")]
    skip, size = call.page()
    return wanted[skip : skip + size]


def cancel_plans(call: Call) -> None:
    """All of them or none: one that can't be cancelled is refused before any is."""
    chosen = [plan_in(one) for one in batch_rows(call)]
    for algo in chosen:
        if algo.status is AlgoStatus.NEW:
            cancel_algo(call.venue.floor, call.account, algo)


def plan_in(call: Call) -> AlgoOrder:
    algo = call.account.algos.get(call.integer("orderId"))
    if algo is None or is_stop(algo) or algo.request.symbol != call.symbol():
        raise Refused(Reason.UNKNOWN_ORDER)
    if algo.status is not AlgoStatus.NEW:
        raise MexcError(2041, NOT_CANCELLABLE)
    return algo


def cancel_all_plans(call: Call) -> None:
    for algo in call.account.waiting(call.maybe_symbol()):
        if not is_stop(algo) and algo.status is AlgoStatus.NEW:
            cancel_algo(call.venue.floor, call.account, algo)


def place_position_stop(call: Call) -> object:
    """Take-profit and stop-loss for so many contracts of a position that is held."""
    position = position_by_id(call.account, call.integer("positionId"))
    instrument = call.venue.floor.books[position.symbol].instrument
    quantity, levels = call.quantity(instrument), read_levels(call) or Levels()
    if quantity > abs(position.amount):
        raise MexcError(5004, "The take-profit and stop-loss order volume is more than the holding positions")
    return str(place_stop(call.venue.floor, call.account, position, token_hex(8), quantity, levels))


def wanted_stop(call: Call, text: str) -> Stop:
    stop = stop_by_id(call.account, call.read_integer("stopPlanOrderId", text))
    if stop is None or not stop.is_open:
        raise NO_STOP
    return stop


def change_stop(call: Call) -> None:
    stop = wanted_stop(call, call.text("stopPlanOrderId"))
    levels = read_levels(call)
    if levels is None:
        raise NO_PRICE
    move_stop(call.venue.floor, call.account, stop, levels)


def change_attached(call: Call) -> None:
    """The stop of an order that has not filled yet; without prices it is taken away."""
    order, levels = order_by_id(call.account, call.integer("orderId")), read_levels(call)
    if not order.is_open or order.filled:
        raise MexcError(2041, NOT_CANCELLABLE)
    key = (call.account.name, order.request.client_order_id)
    if levels is None:
        call.venue.mexc.attached.pop(key, None)
        return
    check_levels(call.venue.floor.books[order.request.symbol], order.request.side, levels, order.price)
    call.venue.mexc.attached[key] = levels


def cancel_stops(call: Call) -> None:
    if not call.rows:
        raise invalid("body")
    ids = [as_text(row.get("stopPlanOrderId")) if isinstance(row, dict) else as_text(row) for row in call.rows]
    for stop in [wanted_stop(call, text) for text in ids]:
        if stop.is_open:
            cancel_stop(call.venue.floor, call.account, stop)


def cancel_all_stops(call: Call) -> None:
    """Of one position, of one symbol, or all. One that is being triggered is passed over."""
    symbol, number = call.maybe_symbol(), call.maybe_integer("positionId")
    wanted = position_by_id(call.account, number).symbol if number else symbol
    for algo in call.account.waiting(wanted):
        if is_stop(algo) and algo.status is AlgoStatus.NEW:
            cancel_algo(call.venue.floor, call.account, algo)


def list_stops(call: Call) -> object:
    """Newest first; `is_finished` 0: those still waiting."""
    finished = call.maybe("is_finished")
    rows = [r for r in stop_rows(call) if finished in (None, str(r["isFinished"]))]
    skip, size = call.page()
    return rows[skip : skip + size]


def list_open_stops(call: Call) -> object:
    return [r for r in stop_rows(call) if not r["isFinished"]]


def stop_rows(call: Call) -> list[JsonObject]:
    symbol = call.maybe_symbol()
    found = [s for s in stops(call.account) if symbol in (None, s.head.request.symbol)]
    return [stop_json(call.venue.floor, call.account, s) for s in sorted(found, key=lambda s: s.id, reverse=True)]


def get_stop(call: Call) -> object:
    stop = stop_by_id(call.account, call.integer("stop_order_id"))
    if stop is None:
        raise NO_STOP
    return stop_json(call.venue.floor, call.account, stop)
