"""Entries that wait in the book: placed at a close, filled when a later candle reaches them. Integers, compiled.

While flat, ENTRY_SIDE and ENTRY_LOTS of the state are those of the order, ORDER_TICKS its price and ORDER_AGE the bars
it has waited.
"""

from __future__ import annotations

from typing import Any

from engine.backtest.fill_price import slipped
from engine.backtest.layout import (
    BALANCE,
    DENIED,
    ENTRY_BARS,
    ENTRY_KIND,
    ENTRY_LIMIT,
    ENTRY_LOTS,
    ENTRY_SIDE,
    ENTRY_TICKS,
    EXIT_DUE,
    FEE_RATE,
    FUNDING,
    LOTS,
    LOTS_AT_ENTRY,
    MAKER_RATE,
    MODE,
    ORDER_AGE,
    ORDER_TICKS,
    PARTIALS_DONE,
    PROTECTION,
    TICK_LOT_UNITS,
)
from engine.backtest.walk import EXIT_LONG, EXIT_SHORT, Prices, lots_allowed, open_position, stop_distance
from engine.protection import REASON_SIGNAL
from engine.signal import decide
from engine.sizing import VOLATILITY_TARGET

NOT_FILLED, AT_OPEN, WITHIN = 0, 1, 2


def fill_of(state: Any, settings: Any, candle: Prices, is_first: bool) -> tuple[int, int, int]:
    """(when the waiting order fills in this candle, at what price, with what fee rate).

    `is_first` says that the candle's open is the first price after the order was sent.
    """
    open_ticks, high, low, _ = candle
    side, price = state[ENTRY_SIDE], state[ORDER_TICKS]
    taker = settings[FEE_RATE]
    if settings[ENTRY_KIND] != ENTRY_LIMIT:
        if side * open_ticks >= side * price:
            return AT_OPEN, slipped(open_ticks, side, settings), taker
        if side * (high if side > 0 else low) >= side * price:
            return WITHIN, slipped(price, side, settings), taker
        return NOT_FILLED, 0, 0
    if side * open_ticks <= side * price:
        if not is_first:
            return AT_OPEN, price, settings[MAKER_RATE]
        market = slipped(open_ticks, side, settings)
        return AT_OPEN, market if side * market < side * price else price, taker
    if side * (low if side > 0 else high) <= side * price:
        return WITHIN, price, settings[MAKER_RATE]
    return NOT_FILLED, 0, 0


def begin_position(state: Any, rules: Any, settings: Any, bar: int, entry: int, rate: int) -> None:
    """The order that was due or waited is filled: a position with all its parts before it."""
    open_position(state, rules, settings, bar, entry, rate)
    state[LOTS_AT_ENTRY] = state[LOTS]
    state[PARTIALS_DONE] = 0
    state[FUNDING] = 0


def grow_older(state: Any, settings: Any) -> None:
    """A bar closed over a waiting order; it lapses when it has waited for its number of bars."""
    state[ORDER_AGE] += 1
    if state[ORDER_AGE] >= settings[ENTRY_BARS]:
        state[ENTRY_SIDE] = 0


def decide_at_close(
    state: Any, rules: Any, settings: Any, intent: int, close: int, volatility: int, wanted: Any
) -> None:  # fmt: skip
    """What the play's intent at this close changes: as `act_on_intent`, and for waiting entries.

    `volatility` is one volatility in ticks, `wanted` the prices of waiting entries, long and short; 0 where unknown.
    """
    side, waiting = state[PROTECTION], state[ENTRY_SIDE]
    closes, enters = decide(intent, side)
    if closes and state[EXIT_DUE] == 0:
        state[EXIT_DUE] = REASON_SIGNAL
    if waiting != 0 and intent & (EXIT_LONG if waiting > 0 else EXIT_SHORT) != 0:
        state[ENTRY_SIDE] = 0
    if enters == 0:
        return
    price = close
    if settings[ENTRY_KIND] != 0:
        price = wanted[0] if enters > 0 else wanted[1]
    open_pnl = side * (close - state[ENTRY_TICKS]) * state[LOTS] * settings[TICK_LOT_UNITS]
    lots = 0
    if price > 0:
        distance = volatility if settings[MODE] == VOLATILITY_TARGET else stop_distance(rules, enters, price)
        lots = lots_allowed(state, settings, state[BALANCE] + open_pnl, price, distance)
    else:
        state[DENIED] += 1
    state[ENTRY_LOTS], state[ORDER_TICKS], state[ORDER_AGE] = lots, price, 0
    state[ENTRY_SIDE] = enters if lots > 0 else 0


PARTS = (fill_of, begin_position, grow_older, decide_at_close)
