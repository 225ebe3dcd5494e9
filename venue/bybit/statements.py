"""Where the money went: closed profit and loss, and the account's transaction log."""

from collections.abc import Iterable
from decimal import Decimal

from venue.bybit.call import Call
from venue.bybit.entries import entry_of_order
from venue.bybit.errors import JsonObject
from venue.bybit.queries import is_between, listed, page
from venue.bybit.render import ON_LIMIT, SIDES, exec_type, money, plain
from venue.core.account import Account
from venue.core.orders import ZERO, Income, Order, Side, Trade

PAGE, LARGEST_PAGE, LARGEST_CLOSED = 20, 50, 100
TYPES = {"FUNDING_FEE": "SETTLEMENT", "INSURANCE_CLEAR": "BONUS"}


def get_closed_pnl(call: Call) -> JsonObject:
    """One row for each order that closed something."""
    symbol, (start, end) = call.maybe_symbol(), call.times()
    closing: dict[int, list[Trade]] = {}
    for trade in call.account.trades:
        if trade.closed and symbol in (None, trade.symbol) and is_between(trade.time_ms, start, end):
            closing.setdefault(trade.order_id, []).append(trade)
    shown, cursor = page(call, closing.values(), closed_key, (50, LARGEST_CLOSED))
    return listed([closed_row(call.account, trades) for trades in shown], cursor)


def closed_key(trades: list[Trade]) -> str:
    return f"{trades[-1].time_ms:015d}{trades[-1].trade_id:015d}"


def closed_row(account: Account, trades: list[Trade]) -> JsonObject:
    order, last = account.orders[trades[0].order_id], trades[-1]
    size = sum((t.closed for t in trades), ZERO)
    exits = sum((t.closed * t.price for t in trades), ZERO)
    entries = exits + sum((t.realized_pnl * (1 if t.side is Side.BUY else -1) for t in trades), ZERO)
    open_fee, close_fee = sum((t.open_fee for t in trades), ZERO), sum((closing_fee(t) for t in trades), ZERO)
    realized = sum((t.realized_pnl for t in trades), ZERO)
    return {
        "symbol": last.symbol,
        "orderId": entry_of_order(account, order).id,
        "side": SIDES[last.side],
        "qty": plain(order.quantity),
        "orderPrice": plain(order.price),
        "orderType": "Limit" if order.request.kind in ON_LIMIT else "Market",
        "execType": exec_type(order),
        "closedSize": plain(size),
        "cumEntryValue": money(entries),
        "avgEntryPrice": money(entries / size),
        "cumExitValue": money(exits),
        "avgExitPrice": money(exits / size),
        "closedPnl": money(realized - open_fee - close_fee),
        "openFee": money(open_fee),
        "closeFee": money(close_fee),
        "fillCount": str(len(trades)),
        "leverage": str(account.setting(last.symbol).leverage),
        "createdTime": str(trades[0].time_ms),
        "updatedTime": str(last.time_ms),
    }


def closing_fee(trade: Trade) -> Decimal:
    """Of a fill that turns a position only the closing part counts."""
    return trade.fee * trade.closed / trade.quantity


def get_transactions(call: Call) -> JsonObject:
    """Every change of the wallet, with the balance after it."""
    currency, kind, (start, end) = call.maybe("currency"), call.maybe("type"), call.times()
    if currency not in (None, "USDT"):
        return {"list": [], "nextPageCursor": ""}
    trades = {t.trade_id: t for t in call.account.trades}
    changes = [c for c in changes_of(call.account.incomes) if is_between(c[-1].time_ms, start, end)]
    chosen = [c for c in changes if kind in (None, type_of(call.account, c[-1], trades))]
    shown, cursor = page(call, chosen, lambda c: f"{c[-1].income_id:020d}", (PAGE, LARGEST_PAGE))
    return {"list": [transaction_row(call, change, trades) for change in shown], "nextPageCursor": cursor}


def changes_of(incomes: Iterable[Income]) -> list[list[Income]]:
    """Fee and profit of one trade are one change."""
    found: list[list[Income]] = []
    for income in incomes:
        if found and income.trade_id is not None and found[-1][-1].trade_id == income.trade_id:
            found[-1].append(income)
        else:
            found.append([income])
    return found


def type_of(account: Account, income: Income, trades: dict[int, Trade]) -> str:
    if income.trade_id is not None:
        order = order_of(account, trades.get(income.trade_id))
        return "LIQUIDATION" if order and order.request.origin == "liquidation" else "TRADE"
    if income.kind in TYPES:
        return TYPES[income.kind]
    return "TRANSFER_IN" if income.amount > 0 else "TRANSFER_OUT"


def order_of(account: Account, trade: Trade | None) -> Order | None:
    return account.orders.get(trade.order_id) if trade else None


def transaction_row(call: Call, change: list[Income], trades: dict[int, Trade]) -> JsonObject:
    last = change[-1]
    trade = trades.get(last.trade_id) if last.trade_id is not None else None
    total = sum((income.amount for income in change), ZERO)
    fee = -sum((income.amount for income in change if income.kind == "COMMISSION"), ZERO)
    funding = last.amount if last.kind == "FUNDING_FEE" else ZERO
    return {
        "id": f"{last.income_id}_{last.symbol}",
        "symbol": last.symbol,
        "category": "linear" if last.symbol else "",
        "currency": "USDT",
        "type": type_of(call.account, last, trades),
        "transactionTime": str(last.time_ms),
        "funding": money(funding) if funding else "",
        "fee": money(fee),
        "change": money(total),
        "cashFlow": money(total + fee - funding),
        "cashBalance": money(last.balance),
        "feeRate": "",
        "bonusChange": "",
        **trade_part(call.account, last, trade),
    }


def trade_part(account: Account, income: Income, trade: Trade | None) -> JsonObject:
    if trade is None:
        side = ("Buy" if income.quantity > 0 else "Sell") if income.quantity else "None"
        names: JsonObject = {"orderId": "", "orderLinkId": "", "tradeId": ""}
        return {
            **names,
            "side": side,
            "qty": plain(abs(income.quantity)),
            "tradePrice": plain(income.price),
            "size": "",
        }
    entry = entry_of_order(account, account.orders[trade.order_id])
    names = {"orderId": entry.id, "orderLinkId": entry.link_id, "tradeId": str(trade.trade_id)}
    price, quantity = plain(trade.price), plain(trade.quantity)
    return {**names, "side": SIDES[trade.side], "qty": quantity, "tradePrice": price, "size": ""}
