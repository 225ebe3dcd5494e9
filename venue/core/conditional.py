"""Conditional orders: placed, cancelled, fired."""

from dataclasses import replace
from decimal import Decimal

from venue.core.account import Account
from venue.core.algo_status import become
from venue.core.book import Book
from venue.core.checks import check_algo, check_margin, check_reduces
from venue.core.events import AlgoChanged
from venue.core.floor import Floor
from venue.core.matching import accept, execute
from venue.core.orders import (
    ZERO,
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    Kind,
    OrderRequest,
    TimeInForce,
)
from venue.core.refusal import Reason, Refused


def place_algo(floor: Floor, account: Account, request: AlgoRequest) -> AlgoOrder:
    check_algo(floor, account, request)
    book, now = floor.books[request.symbol], floor.clock.now_ms()
    algo = AlgoOrder(
        algo_id=floor.algo_ids.next(),
        account=account.name,
        request=request,
        created_ms=now,
        updated_ms=now,
        is_active=not request.activate_price,
        extreme=book.mark if request.working_type == "MARK_PRICE" else book.last,
    )
    account.add_algo(algo)
    floor.emit(AlgoChanged(account=account, algo=algo, status=AlgoStatus.NEW))
    return algo


def cancel_algo(floor: Floor, account: Account, algo: AlgoOrder | None) -> AlgoOrder:
    """A stop that is being triggered can't be cancelled any more."""
    if algo is None or algo.status is not AlgoStatus.NEW:
        raise Refused(Reason.UNKNOWN_ORDER)
    become(floor, account, algo, AlgoStatus.CANCELED)
    return algo


def cancel_all_algos(floor: Floor, account: Account, symbol: str) -> None:
    floor.book(symbol)
    for algo in account.waiting(symbol):
        if algo.status is AlgoStatus.NEW:
            cancel_algo(floor, account, algo)


def fire(floor: Floor, account: Account, algo: AlgoOrder) -> None:
    """The price is there: the ordinary order is made, under the conditional one's client id."""
    algo.triggered_ms = floor.clock.now_ms()
    become(floor, account, algo, AlgoStatus.TRIGGERING)
    request = algo.request
    if floor.mischief.strike("trigger_stuck", request.symbol, account.name, request.client_algo_id) is not None:
        algo.is_stuck = True
        return
    produce(floor, account, algo)


def produce(floor: Floor, account: Account, algo: AlgoOrder) -> None:
    if algo.request.close_position and not position_amount(account, algo):
        algo.reason = "No position to close"
        become(floor, account, algo, AlgoStatus.EXPIRED)
        return
    request = ordinary(floor.books[algo.request.symbol], account, algo)
    try:
        check_reduces(account, request)
        check_margin(floor, account, request)
    except Refused as refusal:
        algo.reason = reject_text(refusal)
        become(floor, account, algo, AlgoStatus.REJECTED)
        return
    send(floor, account, algo, request)


def send(floor: Floor, account: Account, algo: AlgoOrder, request: OrderRequest) -> None:
    order = accept(floor, account, request)
    if floor.mischief.strike("trigger_unfilled", request.symbol, account.name, request.client_order_id) is not None:
        order.max_fill = ZERO
    algo.order_id = order.order_id
    become(floor, account, algo, AlgoStatus.TRIGGERED, order)
    execute(floor, order)


def ordinary(book: Book, account: Account, algo: AlgoOrder) -> OrderRequest:
    wanted = algo.request
    price = wanted.price if wanted.price_match == "NONE" else book.matched(wanted.side, wanted.price_match)
    is_market = wanted.kind in (Kind.STOP_MARKET, Kind.TAKE_PROFIT_MARKET, Kind.TRAILING_STOP_MARKET)
    request = OrderRequest(
        symbol=wanted.symbol,
        side=wanted.side,
        kind=Kind.MARKET if is_market else Kind.LIMIT,
        quantity=wanted.quantity,
        price=ZERO if is_market else price,
        price_match=wanted.price_match,
        time_in_force=TimeInForce.GTC if is_market else wanted.time_in_force,
        client_order_id=wanted.client_algo_id,
        is_reduce_only=wanted.is_reduce_only,
        position_side=wanted.position_side,
        original_kind=wanted.kind,
        stop_price=wanted.trigger_price,
        working_type=wanted.working_type,
        self_trade=wanted.self_trade,
        origin="algo",
        algo_id=algo.algo_id,
    )
    if wanted.close_position:
        one_way = wanted.position_side == "BOTH"
        quantity = abs(position_amount(account, algo))
        request = replace(request, quantity=quantity, is_reduce_only=one_way, close_position=True)
    return request


def position_amount(account: Account, algo: AlgoOrder) -> Decimal:
    return account.position(algo.request.symbol, algo.request.position_side).amount


def reject_text(refusal: Refused) -> str:
    if refusal.reason is Reason.REDUCE_ONLY:
        return "Reduce Only reject"
    return "Margin is insufficient" if refusal.reason is Reason.MARGIN_INSUFFICIENT else str(refusal.reason)
