"""Take-profit and stop-loss of a whole position: set, changed, taken away, and gone when the position is."""

from dataclasses import dataclass
from decimal import Decimal
from secrets import token_hex
from typing import TYPE_CHECKING

from venue.bybit.call import Call
from venue.bybit.entries import STOP_LOSS, TAKE_PROFIT
from venue.bybit.errors import BybitError, JsonObject, invalid
from venue.bybit.holdings import protection_of
from venue.bybit.render import plain
from venue.core.account import Account, Position
from venue.core.book import Book
from venue.core.checks import check_price, check_tradable
from venue.core.conditional import cancel_algo, place_algo
from venue.core.floor import Floor
from venue.core.orders import ZERO, AlgoOrder, AlgoRequest, AlgoStatus, Kind, Order, PositionSide, Side, WorkingType
from venue.core.refusal import Refused

if TYPE_CHECKING:
    from venue.bybit.face import Face

SIDES_BY_INDEX = {"0": PositionSide.BOTH, "1": PositionSide.LONG, "2": PositionSide.SHORT}
WORKING_TYPES = {
    "LastPrice": WorkingType.CONTRACT_PRICE,
    "MarkPrice": WorkingType.MARK_PRICE,
    "IndexPrice": WorkingType.CONTRACT_PRICE,
}
NAMES = ((STOP_LOSS, "StopLoss"), (TAKE_PROFIT, "TakeProfit"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Prices; None: leave it as it is, 0: take it away."""

    take_profit: Decimal | None
    stop_loss: Decimal | None
    take_profit_by: WorkingType = WorkingType.CONTRACT_PRICE
    stop_loss_by: WorkingType = WorkingType.CONTRACT_PRICE

    def price(self, prefix: str) -> Decimal | None:
        return self.stop_loss if prefix == STOP_LOSS else self.take_profit

    def working_type(self, prefix: str) -> WorkingType:
        return self.stop_loss_by if prefix == STOP_LOSS else self.take_profit_by


def post_trading_stop(call: Call) -> JsonObject:
    symbol, index = call.symbol(), call.maybe("positionIdx") or "0"
    if call.maybe("tpslMode") == "Partial" or call.maybe_decimal("trailingStop"):
        raise BybitError(10001, "params error: only full-position takeProfit and stopLoss are offered here")
    side = SIDES_BY_INDEX.get(index)
    if side is None or call.account.is_hedged == (side is PositionSide.BOTH):
        raise BybitError(10001, "position idx not match position mode")
    position = call.account.position(symbol, side)
    if not position.amount:
        raise BybitError(10001, "can not set tp/sl/ts for zero position")
    wanted = Protection(
        take_profit=call.maybe_decimal("takeProfit"),
        stop_loss=call.maybe_decimal("stopLoss"),
        take_profit_by=working_type(call, "tpTriggerBy"),
        stop_loss_by=working_type(call, "slTriggerBy"),
    )
    if wanted.take_profit is None and wanted.stop_loss is None:
        raise BybitError(34040, "not modified")
    floor = call.venue.floor
    check_protection(floor.books[symbol], side_of(position), wanted, floor.books[symbol].last)
    if not protect(floor, call.account, position, wanted):
        raise BybitError(34040, "not modified")
    return {}


def working_type(call: Call, name: str) -> WorkingType:
    value = call.maybe(name) or "LastPrice"
    if value not in WORKING_TYPES:
        raise invalid(name)
    return WORKING_TYPES[value]


def side_of(position: Position) -> Side:
    return Side.BUY if position.amount > 0 else Side.SELL


def check_protection(book: Book, side: Side, wanted: Protection, base: Decimal) -> None:
    """A long's stop lies below and its take-profit above the base price, a short's the other way round."""
    check_tradable(book, reduces=True)
    for prefix, word in NAMES:
        price = wanted.price(prefix)
        if not price:
            continue
        check_price(book.instrument, price)
        must_be_lower = (prefix == STOP_LOSS) == (side is Side.BUY)
        if (price >= base) if must_be_lower else (price <= base):
            position, where = ("Buy" if side is Side.BUY else "Sell"), ("lower" if must_be_lower else "higher")
            text = f"{word}:{plain(price)} set for {position} position should {where} than base_price:{plain(base)}"
            raise BybitError(10001, f"{text}??LastPrice")


def protect(floor: Floor, account: Account, position: Position, wanted: Protection) -> bool:
    """Puts the waiting orders in their places; whether anything changed. What was asked for has been checked."""
    take_profit, stop_loss = protection_of(account, position)
    is_changed = False
    for prefix, present in ((STOP_LOSS, stop_loss), (TAKE_PROFIT, take_profit)):
        price = wanted.price(prefix)
        if price is None or is_same(present, price, wanted.working_type(prefix)):
            continue
        is_changed = True
        if present is not None and present.status is AlgoStatus.NEW:
            cancel_algo(floor, account, present)
        if price:
            place_algo(floor, account, closer(position, prefix, price, wanted.working_type(prefix)))
    return is_changed


def is_same(present: AlgoOrder | None, price: Decimal, by: WorkingType) -> bool:
    if present is None:
        return not price
    return (present.request.trigger_price, present.request.working_type) == (price, by)


def closer(position: Position, prefix: str, price: Decimal, by: WorkingType) -> AlgoRequest:
    return AlgoRequest(
        symbol=position.symbol,
        side=side_of(position).other,
        kind=Kind.STOP_MARKET if prefix == STOP_LOSS else Kind.TAKE_PROFIT_MARKET,
        quantity=ZERO,
        trigger_price=price,
        client_algo_id=f"{prefix}{token_hex(10)}",
        close_position=True,
        position_side=position.side,
        working_type=by,
    )


def drop_idle(floor: Floor, account: Account, position: Position) -> None:
    """A position that is gone, or has turned, takes its protection with it."""
    for algo in protection_of(account, position):
        is_idle = algo is not None and position.amount * algo.request.side.sign >= 0
        if algo is not None and is_idle and algo.status is AlgoStatus.NEW:
            cancel_algo(floor, account, algo)


def attach(face: "Face", floor: Floor, account: Account, order: Order) -> None:
    """The first fill that opens brings the order's take-profit and stop-loss; a price gone past them drops them."""
    request, key = order.request, (account.name, order.request.client_order_id)
    position = account.position(request.symbol, request.position_side)
    wanted = face.attached.get(key)
    if wanted is None or position.amount * request.side.sign <= 0:
        return
    face.attached.pop(key)
    book = floor.books[position.symbol]
    try:
        check_protection(book, side_of(position), wanted, book.last)
        protect(floor, account, position, keep_given(wanted))
    except (BybitError, Refused):
        return  # the answer to the order was given before: its protection is just not there


def keep_given(wanted: Protection) -> Protection:
    return Protection(
        take_profit=wanted.take_profit or None,
        stop_loss=wanted.stop_loss or None,
        take_profit_by=wanted.take_profit_by,
        stop_loss_by=wanted.stop_loss_by,
    )
