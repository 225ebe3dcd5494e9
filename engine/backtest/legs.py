"""Leaving a position in parts, and the funding it pays: what `full_walk` does with an open position.

Integers, compiled. Each exit writes a row of its own, a leg, with the lots that left. The entry's fee and the funding
paid so far are in the first leg that follows them. A leg of reason `partial_exit` belongs to the round trip that the
next other leg ends.
"""

from __future__ import annotations

from typing import Any

from engine.backtest.fill_price import is_liquidated, liquidation_price, triggered
from engine.backtest.layout import (
    BALANCE,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_TICKS,
    FEE_RATE,
    FUNDING,
    LEAST_LOTS,
    LOTS,
    LOTS_AT_ENTRY,
    MAKER_RATE,
    PARTIALS_DONE,
    PROTECTION,
    TARGET_TICKS,
    TARGETS_REST,
    TICK_LOT_UNITS,
    TRADE_ENTRY_BAR,
    TRADE_ENTRY_FEE,
    TRADE_ENTRY_TICKS,
    TRADE_EXIT_BAR,
    TRADE_EXIT_TICKS,
    TRADE_FEES,
    TRADE_FUNDING,
    TRADE_LOTS,
    TRADE_PNL,
    TRADE_REASON,
    TRADE_SIDE,
    TRADES,
)
from engine.backtest.walk import Prices, read_position
from engine.protection import (
    NO_LEVEL,
    REASON_LIQUIDATION,
    REASON_NONE,
    REASON_PARTIAL,
    REASON_TAKE_PROFIT,
    losing_price,
    touched,
)
from engine.sizing import fee_units, share_of


def pay_funding(state: Any, settings: Any, flows: Any, bar: int, open_ticks: int, rate: int) -> None:
    """Charges `rate` (1e-9 of notional; positive: longs pay shorts) to the open position, valued at the open."""
    paid = fee_units(open_ticks * state[LOTS] * settings[TICK_LOT_UNITS], abs(rate))
    if state[PROTECTION] * rate < 0:
        paid = -paid
    state[BALANCE] -= paid
    state[FUNDING] += paid
    flows[bar] += paid


def book_leg(
    state: Any, trades: Any, settings: Any, bar: int, lots: int, price: int, reason: int, rate: int
) -> None:  # fmt: skip
    """`lots` of the open position leave at `price`, with a fee of `rate`."""
    side, entry, row = state[PROTECTION], state[ENTRY_TICKS], state[TRADES]
    fee = fee_units(price * lots * settings[TICK_LOT_UNITS], rate)
    gross = side * (price - entry) * lots * settings[TICK_LOT_UNITS]
    fees = state[ENTRY_FEE] + fee
    trades[row, TRADE_SIDE], trades[row, TRADE_LOTS] = side, lots
    trades[row, TRADE_ENTRY_BAR], trades[row, TRADE_EXIT_BAR] = state[ENTRY_BAR], bar
    trades[row, TRADE_ENTRY_TICKS], trades[row, TRADE_EXIT_TICKS] = entry, price
    trades[row, TRADE_FEES], trades[row, TRADE_PNL] = fees, gross - fees - state[FUNDING]
    trades[row, TRADE_REASON], trades[row, TRADE_ENTRY_FEE] = reason, state[ENTRY_FEE]
    trades[row, TRADE_FUNDING] = state[FUNDING]
    state[TRADES] += 1
    state[BALANCE] += gross - fee
    state[ENTRY_FEE] = 0
    state[FUNDING] = 0
    state[LOTS] -= lots
    if state[LOTS] == 0:
        state[PROTECTION] = 0


def next_partial(state: Any, partials: Any) -> int:
    """The price of the next partial exit; 0 when there is none left."""
    if state[PARTIALS_DONE] >= len(partials):
        return NO_LEVEL
    level: int = losing_price(-state[PROTECTION], state[ENTRY_TICKS], partials[state[PARTIALS_DONE], 0])
    return level


def target_fill(state: Any, settings: Any, level: int, open_ticks: int) -> tuple[int, int]:
    """(price, fee rate) of a profit target that was reached: at its own price as maker when it waits in the book, else
    at market, at the open when that was beyond it already."""
    if settings[TARGETS_REST] != 0:
        return level, settings[MAKER_RATE]
    side = state[PROTECTION]
    price = open_ticks if side * open_ticks > side * level else level
    return triggered(side, price, NO_LEVEL, settings), settings[FEE_RATE]


def take_partials(
    state: Any, trades: Any, partials: Any, settings: Any, bar: int, open_ticks: int, reached: int
) -> None:  # fmt: skip
    """Every partial exit up to the price that was reached. One that leaves, or is, less than the exchange's minimum is
    passed over."""
    least = max(1, settings[LEAST_LOTS])
    while state[PARTIALS_DONE] < len(partials):
        level = next_partial(state, partials)
        if state[PROTECTION] * reached < state[PROTECTION] * level:
            return
        lots = share_of(state[LOTS_AT_ENTRY], partials[state[PARTIALS_DONE], 1])
        state[PARTIALS_DONE] += 1
        if lots >= least and state[LOTS] - lots >= least:
            price, rate = target_fill(state, settings, level, open_ticks)
            book_leg(state, trades, settings, bar, lots, price, REASON_PARTIAL, rate)


def take_rest(state: Any, trades: Any, settings: Any, bar: int, open_ticks: int) -> None:
    """The take-profit closes what is left."""
    price, rate = target_fill(state, settings, state[TARGET_TICKS], open_ticks)
    book_leg(state, trades, settings, bar, state[LOTS], price, REASON_TAKE_PROFIT, rate)


def settle(state: Any, trades: Any, partials: Any, settings: Any, bar: int, candle: Prices) -> None:
    """One candle of a position that was there at its open."""
    open_ticks, high, low, _ = candle
    side = state[PROTECTION]
    take_partials(state, trades, partials, settings, bar, open_ticks, open_ticks)
    reason, price = touched(read_position(state), open_ticks, high, low)
    if has_lost(state, trades, settings, bar, reason, price, low if side > 0 else high, open_ticks):
        return
    take_partials(state, trades, partials, settings, bar, open_ticks, high if side > 0 else low)
    if reason == REASON_TAKE_PROFIT:
        take_rest(state, trades, settings, bar, open_ticks)


def settle_after_entry(state: Any, trades: Any, partials: Any, settings: Any, bar: int, candle: Prices) -> None:
    """The rest of a candle in which a waiting order filled: the stop counts when it was touched at all, a target only
    when the close is beyond it."""
    _, high, low, close = candle
    side, entry = state[PROTECTION], state[ENTRY_TICKS]
    # from the entry on; on the side of profit nothing but the close is certain
    best = max(entry, close) if side > 0 else min(entry, close)
    reason, price = touched(read_position(state), entry, best if side > 0 else high, low if side > 0 else best)
    if has_lost(state, trades, settings, bar, reason, price, low if side > 0 else high, entry):
        return
    take_partials(state, trades, partials, settings, bar, entry, best)
    if reason == REASON_TAKE_PROFIT:
        take_rest(state, trades, settings, bar, entry)


def has_lost(
    state: Any, trades: Any, settings: Any, bar: int, reason: int, price: int, adverse: int, open_ticks: int
) -> bool:  # fmt: skip
    """Whether the stop or the liquidation took all that was left; `reason` and `price` are those of `touched`."""
    side = state[PROTECTION]
    liquidation = liquidation_price(side, state[ENTRY_TICKS], settings)
    if is_liquidated(side, liquidation, adverse, reason, price, open_ticks):
        reason, price = REASON_LIQUIDATION, liquidation
    if reason in (REASON_NONE, REASON_TAKE_PROFIT):
        return False
    fill = triggered(side, price, liquidation, settings)
    book_leg(state, trades, settings, bar, state[LOTS], fill, reason, settings[FEE_RATE])
    return True


PARTS = (
    pay_funding, book_leg, next_partial, target_fill, take_partials, take_rest, has_lost, settle, settle_after_entry,
)  # fmt: skip
