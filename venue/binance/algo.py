"""Conditional orders over REST: their own ids, lists and cancels under /fapi/v1/algoOrder."""

from decimal import Decimal
from secrets import token_urlsafe

from venue.binance.call import Call, choose
from venue.binance.errors import JsonObject, WireError, missing
from venue.binance.orders import (
    DEFAULT_LIMIT,
    MOST_ROWS,
    is_between,
    read_good_till,
    read_position_side,
    read_price_match,
    read_self_trade,
    read_time_in_force,
)
from venue.binance.render import algo_json
from venue.core.conditional import cancel_algo, cancel_all_algos, place_algo
from venue.core.orders import AlgoOrder, AlgoRequest, Kind, Side, WorkingType
from venue.core.refusal import Reason, Refused

KINDS = (Kind.STOP, Kind.STOP_MARKET, Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_MARKET, Kind.TRAILING_STOP_MARKET)
WITH_LIMIT = (Kind.STOP, Kind.TAKE_PROFIT)
LEAST_CALLBACK, MOST_CALLBACK = Decimal("0.1"), Decimal(10)


def post_algo(call: Call) -> JsonObject:
    return algo_json(call.venue.floor, place_algo(call.venue.floor, call.account, read_algo(call)))


def read_algo(call: Call) -> AlgoRequest:
    if call.text("algoType") != "CONDITIONAL":
        raise WireError(-4500, "Invalid algoType.")
    symbol = call.symbol()
    side = choose(Side, call.text("side"), WireError(-1117, "Invalid side."))
    kind = choose(Kind, call.text("type"), WireError(-1116, "Invalid orderType."))
    if kind not in KINDS:
        raise WireError(-1116, "Invalid orderType.")
    closes, time_in_force = call.flag("closePosition"), read_time_in_force(call)
    price_match = read_price_match(call)
    is_trailing = kind is Kind.TRAILING_STOP_MARKET
    return AlgoRequest(
        symbol=symbol,
        side=side,
        kind=kind,
        quantity=call.maybe_decimal("quantity") if closes else call.decimal("quantity"),
        trigger_price=Decimal(0) if is_trailing else call.decimal("triggerPrice"),
        price=call.decimal("price") if kind in WITH_LIMIT and price_match == "NONE" else Decimal(0),
        price_match=price_match if kind in WITH_LIMIT else "NONE",
        time_in_force=time_in_force,
        client_algo_id=call.client_id("clientAlgoId") or token_urlsafe(16),
        is_reduce_only=call.flag("reduceOnly"),
        close_position=closes,
        position_side=read_position_side(call),
        working_type=read_working_type(call),
        price_protect=call.params.get("priceProtect", "").lower() == "true",
        callback_rate=read_callback_rate(call) if is_trailing else Decimal(0),
        activate_price=(call.maybe_decimal("activatePrice") or call.maybe_decimal("activationPrice"))
        if is_trailing
        else Decimal(0),
        good_till_ms=read_good_till(call, time_in_force),
        self_trade=read_self_trade(call),
    )


def read_working_type(call: Call) -> WorkingType:
    wanted = call.params.get("workingType") or "CONTRACT_PRICE"
    return choose(WorkingType, wanted, WireError(-1116, "Invalid workingType."))


def read_callback_rate(call: Call) -> Decimal:
    rate = call.decimal("callbackRate")
    if not LEAST_CALLBACK <= rate <= MOST_CALLBACK:
        raise Refused(Reason.CALLBACK_RATE)
    return rate


def wanted(call: Call) -> AlgoOrder | None:
    algo_id, name = call.maybe_integer("algoId"), call.maybe("clientAlgoId")
    if algo_id is None and name is None:
        raise missing("algoId")
    return call.account.find_algo(algo_id, name)


def get_algo(call: Call) -> JsonObject:
    algo = wanted(call)
    if algo is None:
        raise Refused(Reason.ORDER_DOES_NOT_EXIST)
    return algo_json(call.venue.floor, algo)


def delete_algo(call: Call) -> JsonObject:
    algo = cancel_algo(call.venue.floor, call.account, wanted(call))
    return {"algoId": algo.algo_id, "clientAlgoId": algo.request.client_algo_id, "code": "200", "msg": "success"}


def delete_all_algos(call: Call) -> JsonObject:
    cancel_all_algos(call.venue.floor, call.account, call.symbol())
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def get_open_algos(call: Call) -> list[JsonObject]:
    return [algo_json(call.venue.floor, a) for a in call.account.waiting(call.maybe_symbol())]


def get_all_algos(call: Call) -> list[JsonObject]:
    symbol, first = call.symbol(), call.maybe_integer("algoId")
    start, end = call.times()
    found = [
        a
        for a in call.account.algos.values()
        if a.request.symbol == symbol and (first is None or a.algo_id >= first) and is_between(a.created_ms, start, end)
    ]
    limit = call.limit(DEFAULT_LIMIT, MOST_ROWS)
    return [algo_json(call.venue.floor, a) for a in (found[:limit] if first is not None else found[-limit:])]
