"""What became of orders: open ones, closed ones, executions. Pages are small (20, at most 50) and have cursors."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from venue.bybit.call import Call
from venue.bybit.entries import Entry, entries, entry_of_order, find, open_entries
from venue.bybit.errors import JsonObject, invalid
from venue.bybit.orders import is_of
from venue.bybit.render import exec_type, execution_json, funding_json, order_json
from venue.core.account import Account
from venue.core.orders import Income, Trade

Row = TypeVar("Row")
MOST_CLOSED = 500
PAGE, LARGEST_PAGE = 20, 50
TRADES_PAGE, LARGEST_TRADES_PAGE = 50, 100


def page(call: Call, rows: Iterable[Row], key: Callable[[Row], str], size: tuple[int, int]) -> tuple[list[Row], str]:
    """The newest rows older than the cursor, and the cursor of the next page (empty on the last one)."""
    limit, cursor = call.limit(*size), call.maybe("cursor")
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 60):
        raise invalid("cursor")
    found = sorted((r for r in rows if cursor is None or key(r) < cursor), key=key, reverse=True)
    shown = found[:limit]
    return shown, key(shown[-1]) if len(found) > limit else ""


def listed(rows: list[JsonObject], cursor: str) -> JsonObject:
    return {"category": "linear", "list": rows, "nextPageCursor": cursor}


def show(call: Call, found: Iterable[Entry]) -> JsonObject:
    shown, cursor = page(call, found, lambda e: e.key, (PAGE, LARGEST_PAGE))
    return listed([order_json(call.venue.floor, call.account, e) for e in shown], cursor)


def get_realtime(call: Call) -> JsonObject:
    """Open orders; one that is named also when it is done; `openOnly=1`: the last 500 done ones."""
    order_id, link_id, order_filter = call.maybe("orderId"), call.maybe("orderLinkId"), call.maybe("orderFilter")
    if order_id or link_id:
        entry = find(call.account, call.maybe_symbol(), order_id, link_id)
        return show(call, [entry] if entry and is_of(entry, order_filter) else [])
    symbol = call.symbol_or_coin()
    if call.maybe("openOnly") in ("1", "2"):
        closed = [e for e in closed_entries(call, symbol) if is_of(e, order_filter)]
        return show(call, sorted(closed, key=lambda e: e.key)[-MOST_CLOSED:])
    return show(call, [e for e in open_entries(call.account, symbol) if is_of(e, order_filter)])


def closed_entries(call: Call, symbol: str | None) -> list[Entry]:
    return [e for e in entries(call.account) if not e.is_open and symbol in (None, e.request.symbol)]


def get_history(call: Call) -> JsonObject:
    """Orders that are done."""
    symbol, (start, end) = call.maybe_symbol(), call.times()
    order_id, link_id, order_filter = call.maybe("orderId"), call.maybe("orderLinkId"), call.maybe("orderFilter")
    status = call.maybe("orderStatus")
    if order_id or link_id:
        entry = find(call.account, symbol, order_id, link_id)
        found = [entry] if entry and not entry.is_open else []
    else:
        found = closed_entries(call, symbol)
    chosen = (e for e in found if is_of(e, order_filter) and status in (None, e.status))
    return show(call, (e for e in chosen if is_between(e.created_ms, start, end)))


def is_between(time_ms: int, start: int | None, end: int | None) -> bool:
    return (start is None or time_ms >= start) and (end is None or time_ms <= end)


def get_executions(call: Call) -> JsonObject:
    """Fills and, being executions of no order, funding."""
    symbol, (start, end), kind = call.maybe_symbol(), call.times(), call.maybe("execType")
    order_id, link_id = call.maybe("orderId"), call.maybe("orderLinkId")
    named = find(call.account, symbol, order_id, link_id) if order_id or link_id else None
    if (order_id or link_id) and named is None:
        return listed([], "")
    chosen: list[Trade | Income] = [*call.account.trades, *(() if named else fundings(call.account))]
    wanted = [
        t
        for t in chosen
        if symbol in (None, t.symbol)
        and is_between(t.time_ms, start, end)
        and is_trade_of(t, named)
        and kind in (None, kind_of(call.account, t))
    ]
    shown, cursor = page(call, wanted, execution_key, (TRADES_PAGE, LARGEST_TRADES_PAGE))
    return listed([execution_row(call, t) for t in shown], cursor)


def fundings(account: Account) -> Iterator[Income]:
    return (income for income in account.incomes if income.kind == "FUNDING_FEE")


def kind_of(account: Account, execution: Trade | Income) -> str:
    return "Funding" if isinstance(execution, Income) else exec_type(account.orders[execution.order_id])


def is_trade_of(execution: Trade | Income, named: Entry | None) -> bool:
    if named is None:
        return True
    return isinstance(execution, Trade) and named.order is not None and execution.order_id == named.order.order_id


def execution_key(execution: Trade | Income) -> str:
    number = execution.income_id if isinstance(execution, Income) else execution.trade_id
    return f"{execution.time_ms:015d}{number:015d}"


def execution_row(call: Call, execution: Trade | Income) -> JsonObject:
    if isinstance(execution, Income):
        return funding_json(execution)
    entry = entry_of_order(call.account, call.account.orders[execution.order_id])
    return execution_json(call.venue.floor, call.account, execution, entry)
