"""How an account really is, whatever its owner was told."""

from venue.core.account import Account, Position, to_cents
from venue.core.book import Book
from venue.core.floor import Floor
from venue.core.margin import figures, liquidation_price, pnl_of
from venue.core.orders import Side, Trade
from venue.truth import algo_record, as_json, order_record

Portrait = dict[str, object]


def account_summary(account: Account) -> Portrait:
    return {
        "name": account.name,
        "balance": as_json(account.wallet),
        "open_orders": len(account.open_orders),
        "open_algo_orders": len(account.open_algos),
        "positions": {
            p.symbol if p.side == "BOTH" else f"{p.symbol}:{p.side}": as_json(p.amount) for p in account.held()
        },
    }


def book_portrait(book: Book) -> list[Portrait]:
    """The best ten levels, bid beside ask."""
    bids, asks = book.depth(Side.SELL, 10), book.depth(Side.BUY, 10)
    return [
        {"bid_quantity": as_json(bq), "bid": as_json(b), "ask": as_json(a), "ask_quantity": as_json(aq)}
        for (b, bq), (a, aq) in zip(bids, asks, strict=False)
    ]


def account_portrait(floor: Floor, account: Account, is_brief: bool = False) -> Portrait:
    """Everything; brief: without what is over."""
    totals = figures(floor, account)
    return {
        "name": account.name,
        "balance": as_json(account.wallet),
        "available": as_json(totals.available),
        "unrealized_pnl": as_json(totals.unrealized_pnl),
        "realized_pnl": as_json(account.realized_pnl),
        "fees": as_json(account.fees),
        "funding": as_json(account.funding),
        "hedge_mode": account.is_hedged,
        "positions": [position_portrait(floor, account, p) for p in account.held()],
        "open_orders": [order_record(o) for o in account.open_orders.values()],
        "open_algo_orders": [algo_record(a) for a in account.open_algos.values()],
        **({} if is_brief else history_portrait(account)),
    }


def history_portrait(account: Account) -> Portrait:
    return {
        "orders": [order_record(o) for o in account.orders.values()],
        "algo_orders": [algo_record(a) for a in account.algos.values()],
        "trades": [trade_portrait(t) for t in account.trades],
    }


def position_portrait(floor: Floor, account: Account, position: Position) -> Portrait:
    setting = account.setting(position.symbol)
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "quantity": as_json(position.amount),
        "entry_price": as_json(position.entry_price),
        "mark_price": as_json(floor.books[position.symbol].mark),
        "liquidation_price": as_json(to_cents(liquidation_price(floor, account, position))),
        "unrealized_pnl": as_json(pnl_of(floor, position)),
        "leverage": setting.leverage,
        "margin_mode": "isolated" if setting.is_isolated else "cross",
    }


def trade_portrait(trade: Trade) -> Portrait:
    return {
        "trade_id": trade.trade_id,
        "order_id": trade.order_id,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "position_side": trade.position_side.value,
        "quantity": as_json(trade.quantity),
        "price": as_json(trade.price),
        "fee": as_json(trade.fee),
        "realized_pnl": as_json(trade.realized_pnl),
        "is_maker": trade.is_maker,
        "time_ms": trade.time_ms,
    }
