"""Orders and calls for contract tests."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.messages.exchange import AmendOrder, CancelOrder, FindOrder, PlaceOrder, TakeSnapshot
from engine.order import Order, OrderKind, OrderPurpose, Side

SYMBOL = "BTC/USDT:USDT"
_numbers = itertools.count(1)


def an_entry(**changes: Any) -> Order:
    given: dict[str, Any] = {
        "client_order_id": f"p0000-1-abcd-1-E{next(_numbers)}",
        "symbol": SYMBOL,
        "side": Side.BUY,
        "kind": OrderKind.MARKET,
        "purpose": OrderPurpose.ENTRY,
        "quantity": Decimal("0.010"),
        "trade_number": 1,
        "bar_open_time_ns": 0,
    }
    return Order(**(given | changes))


def a_limit(price: Decimal, **changes: Any) -> Order:
    return an_entry(kind=OrderKind.LIMIT, price=price, **changes)


def an_exit(**changes: Any) -> Order:
    number = next(_numbers)
    given = {
        "client_order_id": f"p0000-1-abcd-1-X{number}",
        "side": Side.SELL,
        "purpose": OrderPurpose.EXIT,
        "is_reduce_only": True,
    }
    return an_entry(**(given | changes))


def a_stop(trigger_price: Decimal, **changes: Any) -> Order:
    given = {
        "client_order_id": f"p0000-1-abcd-1-S{next(_numbers)}",
        "kind": OrderKind.STOP_MARKET,
        "purpose": OrderPurpose.STOP,
        "trigger_price": trigger_price,
    }
    return an_exit(**(given | changes))


def number_of(venue_id: str) -> int:
    """The local exchange's number in an order's or trade's id, whichever form its faces give it."""
    return int(venue_id[-12:])


def place(order: Order) -> PlaceOrder:
    return PlaceOrder(order=order)


def find(order):
    conditional = order.kind.is_conditional
    return FindOrder(client_order_id=order.client_order_id, symbol=SYMBOL, is_conditional=conditional)


def amend(order, **changes):
    return AmendOrder(order=replace(order, **changes))


def find_by_venue_id(order, venue_order_id):
    return replace(find(order), client_order_id="", venue_order_id=venue_order_id)


def cancel(order):
    conditional = order.kind.is_conditional
    return CancelOrder(client_order_id=order.client_order_id, symbol=SYMBOL, is_conditional=conditional)


def cancel_by_venue_id(order, venue_order_id):
    return replace(cancel(order), client_order_id="", venue_order_id=venue_order_id)


async def mark_price(subject):
    return (await snapshot(subject)).mark_price


async def snapshot(subject):
    return (await subject.perform(TakeSnapshot(symbol=SYMBOL, fills_since_ns=recently()))).snapshot


def recently():
    return time.time_ns() - 3_600 * 10**9


def away(price, factor):
    return (price * Decimal(factor)).quantize(Decimal("0.1"))
