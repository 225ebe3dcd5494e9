"""The price moves, and everything on its way happens in the order of the way.

Between two points of a bar's path the price stops at each level somebody waits for, so a stop fires at its own price.
A gap (from one close to the next open) has no way: what was jumped over fires at the first price after it.
"""

from collections.abc import Iterator
from decimal import Decimal

from venue.core.account import Account
from venue.core.book import Book
from venue.core.conditional import fire
from venue.core.floor import Floor
from venue.core.liquidation import liquidate_if_due
from venue.core.margin import liquidation_price
from venue.core.matching import touch
from venue.core.orders import ZERO, AlgoOrder, AlgoStatus, Order, Side, WorkingType
from venue.core.triggers import fires, follow, level


def move(floor: Floor, symbol: str, target: Decimal, is_gap: bool = False) -> None:
    """Brings the last price to `target`."""
    book = floor.books[symbol]
    if book.status == "HALT":
        return
    while not is_gap and (stop := next_stop(floor, book, target)) is not None:
        arrive(floor, book, stop)
    arrive(floor, book, target)


def next_stop(floor: Floor, book: Book, target: Decimal) -> Decimal | None:
    """The nearest price strictly between here and `target` that somebody waits for."""
    low, high = min(book.last, target), max(book.last, target)
    between = [p for p in awaited(floor, book, target > book.last) if low < p < high]
    return min(between, key=lambda p: abs(p - book.last), default=None)


def awaited(floor: Floor, book: Book, is_rise: bool) -> Iterator[Decimal]:
    for order in book.resting.values():
        if (order.request.side is Side.SELL) == is_rise:
            yield order.price
    for _, algo in waiting(floor, book):
        price, needs_rise = level(algo)
        if needs_rise == is_rise:
            yield on_grid(book, price - offset(book, algo), is_rise)
    for account in floor.accounts.values():
        for position in account.held(book.instrument.symbol):
            if (position.amount < 0) == is_rise:
                price = liquidation_price(floor, account, position) - book.mark_offset
                yield on_grid(book, price, is_rise)


def on_grid(book: Book, price: Decimal, is_rise: bool) -> Decimal:
    """The first tradable price at which `price` is reached: trailing levels lie between ticks."""
    ticks = price / book.instrument.tick
    whole = ticks.to_integral_value("ROUND_CEILING" if is_rise else "ROUND_FLOOR")
    return whole * book.instrument.tick


def offset(book: Book, algo: AlgoOrder) -> Decimal:
    return book.mark_offset if algo.request.working_type is WorkingType.MARK_PRICE else Decimal(0)


def waiting(floor: Floor, book: Book) -> Iterator[tuple[Account, AlgoOrder]]:
    for account in floor.accounts.values():
        for algo in account.waiting(book.instrument.symbol):
            if algo.status is AlgoStatus.NEW:
                yield account, algo


def arrive(floor: Floor, book: Book, price: Decimal) -> None:
    """The last price is now `price`: resting orders fill, conditional ones fire, accounts are looked at."""
    book.arrive(price)
    flow: dict[Side, Decimal] = {}  # what is left at this price for the next in the queue
    for order in touched(book):
        most = book.flow_to(order)
        if most is not None:
            most = flow.get(order.request.side, most)
        if order.is_open:
            flow[order.request.side] = (most or ZERO) - touch(floor, order, most)
    look_at_triggers(floor, book)
    liquidate_if_due(floor, book.instrument.symbol)


def touched(book: Book) -> list[Order]:
    orders = [o for o in book.resting.values() if is_touched(o, book.last)]
    return sorted(orders, key=lambda o: (o.price * -o.request.side.sign, o.order_id))


def is_touched(order: Order, price: Decimal) -> bool:
    return price <= order.price if order.request.side is Side.BUY else price >= order.price


def look_at_triggers(floor: Floor, book: Book) -> None:
    for account, algo in sorted(waiting(floor, book), key=lambda pair: pair[1].algo_id):
        price = book.last + offset(book, algo)
        if algo.request.kind == "TRAILING_STOP_MARKET":
            follow(algo, price)
        if algo.status is AlgoStatus.NEW and fires(algo, price):
            fire(floor, account, algo)
