"""What became of orders: open ones, all of them, one by either id, and their fills. Pages of 20, at most 100."""

from collections.abc import Iterable, Iterator

from venue.core.orders import Order, Trade
from venue.mexc.call import Call
from venue.mexc.errors import JsonObject, MexcError, invalid
from venue.mexc.orders import batch_rows, order_by_id, order_by_name
from venue.mexc.render import deal_json, order_json

MOST_ASKED = 50


def show(call: Call, orders: Iterable[Order]) -> list[JsonObject]:
    return [order_json(call.venue.floor, call.account, order) for order in orders]


def get_open(call: Call) -> object:
    """Newest first."""
    newest = sorted(call.account.working(call.maybe_symbol()), key=lambda o: o.order_id, reverse=True)
    skip, size = call.page()
    return show(call, newest[skip : skip + size])


def count_open(call: Call) -> object:
    return len(call.account.working(call.maybe_symbol()))


def get_history(call: Call) -> object:
    """All orders, newest first; `states`, `category`, `side` and times pick some."""
    states, category, side = call.maybe("states"), call.maybe("category"), call.maybe("side")
    rows = show(call, ordered(call))
    wanted = [
        row
        for row in rows
        if (states is None or str(row["state"]) in states.split(","))
        and category in (None, str(row["category"]))
        and side in (None, str(row["side"]))
    ]
    skip, size = call.page()
    return wanted[skip : skip + size]


def ordered(call: Call) -> Iterator[Order]:
    symbol, (start, end) = call.maybe_symbol(), call.span()
    for order in reversed(call.account.orders.values()):
        if symbol in (None, order.request.symbol) and start <= order.created_ms <= end:
            yield order


def get_closed(call: Call) -> object:
    skip, size = call.page()
    return show(call, [o for o in ordered(call) if not o.is_open][skip : skip + size])


def get_order(call: Call) -> object:
    return show(call, [order_by_id(call.account, call.integer("order_id"))])[0]


def get_named(call: Call) -> object:
    return show(call, [order_by_name(call)])[0]


def get_many(call: Call) -> object:
    """Those of the ids that exist."""
    ids = call.text("order_ids").split(",")
    if len(ids) > MOST_ASKED:
        raise MexcError(2034, "The batch query quantity limit is exceeded")
    numbers = [call.read_integer("order_ids", text.strip()) for text in ids]
    return show(call, [call.account.orders[n] for n in numbers if n in call.account.orders])


def get_many_named(call: Call) -> object:
    asked = batch_rows(call)
    found = (one.account.find_order(one.symbol(), None, one.text("externalOid")) for one in asked)
    return show(call, [order for order in found if order is not None])


def get_deals(call: Call) -> object:
    """Newest first, of one symbol."""
    symbol, (start, end) = call.symbol(), call.span()
    found = [t for t in reversed(call.account.trades) if t.symbol == symbol and start <= t.time_ms <= end]
    skip, size = call.page()
    return deals(call, found[skip : skip + size])


def get_deals_of(call: Call) -> object:
    order = order_by_id(call.account, call.integer("order_id"))
    return deals(call, [t for t in call.account.trades if t.order_id == order.order_id])


def get_fees_of(call: Call) -> object:
    """What an order, or all of a symbol, paid."""
    if not call.maybe("symbol") and not call.maybe("order_id"):
        raise invalid("symbol")
    return get_deals_of(call) if call.maybe("order_id") else get_deals(call)


def deals(call: Call, trades: Iterable[Trade]) -> list[JsonObject]:
    return [deal_json(call.venue.floor, call.account, trade) for trade in trades]
