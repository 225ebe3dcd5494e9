"""At what price a backtest's orders fill: slippage, triggered stops and targets, liquidation. Integers, compiled.

Slippage worsens every fill at market: entries, exits, and stops and targets once they are touched (they are market
orders then). An order that waits in the book at its own price does not slip.
"""

from __future__ import annotations

from typing import Any

from engine.backtest.layout import LIQUIDATION, SLIPPAGE, SLIPPAGE_TICKS
from engine.protection import REASON_TAKE_PROFIT, losing_price


def slipped(price_ticks: int, direction: int, settings: Any) -> int:
    """The price of a market order that buys (direction 1) or sells (-1), worsened by a share (1e-9) and by ticks."""
    if settings[SLIPPAGE] != 0:
        price_ticks = losing_price(-direction, price_ticks, settings[SLIPPAGE])
    return int(max(1, price_ticks + direction * settings[SLIPPAGE_TICKS]))


def liquidation_price(side: int, entry_ticks: int, settings: Any) -> int:
    """Where the exchange takes a position with isolated margin away; 0 when it never does."""
    if settings[LIQUIDATION] == 0:
        return 0
    return losing_price(side, entry_ticks, settings[LIQUIDATION])


def is_liquidated(side: int, liquidation: int, adverse: int, reason: int, price: int, open_ticks: int) -> bool:
    """Whether the bar reached the liquidation, and no exit of ours came before: a better stop, a target at the open."""
    if liquidation == 0 or side * adverse > side * liquidation:
        return False
    if reason == REASON_TAKE_PROFIT:
        return price != open_ticks
    return reason == 0 or side * price < side * liquidation


def triggered(side: int, price: int, liquidation: int, settings: Any) -> int:
    """What a stop or target that was touched at `price` fills at: it is a market order then. No loss is beyond the
    liquidation, which itself knows no slippage."""
    fill = slipped(price, -side, settings)
    if liquidation != 0 and side * fill < side * liquidation:
        return liquidation
    return fill
