"""When does a conditional order fire? Pure: an order and a price in, an answer out."""

from decimal import Decimal

from venue.core.orders import AlgoOrder, AlgoRequest, Kind, Side

HUNDRED = Decimal(100)
STOPS = (Kind.STOP, Kind.STOP_MARKET)
TAKES = (Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_MARKET)


def waits_for_rise(request: AlgoRequest) -> bool:
    """A buy stop and a sell take-profit wait for a higher price, the others for a lower one."""
    return (request.kind in STOPS) == (request.side is Side.BUY)


def reached(price: Decimal, level: Decimal, is_rise: bool) -> bool:
    return price >= level if is_rise else price <= level


def would_fire_at_once(request: AlgoRequest, price: Decimal) -> bool:
    if request.kind is Kind.TRAILING_STOP_MARKET:
        return bool(request.activate_price) and reached(price, request.activate_price, request.side is Side.SELL)
    return reached(price, request.trigger_price, waits_for_rise(request))


def trailing_level(algo: AlgoOrder) -> Decimal:
    """Where a trailing stop would fire now."""
    sign = 1 if algo.request.side is Side.BUY else -1
    if algo.request.callback_distance:
        return algo.extreme + algo.request.callback_distance * sign
    return algo.extreme * (1 + algo.request.callback_rate / HUNDRED * sign)


def follow(algo: AlgoOrder, price: Decimal) -> None:
    """A trailing stop wakes at its activation price, then remembers the best price seen."""
    request = algo.request
    if not algo.is_active and reached(price, request.activate_price, request.side is Side.SELL):
        algo.is_active, algo.extreme = True, price
    if algo.is_active:
        algo.extreme = max(algo.extreme, price) if request.side is Side.SELL else min(algo.extreme, price)


def level(algo: AlgoOrder) -> tuple[Decimal, bool]:
    """(the price this order waits for, whether it waits for a rise)."""
    request = algo.request
    if request.kind is not Kind.TRAILING_STOP_MARKET:
        return request.trigger_price, waits_for_rise(request)
    if not algo.is_active:
        return request.activate_price, request.side is Side.SELL
    return trailing_level(algo), request.side is Side.BUY


def fires(algo: AlgoOrder, price: Decimal) -> bool:
    wanted, is_rise = level(algo)
    return algo.is_active and reached(price, wanted, is_rise)
