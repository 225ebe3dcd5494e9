"""Builders of what adapters store and send."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.fill import Fill
from engine.market import MINUTE_NS, Bar
from engine.messages.events import OrderFilled, SignalReceived, TradeClosed
from engine.messages.reports import InstanceView
from engine.order import Order, OrderKind, OrderPurpose, Side
from engine.signal import Intent, Signal

SYMBOL = "BTC/USDT:USDT"


def an_order(client_order_id: str = "p0000-1-abcd-1-E1", **changes: Any) -> Order:
    given: dict[str, Any] = {
        "client_order_id": client_order_id,
        "symbol": SYMBOL,
        "side": Side.BUY,
        "kind": OrderKind.MARKET,
        "purpose": OrderPurpose.ENTRY,
        "quantity": Decimal("0.010"),
        "trade_number": 1,
        "bar_open_time_ns": 60 * MINUTE_NS,
    }
    return Order(**(given | changes))


def a_fill(trade_id: str = "1", **changes: Any) -> Fill:
    given: dict[str, Any] = {
        "trade_id": trade_id,
        "symbol": SYMBOL,
        "venue_order_id": "7",
        "client_order_id": "p0000-1-abcd-1-E1",
        "sign": 1,
        "quantity": Decimal("0.010"),
        "price": Decimal("58000.10"),
        "fee": Decimal("0.29"),
        "fee_asset": "USDT",
        "is_maker": False,
        "occurred_at_ns": 1,
    }
    return Fill(**(given | changes))


def filled(trade_id: str = "1") -> OrderFilled:
    return OrderFilled(client_order_id="p0000-1-abcd-1-E1", fill=a_fill(trade_id))


def a_signal(minute: int = 1) -> SignalReceived:
    signal = Signal(
        play_hash="abcd1234",
        symbol=SYMBOL,
        bar_open_time_ns=minute * MINUTE_NS,
        intent=Intent.ENTER_LONG,
        close=58_000.1,
        features=(("fast", 1.5), ("slow", 1.25)),
    )
    return SignalReceived(signal=signal)


def a_trade(trade_number: int = 1) -> TradeClosed:
    return TradeClosed(
        trade_number=trade_number,
        symbol=SYMBOL,
        direction="long",
        quantity=Decimal("0.010"),
        entry_price=Decimal("58000.10"),
        exit_price=Decimal("58100.00"),
        opened_at_ns=1,
        closed_at_ns=2,
        entry_bar_open_time_ns=MINUTE_NS,
        exit_bar_open_time_ns=2 * MINUTE_NS,
        gross_profit=Decimal("0.999"),
        fees=Decimal("0.58"),
        profit=Decimal("0.419"),
        exit_reason="exit_signal",
        naked_ns=1_000,
        message=f"trade {trade_number} closed",
    )


def a_view(sequence: int = 1) -> InstanceView:
    return InstanceView(
        sequence=sequence,
        phase="TRADING",
        epoch=1,
        position_quantity=Decimal(0),
        entry_price=None,
        wallet_balance=Decimal("10000.10"),
        realised_profit=Decimal("0.10"),
        fees=Decimal(0),
        stop_price=None,
        take_profit_price=None,
        open_orders=0,
        unresolved_orders=0,
        trade_count=0,
        breaker="GREEN",
        breaker_cause="",
        reconciliation="HEALTHY",
        is_panicked=False,
    )


def a_bar(minute: int = 1, close: float = 100.5) -> Bar:
    return Bar(open_time_ns=minute * MINUTE_NS, open=100.0, high=101.0, low=99.0, close=close, volume=3.25)
