"""Trades for tests."""

from __future__ import annotations

from decimal import Decimal

from engine.messages.events import TradeClosed


def closed_trade(number: int, profit: Decimal) -> TradeClosed:
    return TradeClosed(
        trade_number=number,
        symbol="BTC/USDT:USDT",
        direction="long",
        quantity=Decimal(1),
        entry_price=Decimal(100),
        exit_price=Decimal(100) + profit,
        opened_at_ns=1,
        closed_at_ns=2,
        entry_bar_open_time_ns=1,
        exit_bar_open_time_ns=2,
        gross_profit=profit,
        fees=Decimal(0),
        profit=profit,
        exit_reason="exit_signal",
        naked_ns=0,
        message="",
    )
