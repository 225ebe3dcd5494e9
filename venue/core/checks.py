"""All that is looked at before an order is accepted. Nothing is changed here; the first broken rule is raised."""

from decimal import Decimal

from venue.core.account import Account
from venue.core.book import Book
from venue.core.floor import Floor
from venue.core.instrument import Instrument, decimals
from venue.core.margin import figures, order_margin_of
from venue.core.orders import AlgoRequest, Kind, OrderRequest, PositionSide, Side, TimeInForce
from venue.core.refusal import Reason, Refused
from venue.core.triggers import would_fire_at_once

MAX_OPEN_ORDERS = 200
MAX_OPEN_ALGOS = 100


def check_order(floor: Floor, account: Account, request: OrderRequest) -> None:
    book = floor.book(request.symbol)
    check_tradable(book, request.is_reduce_only)
    check_position_side(account, request.position_side, request.is_reduce_only)
    check_quantity(book.instrument, request.quantity, request.kind)
    if request.kind is Kind.LIMIT:
        check_price(book.instrument, request.price)
        check_band(book, request.side, request.price)
    if not request.is_reduce_only and not closes(request):
        check_notional(book, request)
    if account.has_open_order_called(request.client_order_id):
        raise Refused(Reason.DUPLICATE_CLIENT_ID)
    if len(account.working(request.symbol)) >= MAX_OPEN_ORDERS:
        raise Refused(Reason.TOO_MANY_ORDERS)
    check_reduces(account, request)
    check_time_in_force(book, request)
    check_margin(floor, account, request)


def check_tradable(book: Book, reduces: bool) -> None:
    if book.status == "TRADING" or (book.status == "SETTLING" and reduces):
        return
    raise Refused(Reason.SYMBOL_CLOSING if book.status == "SETTLING" else Reason.SYMBOL_CLOSED)


def check_position_side(account: Account, side: PositionSide, is_reduce_only: bool) -> None:
    if account.is_hedged == (side is PositionSide.BOTH):
        raise Refused(Reason.POSITION_SIDE)
    if account.is_hedged and is_reduce_only:
        raise Refused(Reason.REDUCE_ONLY_IN_HEDGE)


def check_quantity(instrument: Instrument, quantity: Decimal, kind: Kind) -> None:
    if quantity <= 0:
        raise Refused(Reason.QUANTITY_NOT_POSITIVE)
    if decimals(quantity) > instrument.quantity_decimals:
        raise Refused(Reason.TOO_PRECISE)
    if quantity < instrument.min_quantity:
        raise Refused(Reason.QUANTITY_TOO_SMALL)
    if quantity > (instrument.max_quantity if kind is Kind.LIMIT else instrument.max_market_quantity):
        raise Refused(Reason.QUANTITY_TOO_LARGE)
    if quantity % instrument.step:
        raise Refused(Reason.QUANTITY_OFF_STEP)


def check_price(instrument: Instrument, price: Decimal) -> None:
    if price <= 0:
        raise Refused(Reason.PRICE_NOT_POSITIVE)
    if decimals(price) > instrument.price_decimals:
        raise Refused(Reason.TOO_PRECISE)
    if price % instrument.tick:
        raise Refused(Reason.PRICE_OFF_TICK)


def check_band(book: Book, side: Side, price: Decimal) -> None:
    """A buy may not be far above the mark price, a sell not far below."""
    cap = floor_to(book.mark * (1 + book.instrument.price_band), book.instrument)
    bottom = floor_to(book.mark * (1 - book.instrument.price_band), book.instrument)
    if side is Side.BUY and price > cap:
        raise Refused(Reason.PRICE_TOO_HIGH, limit=cap)
    if side is Side.SELL and price < bottom:
        raise Refused(Reason.PRICE_TOO_LOW, limit=bottom)


def floor_to(price: Decimal, instrument: Instrument) -> Decimal:
    return price // instrument.tick * instrument.tick


def check_notional(book: Book, request: OrderRequest) -> None:
    price = request.price if request.kind is Kind.LIMIT else book.mark
    if request.quantity * price < book.instrument.min_notional:
        raise Refused(Reason.NOTIONAL_TOO_SMALL, least=book.instrument.min_notional)


def closes(request: OrderRequest) -> bool:
    """In hedge mode selling LONG or buying SHORT can only reduce."""
    return (request.position_side, request.side) in (
        (PositionSide.LONG, Side.SELL),
        (PositionSide.SHORT, Side.BUY),
    )


def check_reduces(account: Account, request: OrderRequest) -> None:
    if not (request.is_reduce_only or closes(request)):
        if account.may_only_reduce:
            raise Refused(Reason.REDUCE_ONLY_ALLOWED)
        return
    position = account.positions.get((request.symbol, request.position_side))
    amount = position.amount if position else Decimal(0)
    if amount * request.side.sign >= 0 or (closes(request) and request.quantity > abs(amount)):
        raise Refused(Reason.REDUCE_ONLY)


def check_time_in_force(book: Book, request: OrderRequest) -> None:
    if request.time_in_force is TimeInForce.GTX and book.would_cross(request.side, request.price):
        raise Refused(Reason.WOULD_TAKE)
    if request.time_in_force is TimeInForce.FOK and fillable(book, request) < request.quantity:
        raise Refused(Reason.WOULD_NOT_FILL)


def fillable(book: Book, request: OrderRequest) -> Decimal:
    found = Decimal(0)
    for offer in book.offers(request.side, request.price):
        found += offer.quantity
        if found >= request.quantity:
            break
    return found


def check_margin(floor: Floor, account: Account, request: OrderRequest) -> None:
    before = order_margin_of(floor, account, request.symbol)
    added = order_margin_of(floor, account, request.symbol, extra=request) - before
    if added > 0 and added > figures(floor, account).available:
        raise Refused(Reason.MARGIN_INSUFFICIENT)
    check_size_allowed(floor, account, request)


def check_size_allowed(floor: Floor, account: Account, request: OrderRequest) -> None:
    """A high leverage allows only small positions."""
    if request.is_reduce_only or closes(request):
        return
    book, position = floor.books[request.symbol], account.position(request.symbol, request.position_side)
    after = abs(position.amount + request.quantity * request.side.sign) * book.mark
    if after > abs(position.amount) * book.mark and account.setting(
        request.symbol
    ).leverage > book.instrument.max_leverage(after):
        raise Refused(Reason.POSITION_TOO_LARGE)


def check_algo(floor: Floor, account: Account, request: AlgoRequest) -> None:
    """A conditional order binds no margin until it fires, so little is checked."""
    book = floor.book(request.symbol)
    check_tradable(book, request.is_reduce_only or request.close_position)
    check_position_side(account, request.position_side, request.is_reduce_only)
    check_close_position(account, request)
    if not request.close_position:
        check_quantity(book.instrument, request.quantity, Kind.MARKET if not request.price else Kind.LIMIT)
    for price in (request.trigger_price, request.price, request.activate_price):
        if price:
            check_price(book.instrument, price)
    if account.has_open_algo_called(request.client_algo_id):
        raise Refused(Reason.DUPLICATE_CLIENT_ID)
    if len(account.waiting(request.symbol)) >= MAX_OPEN_ALGOS:
        raise Refused(Reason.TOO_MANY_ALGO_ORDERS)
    if would_fire_at_once(request, book.mark if request.working_type == "MARK_PRICE" else book.last):
        raise Refused(Reason.WOULD_TRIGGER)


def check_close_position(account: Account, request: AlgoRequest) -> None:
    if not request.close_position:
        return
    if request.quantity:
        raise Refused(Reason.CLOSE_POSITION_WITH_QUANTITY)
    if request.is_reduce_only:
        raise Refused(Reason.CLOSE_POSITION_WITH_REDUCE_ONLY)
    if request.kind is Kind.TRAILING_STOP_MARKET and not request.callback_distance:
        raise Refused(Reason.CLOSE_POSITION_TRAILING)
    if any(is_same_close(a.request, request) for a in account.waiting(request.symbol)):
        raise Refused(Reason.CLOSE_POSITION_EXISTS)


def is_same_close(one: AlgoRequest, other: AlgoRequest) -> bool:
    """Two closers of one direction and one purpose (stop, take-profit, trailing) can't both wait."""
    purpose = one.kind.value.partition("_")[0] == other.kind.value.partition("_")[0]
    return one.close_position and purpose and (one.side, one.position_side) == (other.side, other.position_side)
