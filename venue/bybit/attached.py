"""Protection that came with an order: it waits for the order's fills, and then holds for the position they make."""

from venue.bybit.errors import BybitError
from venue.bybit.protection import Protection, check_protection, protect, side_of
from venue.core.account import Account
from venue.core.floor import Floor
from venue.core.orders import Order, Trade
from venue.core.refusal import Refused

Attached = dict[tuple[str, str], Protection]  # by account and client order id


def attach(waiting: Attached, floor: Floor, account: Account, order: Order, trade: Trade) -> None:
    """Fills that open bring the order's take-profit and stop-loss; a price gone past them drops them."""
    request, key = order.request, (account.name, order.request.client_order_id)
    position = account.position(request.symbol, request.position_side)
    wanted = waiting.get(key)
    if wanted is None or position.amount * request.side.sign <= 0:
        return
    if not wanted.is_partial:
        waiting.pop(key)
    book, part = floor.books[position.symbol], wanted.for_part(trade.quantity)
    try:
        check_protection(book, side_of(position), part, book.last)
        protect(floor, account, position, part)
    except (BybitError, Refused):
        return  # the answer to the order was given before: its protection is just not there
