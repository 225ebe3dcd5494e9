"""What protects a position: take-profits, stop-losses and a trailing stop. Placed, replaced, gone with the position."""

from dataclasses import dataclass, replace
from decimal import Decimal
from secrets import token_hex

from venue.bybit.entries import PART_STOP_LOSS, PART_TAKE_PROFIT, STOP_LOSS, TAKE_PROFIT, TRAILING
from venue.bybit.errors import BybitError
from venue.bybit.holdings import protection_of, whole_protection
from venue.bybit.render import plain
from venue.core.account import Account, Position
from venue.core.book import Book
from venue.core.checks import check_price, check_tradable
from venue.core.conditional import cancel_algo, place_algo
from venue.core.floor import Floor
from venue.core.orders import ZERO, AlgoOrder, AlgoRequest, AlgoStatus, Kind, Side, WorkingType

WORDS = ((STOP_LOSS, "StopLoss"), (TAKE_PROFIT, "TakeProfit"))
PARTS = {STOP_LOSS: PART_STOP_LOSS, TAKE_PROFIT: PART_TAKE_PROFIT}
KINDS = {STOP_LOSS: (Kind.STOP_MARKET, Kind.STOP), TAKE_PROFIT: (Kind.TAKE_PROFIT_MARKET, Kind.TAKE_PROFIT)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Prices; None: leave it as it is, 0: take it away. Parts have sizes and, as limit orders, limit prices."""

    take_profit: Decimal | None
    stop_loss: Decimal | None
    take_profit_by: WorkingType = WorkingType.CONTRACT_PRICE
    stop_loss_by: WorkingType = WorkingType.CONTRACT_PRICE
    is_partial: bool = False
    take_profit_size: Decimal = ZERO
    stop_loss_size: Decimal = ZERO
    take_profit_limit: Decimal = ZERO
    stop_loss_limit: Decimal = ZERO
    trailing: Decimal | None = None  # a distance
    active_price: Decimal = ZERO

    @property
    def is_empty(self) -> bool:
        return self.take_profit is None and self.stop_loss is None and self.trailing is None

    def price(self, prefix: str) -> Decimal | None:
        return self.stop_loss if prefix == STOP_LOSS else self.take_profit

    def working_type(self, prefix: str) -> WorkingType:
        return self.stop_loss_by if prefix == STOP_LOSS else self.take_profit_by

    def size(self, prefix: str) -> Decimal:
        return self.stop_loss_size if prefix == STOP_LOSS else self.take_profit_size

    def limit(self, prefix: str) -> Decimal:
        return self.stop_loss_limit if prefix == STOP_LOSS else self.take_profit_limit

    def for_part(self, quantity: Decimal) -> "Protection":
        """What an order brought, for so much as has filled of it."""
        given = replace(self, take_profit=self.take_profit or None, stop_loss=self.stop_loss or None)
        return replace(given, take_profit_size=quantity, stop_loss_size=quantity)


def side_of(position: Position) -> Side:
    return Side.BUY if position.amount > 0 else Side.SELL


def check_protection(book: Book, side: Side, wanted: Protection, base: Decimal) -> None:
    """A long's stop lies below and its take-profit above the base price, a short's the other way round."""
    check_tradable(book, reduces=True)
    for prefix, word in WORDS:
        price = wanted.price(prefix)
        if price:
            check_price(book.instrument, price)
            check_side(side, price, base, (prefix == STOP_LOSS) == (side is Side.BUY), word)
    if wanted.trailing:
        check_price(book.instrument, wanted.trailing)
    if wanted.active_price:
        check_price(book.instrument, wanted.active_price)
        check_side(side, wanted.active_price, base, side is Side.SELL, "TrailingProfit")


def check_side(side: Side, price: Decimal, base: Decimal, must_be_lower: bool, word: str) -> None:
    if (price >= base) if must_be_lower else (price <= base):
        position, where = ("Buy" if side is Side.BUY else "Sell"), ("lower" if must_be_lower else "higher")
        text = f"{word}:{plain(price)} set for {position} position should {where} than base_price:{plain(base)}"
        raise BybitError(10001, f"{text}??LastPrice")


def protect(floor: Floor, account: Account, position: Position, wanted: Protection) -> bool:
    """Puts the waiting orders in their places; whether anything changed. What was asked for has been checked."""
    place = protect_part if wanted.is_partial else protect_whole
    changed = [place(floor, account, position, wanted, prefix) for prefix, _ in WORDS]
    return any([*changed, trail(floor, account, position, wanted)])


def protect_whole(floor: Floor, account: Account, position: Position, wanted: Protection, prefix: str) -> bool:
    price, by = wanted.price(prefix), wanted.working_type(prefix)
    present = whole_protection(account, position, prefix)
    if price is None or is_same(present, price, by):
        return False
    drop(floor, account, present)
    if price:
        place_algo(floor, account, closer(position, prefix, price, by))
    return True


def protect_part(floor: Floor, account: Account, position: Position, wanted: Protection, prefix: str) -> bool:
    """Each call adds one; a price of 0 takes all of this kind away."""
    price, name = wanted.price(prefix), PARTS[prefix]
    if price is None:
        return False
    if price:
        part = closer(position, prefix, price, wanted.working_type(prefix))
        limit, quantity = wanted.limit(prefix), min(wanted.size(prefix), abs(position.amount))
        one_way = position.side.value == "BOTH"
        part = replace(part, quantity=quantity, close_position=False, is_reduce_only=one_way, price=limit)
        kind, own = KINDS[prefix][bool(limit)], f"{name}{token_hex(10)}"
        place_algo(floor, account, replace(part, kind=kind, client_algo_id=own))
        return True
    found = [a for a in protection_of(account, position) if a.request.client_algo_id.startswith(name)]
    for algo in found:
        drop(floor, account, algo)
    return bool(found)


def trail(floor: Floor, account: Account, position: Position, wanted: Protection) -> bool:
    present, distance = whole_protection(account, position, TRAILING), wanted.trailing
    if distance is None or (present is None and not distance):
        return False
    if present and (present.request.callback_distance, present.request.activate_price) == (
        distance,
        wanted.active_price,
    ):
        return False
    drop(floor, account, present)
    if distance:
        request = closer(position, TRAILING, ZERO, WorkingType.CONTRACT_PRICE)
        place_algo(floor, account, replace(request, callback_distance=distance, activate_price=wanted.active_price))
    return True


def drop(floor: Floor, account: Account, algo: AlgoOrder | None) -> None:
    if algo is not None and algo.status is AlgoStatus.NEW:
        cancel_algo(floor, account, algo)


def is_same(present: AlgoOrder | None, price: Decimal, by: WorkingType) -> bool:
    if present is None:
        return not price
    return (present.request.trigger_price, present.request.working_type) == (price, by)


def closer(position: Position, prefix: str, price: Decimal, by: WorkingType) -> AlgoRequest:
    return AlgoRequest(
        symbol=position.symbol,
        side=side_of(position).other,
        kind=KINDS[prefix][0] if prefix in KINDS else Kind.TRAILING_STOP_MARKET,
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
        if position.amount * algo.request.side.sign >= 0:
            drop(floor, account, algo)
