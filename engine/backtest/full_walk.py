"""The kernel's walk with everything: waiting entries, partial exits, funding, and a bar's course on finer candles.

Plays that use none of these take the shorter `walk`, whose parts serve here too; both give the same trades then.
What is added to the order of events that `walk` states, per bar:
  0. before the open: a position that came into this bar pays, or gets, the funding of the instants since the last open;
  1. at the open: a due exit, then a due entry at market, as ever;
  2. during the bar, on each of its finer candles in turn (on the bar itself when there are none): a flat account's
     waiting order may fill; then protection: the stop (or liquidation) before partial exits before the take-profit;
  3. at the close, as ever. A new entry signal replaces an order that waits; an exit signal of its side takes it back.
A waiting limit order fills as taker at the open when that meets it on its first bar, else at its own price as maker. A
waiting stop order fills as taker at its price, or at an open beyond it. Whether a candle's most favourable price came
after a fill within the same candle is not known: profit targets then count only when the close is beyond them too and
trailing sees nothing but the close, while the stop counts whenever it was touched.
"""

from __future__ import annotations

from typing import Any

from engine.backtest import legs, waiting_entry, walk
from engine.backtest.fill_price import liquidation_price, slipped
from engine.backtest.layout import (
    BARS_HELD,
    BEST_TICKS,
    CLOSE,
    ENTRY_KIND,
    ENTRY_SIDE,
    ENTRY_TICKS,
    EXIT_DUE,
    FEE_RATE,
    FUNDING_BAR,
    HIGH,
    LOTS,
    LOW,
    MOST_TICKS,
    NEXT_BAR,
    OPEN,
    ORDER_AGE,
    PROTECTION,
    STOP_TICKS,
    TARGET_TICKS,
    TRADES,
)
from engine.backtest.legs import book_leg, next_partial, pay_funding, settle, settle_after_entry
from engine.backtest.waiting_entry import AT_OPEN, NOT_FILLED, begin_position, decide_at_close, fill_of, grow_older
from engine.backtest.walk import ENTRIES, calm_bars, quiet_bars, read_position, uneventful_bars, write_position
from engine.protection import BREAK_EVEN, TRAILING, advance_state, due_code


def next_funding(funding: Any, bar: int, until: int, state: Any) -> int:
    """The first bar from `bar` on with funding, at most `until`; what was found is kept in the state."""
    if len(funding) == 0:
        return until
    if state[FUNDING_BAR] < bar:
        state[FUNDING_BAR] = bar
        while state[FUNDING_BAR] < len(funding) and funding[state[FUNDING_BAR]] == 0:
            state[FUNDING_BAR] += 1
    return int(min(until, state[FUNDING_BAR]))


def coast_full(
    intents: Any, prices: Any, funding: Any, partials: Any, rules: Any, settings: Any, state: Any, bar: int, until: int
) -> int:
    """As `coast`, with partial exits and funding among what may happen."""
    side = state[PROTECTION]
    if side == 0:
        return bar + quiet_bars(intents[bar:until], ENTRIES)
    until = next_funding(funding, bar, until, state)
    until = max(bar, min(until, bar + uneventful_bars(rules, state[BARS_HELD])))
    stop, target, best = state[STOP_TICKS], state[TARGET_TICKS], side * state[BEST_TICKS]
    liquidation, partial = liquidation_price(side, state[ENTRY_TICKS], settings), next_partial(state, partials)
    lower = side * stop if stop != 0 else -MOST_TICKS
    if liquidation != 0:
        lower = max(lower, side * liquidation)
    upper = side * target if target != 0 else MOST_TICKS
    if partial != 0:
        upper = min(upper, side * partial)
    if rules[TRAILING] != 0 or rules[BREAK_EVEN] != 0:
        upper = min(upper, best + 1)
    bars, best = calm_bars(intents[bar:until], prices[bar:until], (side, lower, upper, best))
    state[BEST_TICKS], state[BARS_HELD] = side * best, state[BARS_HELD] + bars
    return int(bar + bars)


def at_open(
    open_ticks: int, rate: int, rules: Any, settings: Any, state: Any, trades: Any, flows: Any, bar: int
) -> None:  # fmt: skip
    """Funding of what came into the bar, then the due exit and the due entry at market."""
    if rate != 0 and state[PROTECTION] != 0:
        pay_funding(state, settings, flows, bar, open_ticks, rate)
    if state[EXIT_DUE] != 0:
        price = slipped(open_ticks, -state[PROTECTION], settings)
        book_leg(state, trades, settings, bar, state[LOTS], price, state[EXIT_DUE], settings[FEE_RATE])
        state[EXIT_DUE] = 0
    if state[ENTRY_SIDE] != 0 and settings[ENTRY_KIND] == 0:
        price = slipped(open_ticks, state[ENTRY_SIDE], settings)
        begin_position(state, rules, settings, bar, price, settings[FEE_RATE])


def live_through(
    course: Any, partials: Any, rules: Any, settings: Any, state: Any, trades: Any, bar: int
) -> tuple[int, int]:
    """The bar's candles, one after the other; (highest, lowest) price since the position that is left was there."""
    high, low = 0, MOST_TICKS
    for number in range(len(course)):
        row = course[number]
        candle = (row[OPEN], row[HIGH], row[LOW], row[CLOSE])
        highest, lowest = row[HIGH], row[LOW]
        if state[PROTECTION] != 0:
            settle(state, trades, partials, settings, bar, candle)
        elif state[ENTRY_SIDE] != 0:
            is_first = number == 0 and state[ORDER_AGE] == 0
            when, price, rate = fill_of(state, settings, candle, is_first)
            if when == NOT_FILLED:
                continue
            begin_position(state, rules, settings, bar, price, rate)
            if when == AT_OPEN:
                settle(state, trades, partials, settings, bar, candle)
            else:
                settle_after_entry(state, trades, partials, settings, bar, candle)
                highest, lowest = max(price, row[CLOSE]), min(price, row[CLOSE])
        if state[PROTECTION] == 0:
            break
        high, low = max(high, highest), min(low, lowest)
    return high, low


def full_walk(
    intents: Any, prices: Any, course: Any, funding: Any, volatility: Any, entry_prices: Any, partials: Any,
    rules: Any, settings: Any, state: Any, trades: Any, flows: Any, until: int,
) -> None:  # fmt: skip
    """Works from `state[NEXT_BAR]` up to `until`, or until `trades` may not hold another bar's."""
    bar = state[NEXT_BAR]
    finer = len(course) // max(1, len(intents))
    room = len(trades) - 1 - len(partials)
    while bar < until and state[TRADES] < room:
        if state[EXIT_DUE] == 0 and state[ENTRY_SIDE] == 0:
            bar = coast_full(intents, prices, funding, partials, rules, settings, state, bar, until)
            if bar == until:
                break
        rate = funding[bar] if len(funding) != 0 else 0
        at_open(prices[bar, OPEN], rate, rules, settings, state, trades, flows, bar)
        if state[PROTECTION] != 0 or state[ENTRY_SIDE] != 0:
            part = course[bar * finer : (bar + 1) * finer]
            high, low = live_through(part, partials, rules, settings, state, trades, bar)
            if state[PROTECTION] != 0:
                write_position(state, advance_state(rules, read_position(state), high, low, prices[bar, CLOSE]))
                state[EXIT_DUE] = due_code(rules, read_position(state), prices[bar, CLOSE])
            elif state[ENTRY_SIDE] != 0:
                grow_older(state, settings)
        if intents[bar] != 0:
            one = volatility[bar] if len(volatility) != 0 else 0
            wanted = entry_prices[bar] if len(entry_prices) != 0 else settings[:2]
            decide_at_close(state, rules, settings, intents[bar], prices[bar, CLOSE], one, wanted)
        bar += 1
    state[NEXT_BAR] = bar


# what `full_walk` calls, in order of use
PARTS = (*walk.PARTS, *legs.PARTS, *waiting_entry.PARTS, next_funding, coast_full, at_open, live_through)
