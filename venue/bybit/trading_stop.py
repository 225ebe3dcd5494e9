"""Protection as clients ask for it: for a position (`trading-stop`), or brought by an order that has yet to fill."""

from decimal import Decimal

from venue.bybit.call import Call
from venue.bybit.errors import BybitError, JsonObject, invalid
from venue.bybit.protection import Protection, check_protection, protect, side_of
from venue.core.checks import check_price
from venue.core.instrument import Instrument
from venue.core.orders import ZERO, OrderRequest, PositionSide, WorkingType

SIDES_BY_INDEX = {"0": PositionSide.BOTH, "1": PositionSide.LONG, "2": PositionSide.SHORT}
WORKING_TYPES = {
    "LastPrice": WorkingType.CONTRACT_PRICE,
    "MarkPrice": WorkingType.MARK_PRICE,
    "IndexPrice": WorkingType.CONTRACT_PRICE,
}


def post_trading_stop(call: Call) -> JsonObject:
    symbol, index = call.symbol(), call.maybe("positionIdx") or "0"
    side = SIDES_BY_INDEX.get(index)
    if side is None or call.account.is_hedged == (side is PositionSide.BOTH):
        raise BybitError(10001, "position idx not match position mode")
    position = call.account.position(symbol, side)
    if not position.amount:
        raise BybitError(10001, "can not set tp/sl/ts for zero position")
    floor = call.venue.floor
    wanted = read_protection(call, floor.books[symbol].instrument, whole=abs(position.amount))
    if wanted.is_empty:
        raise BybitError(34040, "not modified")
    check_protection(floor.books[symbol], side_of(position), wanted, floor.books[symbol].last)
    if not protect(floor, call.account, position, wanted):
        raise BybitError(34040, "not modified")
    return {}


def read_protection(call: Call, instrument: Instrument, whole: Decimal) -> Protection:
    """`whole`: the size of a part that names none."""
    is_partial = read_mode(call) == "Partial"
    take_profit, stop_loss = maybe_price(call, "takeProfit"), maybe_price(call, "stopLoss")
    return Protection(
        take_profit=take_profit,
        stop_loss=stop_loss,
        take_profit_by=working_type(call, "tpTriggerBy"),
        stop_loss_by=working_type(call, "slTriggerBy"),
        is_partial=is_partial,
        take_profit_size=read_size(call, "tpSize", whole) if is_partial else ZERO,
        stop_loss_size=read_size(call, "slSize", whole) if is_partial else ZERO,
        take_profit_limit=read_limit(call, instrument, "tp", is_partial),
        stop_loss_limit=read_limit(call, instrument, "sl", is_partial),
        trailing=maybe_price(call, "trailingStop"),
        active_price=maybe_price(call, "activePrice") or ZERO,
    )


def read_mode(call: Call) -> str:
    mode = call.maybe("tpslMode") or "Full"
    if mode not in ("Full", "Partial"):
        raise invalid("tpslMode")
    return mode


def maybe_price(call: Call, name: str) -> Decimal | None:
    price = call.decimal(name) if call.maybe(name) else None
    if price is not None and price < 0:
        raise invalid(name)
    return price


def read_size(call: Call, name: str, whole: Decimal) -> Decimal:
    size = call.decimal(name) if call.maybe(name) else whole
    if size <= 0 or size > whole:
        raise invalid(name)
    return size


def read_limit(call: Call, instrument: Instrument, prefix: str, is_partial: bool) -> Decimal:
    """The price of a limit order; 0 where it shall be a market order. Only parts may be limit orders."""
    kind = call.maybe(f"{prefix}OrderType") or "Market"
    if kind not in ("Market", "Limit") or (kind == "Limit" and not is_partial):
        raise invalid(f"{prefix}OrderType")
    if kind == "Market":
        return ZERO
    price = call.decimal(f"{prefix}LimitPrice")
    check_price(instrument, price)
    return price


def working_type(call: Call, name: str) -> WorkingType:
    value = call.maybe(name) or "LastPrice"
    if value not in WORKING_TYPES:
        raise invalid(name)
    return WORKING_TYPES[value]


def read_attached(call: Call, request: OrderRequest) -> Protection | None:
    """Take-profit and stop-loss that come with an order and hold for the position it makes, or its part of it."""
    book = call.venue.floor.books[request.symbol]
    wanted = read_protection(call, book.instrument, whole=request.quantity)
    if not wanted.take_profit and not wanted.stop_loss:
        return None
    check_protection(book, request.side, wanted, request.price or book.last)
    return wanted
