"""The kernel's walk over the bars: integers only, compiled as one. It runs uncompiled too, bit for bit the same.

Order of events, per bar:
  1. at the open: what the last close decided is filled: first the exit, then the entry, both at the open price;
  2. during the bar: protection (a gap through a level fills at the open; the stop counts before the take-profit);
  3. at the close: protection advances; due market exits (ROI, time) and the play's intent decide the next open's fills.
A bar whose decision closes the position never fills its levels, since the exit at the open comes first.
"""

from __future__ import annotations

from typing import Any

from engine import protection, sizing
from engine.backtest.fill_price import is_liquidated, liquidation_price, slipped, triggered
from engine.backtest.layout import (
    AMOUNT,
    BALANCE,
    BARS_HELD,
    BEST_TICKS,
    CLOSE,
    DENIED,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_LOTS,
    ENTRY_SIDE,
    ENTRY_TICKS,
    EXIT_DUE,
    FEE_RATE,
    HIGH,
    LEAST_LOTS,
    LEAST_NOTIONAL,
    LEVERAGE,
    LOTS,
    LOW,
    MODE,
    MOST_TICKS,
    NEXT_BAR,
    OPEN,
    PROTECTION,
    STOP_TICKS,
    TARGET_TICKS,
    TICK_LOT_UNITS,
    TRADE_ENTRY_BAR,
    TRADE_ENTRY_FEE,
    TRADE_ENTRY_TICKS,
    TRADE_EXIT_BAR,
    TRADE_EXIT_TICKS,
    TRADE_FEES,
    TRADE_LOTS,
    TRADE_PNL,
    TRADE_REASON,
    TRADE_SIDE,
    TRADES,
)
from engine.protection import (
    BREAK_EVEN,
    REASON_LIQUIDATION,
    REASON_SIGNAL,
    ROI_COUNT,
    ROI_FIRST,
    STOPLOSS,
    TIME_EXIT,
    TRAILING,
    advance_state,
    due_code,
    losing_price,
    open_state,
    touched,
)
from engine.signal import decide
from engine.sizing import fee_units, lots_for

Prices = tuple[int, int, int, int]
# `Intent` as plain numbers
ENTRIES, EXIT_LONG, EXIT_SHORT = 1 | 4, 2, 8


def book_exit(state: Any, trades: Any, bar: int, price: int, reason: int, settings: Any) -> None:
    """Closes the open position at `price`: the trade is written and its money is in the balance."""
    side, entry, lots = state[PROTECTION], state[ENTRY_TICKS], state[LOTS]
    unit = settings[TICK_LOT_UNITS]
    fees = state[ENTRY_FEE] + fee_units(price * lots * unit, settings[FEE_RATE])
    gross = side * (price - entry) * lots * unit
    row = state[TRADES]
    trades[row, TRADE_SIDE], trades[row, TRADE_LOTS] = side, lots
    trades[row, TRADE_ENTRY_BAR], trades[row, TRADE_EXIT_BAR] = state[ENTRY_BAR], bar
    trades[row, TRADE_ENTRY_TICKS], trades[row, TRADE_EXIT_TICKS] = entry, price
    trades[row, TRADE_FEES], trades[row, TRADE_PNL] = fees, gross - fees
    trades[row, TRADE_REASON], trades[row, TRADE_ENTRY_FEE] = reason, state[ENTRY_FEE]
    state[TRADES] += 1
    state[BALANCE] += gross - fees + state[ENTRY_FEE]  # the entry's fee was paid at the entry
    state[PROTECTION] = 0
    state[LOTS] = 0


def lots_to_enter(state: Any, rules: Any, settings: Any, side: int, equity: int, close: int) -> int:
    """The lots an entry at this close orders; see `lots_allowed`."""
    return lots_allowed(state, settings, equity, close, stop_distance(rules, side, close))


def stop_distance(rules: Any, side: int, entry: int) -> int:
    """Ticks from an entry to its stop; 0 without a stop."""
    return abs(entry - open_state(rules, side, entry)[2]) if rules[STOPLOSS] > 0 else 0


def lots_allowed(state: Any, settings: Any, equity: int, price: int, distance: int) -> int:
    """The lots to order at this price; 0 (and counted as denied) when below the exchange's minimum."""
    unit = settings[TICK_LOT_UNITS]
    lots = lots_for(settings[MODE], settings[AMOUNT], equity, price, distance, unit, settings[LEVERAGE])
    if lots < settings[LEAST_LOTS] or lots == 0 or lots * price * unit < settings[LEAST_NOTIONAL]:
        state[DENIED] += 1
        return 0
    return lots


def enter_position(state: Any, rules: Any, settings: Any, bar: int, open_ticks: int) -> None:
    """Fills the entry that is due at this open, at market."""
    open_position(state, rules, settings, bar, slipped(open_ticks, state[ENTRY_SIDE], settings), settings[FEE_RATE])


def open_position(state: Any, rules: Any, settings: Any, bar: int, entry: int, rate: int) -> None:
    """The due entry, filled at this price; its fee leaves the balance and its levels stand from now on."""
    side, lots = state[ENTRY_SIDE], state[ENTRY_LOTS]
    fee = fee_units(entry * lots * settings[TICK_LOT_UNITS], rate)
    state[LOTS], state[ENTRY_BAR], state[ENTRY_FEE] = lots, bar, fee
    state[BALANCE] -= fee
    state[ENTRY_SIDE] = 0
    write_position(state, open_state(rules, side, entry))


def hold_position(state: Any, trades: Any, rules: Any, settings: Any, bar: int, bar_ticks: Prices) -> None:
    """One bar of an open position: its levels are tested, then moved, then due market exits are named."""
    open_ticks, high, low, close = bar_ticks
    position = read_position(state)
    reason, price = touched(position, open_ticks, high, low)
    liquidation = liquidation_price(position[0], position[1], settings)
    if is_liquidated(position[0], liquidation, low if position[0] > 0 else high, reason, price, open_ticks):
        reason, price = REASON_LIQUIDATION, liquidation
    if reason != 0:
        book_exit(state, trades, bar, triggered(position[0], price, liquidation, settings), reason, settings)
        return
    position = advance_state(rules, position, high, low, close)
    write_position(state, position)
    state[EXIT_DUE] = due_code(rules, position, close)


def read_position(state: Any) -> protection.State:
    """The protection state of the open position (`side` is 0 when flat)."""
    at = PROTECTION
    return state[at], state[at + 1], state[at + 2], state[at + 3], state[at + 4], state[at + 5], state[at + 6]


def write_position(state: Any, position: protection.State) -> None:
    """Keeps the protection state of the open position."""
    for field in range(7):
        state[PROTECTION + field] = position[field]


def act_on_intent(state: Any, rules: Any, settings: Any, intent: int, close: int) -> None:
    """Notes what the next open has to do about the play's intent at this close."""
    side = state[PROTECTION]
    closes, enters = decide(intent, side)
    if closes and state[EXIT_DUE] == 0:
        state[EXIT_DUE] = REASON_SIGNAL
    if enters != 0:
        open_pnl = side * (close - state[ENTRY_TICKS]) * state[LOTS] * settings[TICK_LOT_UNITS]
        state[ENTRY_LOTS] = lots_to_enter(state, rules, settings, enters, state[BALANCE] + open_pnl, close)
        state[ENTRY_SIDE] = enters if state[ENTRY_LOTS] > 0 else 0


def coast(intents: Any, prices: Any, rules: Any, settings: Any, state: Any, bar: int, until: int) -> int:
    """The first bar from `bar` on at which something may happen; the uneventful ones before it are accounted for.

    This is only haste: leaving it out changes no result. Ranges that begin at 0 spare the compiler its index checks.
    """
    side = state[PROTECTION]
    if side == 0:
        return bar + quiet_bars(intents[bar:until], ENTRIES)
    bars_held = state[BARS_HELD]
    until = min(until, bar + uneventful_bars(rules, bars_held))
    stop, take_profit, best = state[STOP_TICKS], state[TARGET_TICKS], side * state[BEST_TICKS]
    liquidation = liquidation_price(side, state[ENTRY_TICKS], settings)
    # a price of 0, which says that there is no bar, lies beyond both
    floor, ceiling = (0, MOST_TICKS) if side > 0 else (-MOST_TICKS, 0)
    lower = side * stop if stop != 0 else floor
    if liquidation != 0:
        lower = max(lower, side * liquidation)
    upper = side * take_profit if take_profit != 0 else ceiling
    if rules[TRAILING] != 0 or rules[BREAK_EVEN] != 0:
        upper = min(upper, best + 1)  # a new best price may move the stop
    bars, best = calm_bars(intents[bar:until], prices[bar:until], (side, lower, upper, best))
    state[BEST_TICKS], state[BARS_HELD] = side * best, bars_held + bars
    return bar + bars


def quiet_bars(intents: Any, wanted: int) -> int:
    """How many bars pass before one has a wanted intent."""
    for bar in range(len(intents)):
        if intents[bar] & wanted != 0:
            return bar
    return len(intents)


def calm_bars(intents: Any, prices: Any, limits: Prices) -> tuple[int, int]:
    """(how many bars stay within the limits and have no exit intent, the best price after them).

    `limits` are side, lower, upper and best so far; prices times side, so that more is better on both sides.
    """
    side, lower, upper, best = limits
    adverse, favourable = (LOW, HIGH) if side > 0 else (HIGH, LOW)
    exit_intent = EXIT_LONG if side > 0 else EXIT_SHORT
    for bar in range(len(intents)):
        good = side * prices[bar, favourable]
        if side * prices[bar, adverse] <= lower or good >= upper or intents[bar] & exit_intent != 0:
            return bar, best
        best = max(best, good)
    return len(intents), best


def uneventful_bars(rules: Any, bars_held: int) -> int:
    """How many more bars no market exit (ROI, time) can be due."""
    first = MOST_TICKS
    if rules[ROI_COUNT] > 0:
        first = rules[ROI_FIRST]
    if rules[TIME_EXIT] > 0:
        first = min(first, rules[TIME_EXIT])
    return max(0, first - bars_held - 1)


def walk(intents: Any, prices: Any, rules: Any, settings: Any, state: Any, trades: Any, until: int) -> None:
    """Works from `state[NEXT_BAR]` up to `until`, or until `trades` may not hold another bar's."""
    bar = state[NEXT_BAR]
    room = len(trades) - 1
    while bar < until and state[TRADES] < room:
        if state[EXIT_DUE] != 0:
            price = slipped(prices[bar, OPEN], -state[PROTECTION], settings)
            book_exit(state, trades, bar, price, state[EXIT_DUE], settings)
            state[EXIT_DUE] = 0
        if state[ENTRY_SIDE] != 0:
            enter_position(state, rules, settings, bar, prices[bar, OPEN])
        bar = coast(intents, prices, rules, settings, state, bar, until)
        if bar == until:
            break
        if state[PROTECTION] != 0:
            bar_ticks = (prices[bar, OPEN], prices[bar, HIGH], prices[bar, LOW], prices[bar, CLOSE])
            hold_position(state, trades, rules, settings, bar, bar_ticks)
        if intents[bar] != 0:
            act_on_intent(state, rules, settings, intents[bar], prices[bar, CLOSE])
        bar += 1
    state[NEXT_BAR] = bar


# what `walk` calls, in order of use
PARTS = (
    decide, sizing.share_of, lots_for, fee_units, protection.price_below, protection.price_above, losing_price,
    protection.has_profit, protection.trailing_stop, protection.wanted_stop, open_state, touched, advance_state,
    due_code, slipped, liquidation_price, is_liquidated, triggered, book_exit, stop_distance, lots_allowed,
    lots_to_enter, read_position, write_position, open_position, enter_position, hold_position, act_on_intent,
    uneventful_bars, quiet_bars, calm_bars, coast,
)  # fmt: skip
