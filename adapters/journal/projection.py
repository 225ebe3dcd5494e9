"""What the journal's messages say, as rows: orders, fills, signals, trades and the outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from decimal import Decimal

from engine.fill import Fill
from engine.messages.base import Message
from engine.messages.events import (
    ForeignFillSeen,
    NotificationDelivered,
    OrderFilled,
    SignalReceived,
    TradeClosed,
)
from engine.order import Order, OrderKind, OrderPurpose, OrderStatus, Side

ORDER_COLUMNS = (
    "client_order_id", "symbol", "side", "kind", "purpose", "status", "quantity", "filled_quantity", "filled_notional",
    "price", "trigger_price", "is_reduce_only", "trade_number", "bar_open_time_ns", "reason", "venue_order_id",
    "created_at_ns", "changed_at_ns",
)  # fmt: skip
TRADE_COLUMNS = (
    "trade_number", "symbol", "direction", "quantity", "entry_price", "exit_price", "opened_at_ns", "closed_at_ns",
    "gross_profit", "fees", "profit", "exit_reason", "naked_ns",
)  # fmt: skip
FILL_COLUMNS = (
    "trade_id", "symbol", "client_order_id", "venue_order_id", "sign", "quantity", "price", "fee", "fee_asset",
    "is_maker", "occurred_at_ns",
)  # fmt: skip


def _insert(verb: str, table: str, columns: Iterable[str]) -> str:
    names = list(columns)
    return f"{verb} INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


PUT_ORDER = _insert("INSERT OR REPLACE", "orders", ORDER_COLUMNS)
ADD_FILL = _insert("INSERT OR IGNORE", "fills", (*FILL_COLUMNS, "sequence"))
ADD_TRADE = _insert("INSERT OR IGNORE", "trades", (*TRADE_COLUMNS, "sequence"))
ADD_SIGNAL = "INSERT INTO signals VALUES (?, ?, ?, ?, ?, ?)"
ADD_TO_OUTBOX = "INSERT OR IGNORE INTO outbox (trade_number, text) VALUES (?, ?)"
DELIVERED = "UPDATE outbox SET delivered_at_ns = ? WHERE trade_number = ? AND delivered_at_ns IS NULL"


def project(connection: sqlite3.Connection, event: Message, sequence: int, now_ns: int) -> None:
    """Write what one event adds to the tables."""
    match event:
        case SignalReceived(signal=signal):
            row = (signal.play_hash, signal.symbol, signal.bar_open_time_ns, int(signal.intent), signal.close)
            connection.execute(ADD_SIGNAL, (sequence, *row))
        case OrderFilled(client_order_id=client_order_id, fill=fill):
            _add_fill(connection, fill, client_order_id, sequence)
        case ForeignFillSeen(fill=fill):
            _add_fill(connection, fill, "", sequence)
        case TradeClosed():
            values = [_plain(getattr(event, name)) for name in TRADE_COLUMNS]
            connection.execute(ADD_TRADE, (*values, sequence))
            connection.execute(ADD_TO_OUTBOX, (event.trade_number, event.message))
        case NotificationDelivered(trade_number=number):
            connection.execute(DELIVERED, (now_ns, number))
        case _:
            pass  # the message itself is kept; nothing else follows from it here


def put_order(connection: sqlite3.Connection, order: Order) -> None:
    """The order as it now stands."""
    connection.execute(PUT_ORDER, [_plain(getattr(order, name)) for name in ORDER_COLUMNS])


def order_of(row: sqlite3.Row) -> Order:
    """The order a row of `orders` holds."""
    values = {name: row[name] for name in ORDER_COLUMNS}
    for name in ("quantity", "filled_quantity", "filled_notional", "price", "trigger_price"):
        values[name] = None if values[name] is None else Decimal(values[name])
    values["is_reduce_only"] = bool(values["is_reduce_only"])
    values["side"], values["kind"] = Side(values["side"]), OrderKind(values["kind"])
    values["purpose"], values["status"] = OrderPurpose(values["purpose"]), OrderStatus(values["status"])
    return Order(**values)


def _add_fill(connection: sqlite3.Connection, fill: Fill, client_order_id: str, sequence: int) -> None:
    values = {name: _plain(getattr(fill, name)) for name in FILL_COLUMNS} | {"client_order_id": client_order_id}
    connection.execute(ADD_FILL, (*values.values(), sequence))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    return str(value) if isinstance(value, (Side, OrderKind, OrderPurpose, OrderStatus)) else value
