"""Orders meet the book: accept, take, rest, cancel, amend."""

from dataclasses import replace
from decimal import Decimal

from venue.core.account import Account
from venue.core.algo_status import after_order_done
from venue.core.book import Book, Offer
from venue.core.checks import check_band, check_order, check_price, check_quantity, closes
from venue.core.events import OrderChanged
from venue.core.floor import Floor
from venue.core.orders import ZERO, Amendment, Execution, Kind, Order, OrderRequest, Status, TimeInForce
from venue.core.refusal import Reason, Refused
from venue.core.settlement import Fill, settle

MOST_AMENDMENTS = 10_000  # of one order
DONE = {Execution.CANCELED: Status.CANCELED, Execution.EXPIRED: Status.EXPIRED}


def place(floor: Floor, account: Account, request: OrderRequest) -> Order:
    """Checks, accepts and executes one order. Raises Refused, and then nothing happened."""
    check_order(floor, account, request)
    order = accept(floor, account, request)
    execute(floor, order)
    return order


def place_or_expire(floor: Floor, account: Account, request: OrderRequest) -> Order:
    """As `place`; but a post-only order that would take, or one that can't fill whole, is accepted and expires."""
    try:
        return place(floor, account, request)
    except Refused as refusal:
        if refusal.reason not in (Reason.WOULD_TAKE, Reason.WOULD_NOT_FILL):
            raise
    order = accept(floor, account, request)
    end(floor, order, Execution.EXPIRED)
    return order


def accept(floor: Floor, account: Account, request: OrderRequest) -> Order:
    now = floor.clock.now_ms()
    order = Order(
        order_id=floor.order_ids.next(),
        account=account.name,
        request=request,
        quantity=request.quantity,
        price=request.price,
        created_ms=now,
        updated_ms=now,
    )
    account.add_order(order)
    apply_mischief(floor, order)
    floor.emit(OrderChanged(account=account, order=order, execution=Execution.NEW))
    return order


def apply_mischief(floor: Floor, order: Order) -> None:
    """A fault may let only a part of this order fill, or nothing."""
    request = order.request
    hit = floor.mischief.strike("partial_fill", request.symbol, order.account, request.client_order_id)
    if hit is not None:
        step = floor.books[request.symbol].instrument.step
        order.max_fill = order.quantity * Decimal(str(hit.get("fraction") or "0.5")) // step * step
    if floor.mischief.strike("no_fill", request.symbol, order.account, request.client_order_id) is not None:
        order.max_fill = ZERO


def execute(floor: Floor, order: Order) -> None:
    """Takes what the book offers; what is left rests or expires."""
    take(floor, order)
    if not order.is_open:
        finish(floor, order)
    elif order.request.kind is Kind.LIMIT and order.request.time_in_force not in (TimeInForce.IOC, TimeInForce.FOK):
        floor.books[order.request.symbol].resting[order.order_id] = order
    else:
        end(floor, order, Execution.EXPIRED)
    drop_idle_reducers(floor, order)


def take(floor: Floor, order: Order) -> None:
    book = floor.books[order.request.symbol]
    slip = slippage(floor, book, order)
    while order.is_open and (offer := next(book.offers(order.request.side, limit_of(book, order)), None)):
        if offer.maker and offer.maker.account == order.account and order.request.self_trade != "NONE":
            prevent_self_trade(floor, order, offer.maker)
            continue
        quantity = min(offer.quantity, allowed_quantity(floor, order))
        if offer.maker:
            quantity = min(quantity, allowed_quantity(floor, offer.maker))
        if quantity <= 0:
            return
        book.take(order.request.side, offer, quantity)
        trade_with(floor, order, offer, Fill(quantity, offer.price + slip, is_maker=False))


def trade_with(floor: Floor, order: Order, offer: Offer, fill: Fill) -> None:
    settle(floor, order, fill)
    if offer.maker:
        settle(floor, offer.maker, Fill(fill.quantity, offer.price, is_maker=True, is_second=True))
        if not offer.maker.is_open:
            finish(floor, offer.maker)


def slippage(floor: Floor, book: Book, order: Order) -> Decimal:
    """A fault may make a market order pay more ticks than the book says."""
    if order.request.kind is Kind.LIMIT:
        return ZERO
    request = order.request
    hit = floor.mischief.strike("slippage", request.symbol, order.account, request.client_order_id)
    if hit is None:
        return ZERO
    return Decimal(str(hit.get("ticks") or 10)) * book.instrument.tick * request.side.sign


def limit_of(book: Book, order: Order) -> Decimal:
    """A market order goes no further than the price band; its rest expires."""
    if order.request.kind is Kind.LIMIT:
        return order.price
    if order.request.kind is Kind.LIQUIDATION:
        return order.price
    return book.mark * (1 + book.instrument.price_band * order.request.side.sign)


def allowed_quantity(floor: Floor, order: Order) -> Decimal:
    """What may still fill: the leaves, for reducing orders never more than the position."""
    most = order.leaves
    if order.max_fill is not None:
        most = min(most, order.max_fill - order.filled)
    request = order.request
    if request.is_reduce_only or closes(request):
        position = floor.account_of(order).position(request.symbol, request.position_side)
        most = min(most, max(ZERO, -position.amount * request.side.sign))
    return most


def touch(floor: Floor, order: Order, most: Decimal | None = None) -> Decimal:
    """The price came to a resting order: it fills at its own price, at most so much of it; how much it was."""
    allowed = allowed_quantity(floor, order)
    quantity = allowed if most is None else min(allowed, most)
    if quantity > 0:
        settle(floor, order, Fill(quantity, order.price, is_maker=True))
    if not order.is_open:
        finish(floor, order)
    drop_idle_reducers(floor, order)
    return max(quantity, ZERO)


def prevent_self_trade(floor: Floor, taker: Order, maker: Order) -> None:
    """The taker's mode says which of the two goes."""
    mode = taker.request.self_trade
    for order, modes in ((maker, ("EXPIRE_MAKER", "EXPIRE_BOTH")), (taker, ("EXPIRE_TAKER", "EXPIRE_BOTH"))):
        if mode in modes:
            end(floor, order, Execution.EXPIRED, Status.EXPIRED_IN_MATCH)


def end(floor: Floor, order: Order, execution: Execution, status: Status | None = None) -> None:
    """The order is over without (more) fills."""
    order.status = status or DONE[execution]
    order.updated_ms = floor.clock.now_ms()
    floor.emit(OrderChanged(account=floor.account_of(order), order=order, execution=execution))
    finish(floor, order)


def finish(floor: Floor, order: Order) -> None:
    floor.books[order.request.symbol].resting.pop(order.order_id, None)
    account = floor.account_of(order)
    account.open_orders.pop(order.order_id, None)
    after_order_done(floor, account, order)


def drop_idle_reducers(floor: Floor, cause: Order) -> None:
    """Resting reduce-only orders with nothing left to reduce expire."""
    account = floor.account_of(cause)
    for order in account.working(cause.request.symbol):
        resting = order.order_id in floor.books[order.request.symbol].resting
        if resting and order.request.is_reduce_only and reduces_nothing(account, order):
            end(floor, order, Execution.EXPIRED)


def reduces_nothing(account: Account, order: Order) -> bool:
    position = account.position(order.request.symbol, order.request.position_side)
    return position.amount * order.request.side.sign >= 0


def cancel(floor: Floor, order: Order | None) -> Order:
    """Raises Refused when there is nothing to cancel."""
    if order is None or not order.is_open:
        raise Refused(Reason.UNKNOWN_ORDER)
    end(floor, order, Execution.CANCELED)
    return order


def cancel_all(floor: Floor, account: Account, symbol: str) -> list[Order]:
    floor.book(symbol)
    return [cancel(floor, order) for order in account.working(symbol)]


def amend(floor: Floor, order: Order | None, quantity: Decimal, price: Decimal) -> Order:
    """New quantity and price for a resting limit order; it loses its place in the queue."""
    if order is None or not order.is_open:
        raise Refused(Reason.ORDER_DOES_NOT_EXIST)
    book = floor.books[order.request.symbol]
    check_amendment(book, order, quantity, price)
    order.amendments = (*order.amendments, amendment(floor, order, quantity, price))
    order.quantity, order.price = quantity, price
    order.request = replace(order.request, quantity=quantity, price=price)
    order.updated_ms = floor.clock.now_ms()
    book.resting.pop(order.order_id, None)
    floor.emit(OrderChanged(account=floor.account_of(order), order=order, execution=Execution.AMENDMENT))
    if order.filled >= quantity:
        end(floor, order, Execution.CANCELED)
    else:
        execute(floor, order)
    return order


def amendment(floor: Floor, order: Order, quantity: Decimal, price: Decimal) -> Amendment:
    return Amendment(
        amendment_id=floor.amendment_ids.next(),
        time_ms=floor.clock.now_ms(),
        price_before=order.price,
        price_after=price,
        quantity_before=order.quantity,
        quantity_after=quantity,
    )


def check_amendment(book: Book, order: Order, quantity: Decimal, price: Decimal) -> None:
    if order.request.kind is not Kind.LIMIT:
        raise Refused(Reason.AMEND_NOT_LIMIT)
    if len(order.amendments) >= MOST_AMENDMENTS:
        raise Refused(Reason.AMEND_TOO_OFTEN)
    if (quantity, price) == (order.quantity, order.price):
        raise Refused(Reason.AMEND_UNCHANGED)
    check_quantity(book.instrument, quantity, Kind.LIMIT)
    check_price(book.instrument, price)
    check_band(book, order.request.side, price)
    if order.request.time_in_force is TimeInForce.GTX and book.would_cross(order.request.side, price):
        raise Refused(Reason.WOULD_TAKE)
