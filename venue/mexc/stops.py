"""Take-profit and stop-loss of a position: one order with two prices; the first that is reached ends the other.

In the core these are two conditional orders under one token. They never close more than is held: they shrink with the
position and go when it goes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from venue.core.account import Account, Position
from venue.core.algo_status import become
from venue.core.book import Book
from venue.core.checks import check_algo, check_price, check_tradable
from venue.core.conditional import cancel_algo, place_algo
from venue.core.floor import Floor
from venue.core.orders import AlgoOrder, AlgoRequest, AlgoStatus, Kind, Order, PositionSide, Side, WorkingType
from venue.core.refusal import Refused
from venue.mexc.contracts import number, to_vol, wire_symbol
from venue.mexc.errors import JsonObject, MexcError
from venue.mexc.render import OWN, PLAN_STATES, TRENDS
from venue.mexc.rounds import position_id

STOP_LOSS, TAKE_PROFIT = OWN + "sl:", OWN + "tp:"
OF_ORDER = "order-"  # the token of a stop that came with an order: then its number
WRONG_PRICE = MexcError(5003, "Take-profit and stop-loss price setting is wrong")
NO_PRICE = MexcError(5001, "The take-price and the stop-loss price cannot be none at the same time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Prices; none: no such end."""

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss_by: WorkingType = WorkingType.CONTRACT_PRICE
    take_profit_by: WorkingType = WorkingType.CONTRACT_PRICE

    def of(self, prefix: str) -> tuple[Decimal | None, WorkingType]:
        is_loss = prefix == STOP_LOSS
        return (self.stop_loss, self.stop_loss_by) if is_loss else (self.take_profit, self.take_profit_by)


Attached = dict[tuple[str, str], Levels]  # stops of orders that have not filled yet, by account and client order id


@dataclass(frozen=True, slots=True)
class Stop:
    """At least one end is there."""

    loss: AlgoOrder | None
    profit: AlgoOrder | None

    @property
    def ends(self) -> list[AlgoOrder]:
        return [end for end in (self.loss, self.profit) if end is not None]

    @property
    def id(self) -> int:
        return min(end.algo_id for end in self.ends)

    @property
    def token(self) -> str:
        return token_of(self.ends[0])

    @property
    def head(self) -> AlgoOrder:
        """The end that tells what became of it: one that fired, or one still waiting, or whichever came last."""
        done = [e for e in self.ends if e.order_id is not None]
        waiting = [e for e in self.ends if e.is_open]
        return (done or waiting or sorted(self.ends, key=lambda e: e.updated_ms))[-1]

    @property
    def is_open(self) -> bool:
        return any(end.is_open for end in self.ends)


def is_stop(algo: AlgoOrder) -> bool:
    return algo.request.client_algo_id.startswith((STOP_LOSS, TAKE_PROFIT))


def token_of(algo: AlgoOrder) -> str:
    return algo.request.client_algo_id[len(STOP_LOSS) :]


def stop_of(account: Account, token: str) -> Stop | None:
    loss, profit = account.algo_names.get(STOP_LOSS + token), account.algo_names.get(TAKE_PROFIT + token)
    return Stop(loss, profit) if loss or profit else None


def stops(account: Account) -> Iterator[Stop]:
    tokens = dict.fromkeys(token_of(a) for a in account.algos.values() if is_stop(a))
    yield from (found for token in tokens if (found := stop_of(account, token)))


def stop_by_id(account: Account, number: int) -> Stop | None:
    algo = account.algos.get(number)
    return stop_of(account, token_of(algo)) if algo and is_stop(algo) else None


def check_levels(book: Book, side: Side, levels: Levels, base: Decimal) -> None:
    """`side` opened the position. A long's stop-loss lies below and its take-profit above the base price."""
    check_tradable(book, reduces=True)
    for prefix in (STOP_LOSS, TAKE_PROFIT):
        price, _ = levels.of(prefix)
        if price is None:
            continue
        check_price(book.instrument, price)
        must_be_lower = (prefix == STOP_LOSS) == (side is Side.BUY)
        if (price >= base) if must_be_lower else (price <= base):
            raise WRONG_PRICE


def opening_side(position: Position) -> Side:
    return Side.BUY if position.amount > 0 else Side.SELL


def place_stop(
    floor: Floor, account: Account, position: Position, token: str, quantity: Decimal, levels: Levels
) -> int:
    """The new stop's id. Raises what check_levels raises, and then nothing was placed."""
    if levels.stop_loss is None and levels.take_profit is None:
        raise NO_PRICE
    book = floor.books[position.symbol]
    check_levels(book, opening_side(position), levels, book.last)
    wanted = []
    for prefix in (STOP_LOSS, TAKE_PROFIT):
        price, by = levels.of(prefix)
        if price is not None:
            wanted.append(closer(position, prefix + token, quantity, price, by))
    for request in wanted:
        check_algo(floor, account, request)
    for request in wanted:
        place_algo(floor, account, request)
    found = stop_of(account, token)
    assert found is not None, "one of its ends was just placed"
    return found.id


def closer(position: Position, name: str, quantity: Decimal, price: Decimal, by: WorkingType) -> AlgoRequest:
    return AlgoRequest(
        symbol=position.symbol,
        side=opening_side(position).other,
        kind=Kind.STOP_MARKET if name.startswith(STOP_LOSS) else Kind.TAKE_PROFIT_MARKET,
        quantity=min(quantity, abs(position.amount)),
        trigger_price=price,
        client_algo_id=name,
        is_reduce_only=position.side is PositionSide.BOTH,
        position_side=position.side,
        working_type=by,
    )


def move_stop(floor: Floor, account: Account, stop: Stop, levels: Levels) -> None:
    """New prices; an end without one is taken away, one that was not there is placed."""
    request = stop.head.request
    position = account.position(request.symbol, request.position_side)
    book = floor.books[request.symbol]
    check_levels(book, opening_side(position), levels, book.last)
    for prefix, end in ((STOP_LOSS, stop.loss), (TAKE_PROFIT, stop.profit)):
        price, by = levels.of(prefix)
        waiting = end if end is not None and end.status is AlgoStatus.NEW else None
        if waiting is not None and price is None:
            cancel_algo(floor, account, waiting)
        elif waiting is not None and price is not None:
            waiting.request = replace(waiting.request, trigger_price=price, working_type=by)
            become(floor, account, waiting, AlgoStatus.NEW)
        elif price is not None:
            place_algo(floor, account, closer(position, prefix + stop.token, request.quantity, price, by))


def cancel_stop(floor: Floor, account: Account, stop: Stop) -> None:
    """An end that is being triggered can't be cancelled any more: raises Refused when that is all there is."""
    waiting = [end for end in stop.ends if end.status is AlgoStatus.NEW]
    for end in waiting or stop.ends[:1]:
        cancel_algo(floor, account, end)


def end_other(floor: Floor, account: Account, fired: AlgoOrder) -> None:
    """One price was reached: the other end goes."""
    stop = stop_of(account, token_of(fired)) if is_stop(fired) else None
    for end in stop.ends if stop else []:
        if end is not fired and end.status is AlgoStatus.NEW:
            cancel_algo(floor, account, end)


def fit(floor: Floor, account: Account, position: Position) -> None:
    """Stops follow a position that shrank; they go with one that is gone or has turned."""
    for algo in account.waiting(position.symbol):
        is_own = is_stop(algo) and algo.request.position_side is position.side
        if not is_own or algo.status is not AlgoStatus.NEW:
            continue
        if position.amount * algo.request.side.sign >= 0:
            cancel_algo(floor, account, algo)
        elif algo.request.quantity > abs(position.amount):
            resize(floor, account, algo, abs(position.amount))


def resize(floor: Floor, account: Account, algo: AlgoOrder, quantity: Decimal) -> None:
    algo.request = replace(algo.request, quantity=quantity)
    become(floor, account, algo, AlgoStatus.NEW)


def attach(waiting: Attached, floor: Floor, account: Account, order: Order) -> None:
    """The first fill that opens brings the order's stop, later ones make it larger; prices gone past it drop it."""
    request, token = order.request, f"{OF_ORDER}{order.order_id}"
    position = account.position(request.symbol, request.position_side)
    levels = waiting.get((account.name, request.client_order_id))
    if levels is None or position.amount * request.side.sign <= 0:
        return
    present = stop_of(account, token)
    if present is not None:
        for end in present.ends:
            if end.status is AlgoStatus.NEW:
                resize(floor, account, end, min(order.filled, abs(position.amount)))
        return
    try:
        place_stop(floor, account, position, token, order.filled, levels)
    except (MexcError, Refused):
        return  # the answer to the order was given before: its stop is just not there


def stop_json(floor: Floor, account: Account, stop: Stop) -> JsonObject:
    head, request = stop.head, stop.head.request
    position = account.position(request.symbol, request.position_side)
    order_id = stop.token.removeprefix(OF_ORDER) if stop.token.startswith(OF_ORDER) else "0"
    side = 0 if head.order_id is None else 2 if head is stop.loss else 1
    vol = to_vol(floor.books[request.symbol].instrument, request.quantity)
    return {
        "id": str(stop.id),
        "orderId": order_id,
        "symbol": wire_symbol(request.symbol),
        "positionId": position_id(account, position) if position.amount else 0,
        "lossTrend": TRENDS[stop.loss.request.working_type] if stop.loss else 1,
        "profitTrend": TRENDS[stop.profit.request.working_type] if stop.profit else 1,
        "stopLossPrice": price_of(stop.loss),
        "takeProfitPrice": price_of(stop.profit),
        "state": PLAN_STATES[head.status],
        "triggerSide": side,
        "positionType": 1 if request.side is Side.SELL else 2,
        "vol": vol,
        "realityVol": vol if head.order_id is not None else 0,
        "placeOrderId": str(head.order_id or 0),
        "errorCode": 0,
        "isFinished": 0 if stop.is_open else 1,
        "version": 1,
        "createTime": min(end.created_ms for end in stop.ends),
        "updateTime": max(end.updated_ms for end in stop.ends),
    }


def price_of(end: AlgoOrder | None) -> int | float:
    return number(end.request.trigger_price) if end else 0
