"""The backtest kernel: one pass over the intents of a play and the prices of one instrument, in whole ticks and lots.

Order of events, per bar:
  1. at the open: what the last close decided is filled: first the exit, then the entry, both at the open price;
  2. during the bar: protection (a gap through a level fills at the open; the stop counts before the take-profit);
  3. at the close: protection advances; due market exits (ROI, time) and the play's intent decide the next open's fills.
A bar whose decision closes the position never fills its levels, since the exit at the open comes first.

The kernel works in slices (`run_slice`) so that its driver can answer between them. A play is data to it: a new one
compiles nothing. Every amount is an int64: prices up to `MOST_TICKS`, money in the units of `sizing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine import protection, sizing
from engine.compiled import compile_with
from engine.protection import (
    BREAK_EVEN,
    REASON_SIGNAL,
    ROI_COUNT,
    ROI_FIRST,
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

Prices = tuple[int, int, int, int]

# times (1 + the largest ratio a play may say, 10) x 1e9 it stays under 2**63
MOST_TICKS = 800_000_000

# the row of settings
MODE, AMOUNT, LEVERAGE, FEE_RATE, SLIPPAGE, TICK_LOT_UNITS, LEAST_LOTS, LEAST_NOTIONAL = range(8)
SETTINGS = 8

# the row of state: where the run stands, the account, what the next open does, and the open position
NEXT_BAR, BALANCE, EXIT_DUE, ENTRY_SIDE, ENTRY_LOTS, TRADES, DENIED = range(7)
LOTS, ENTRY_BAR, ENTRY_FEE = 7, 8, 9
PROTECTION, ENTRY_TICKS, STOP_TICKS, TARGET_TICKS, BEST_TICKS, BARS_HELD, STOP_MOVED = range(10, 17)
STATE = 17

# the columns of a trade
(
    TRADE_SIDE, TRADE_LOTS, TRADE_ENTRY_BAR, TRADE_EXIT_BAR, TRADE_ENTRY_TICKS, TRADE_EXIT_TICKS, TRADE_FEES, TRADE_PNL,
    TRADE_REASON, TRADE_ENTRY_FEE,
) = range(10)  # fmt: skip
TRADE = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KernelInput:
    """What one run reads. Prices are in ticks, `intents` are `Intent` bits of each bar's close.

    `settings` is the row named by the constants above, `rules` is `ProtectionRules.row()`.
    """

    intents: NDArray[np.int8]
    open: Integers
    high: Integers
    low: Integers
    close: Integers
    rules: Integers
    settings: Integers


class KernelRun:
    """One backtest of one instrument, advanced slice by slice."""

    def __init__(self, data: KernelInput, balance_units: int) -> None:
        import numpy as np

        self._data = data
        self.state: Integers = np.zeros(STATE, np.int64)
        self.state[BALANCE] = balance_units
        self._trades: Integers = np.empty((1024, TRADE), np.int64)

    @property
    def bars_total(self) -> int:
        return len(self._data.intents)

    @property
    def bars_done(self) -> int:
        return int(self.state[NEXT_BAR])

    @property
    def trades(self) -> Integers:
        """The closed trades so far, one row each, columns named by the TRADE constants. Money in units."""
        return self._trades[: int(self.state[TRADES])]

    def run_slice(self, most_bars: int) -> int:
        """Works through up to `most_bars` more bars; returns how many are done."""
        until = min(self.bars_done + most_bars, self.bars_total)
        while self.bars_done < until:
            self._make_room()
            self._step(until)
        return self.bars_done

    def _step(self, until: int) -> None:
        data = self._data
        compiled_walk()(
            data.intents, data.open, data.high, data.low, data.close, data.rules, data.settings, self.state,
            self._trades, until,
        )  # fmt: skip

    def _make_room(self) -> None:
        import numpy as np

        # a bar closes at most two trades: one at its open, one of a position that the same open entered
        if len(self._trades) - int(self.state[TRADES]) < 2:
            self._trades = np.concatenate([self._trades, np.empty_like(self._trades)])


@cache
def compiled_walk() -> Any:
    """`walk` compiled, with the rules of protection, sizing and decision inside it."""
    return compile_with(
        walk,
        (
            decide, sizing.share_of, lots_for, fee_units, protection.price_below, protection.price_above, losing_price,
            protection.has_profit, protection.trailing_stop, protection.wanted_stop, open_state, touched, advance_state,
            due_code, slipped, book_exit, lots_to_enter, read_position, write_position, enter_position, hold_position,
            act_on_intent, uneventful_bars, coast,
        ),
    )  # fmt: skip


# --- integers only from here on: compiled as one ---------------------------------------------------------------------


def slipped(price_ticks: int, direction: int, slippage: int) -> int:
    """The price of a market order that buys (direction 1) or sells (-1), worsened by `slippage` (1e-9), to the tick."""
    if slippage == 0:
        return price_ticks
    return losing_price(-direction, price_ticks, slippage)


def book_exit(state: Any, trades: Any, bar: int, price: int, reason: int, settings: Any) -> None:
    """Closes the open position at `price`: the trade is written and its money is in the balance."""
    side, entry, lots = state[PROTECTION], state[ENTRY_TICKS], state[LOTS]
    unit = settings[TICK_LOT_UNITS]
    fees = state[ENTRY_FEE] + fee_units(price * lots * unit, settings[FEE_RATE])
    gross = side * (price - entry) * lots * unit
    row = trades[state[TRADES]]
    row[TRADE_SIDE], row[TRADE_LOTS], row[TRADE_ENTRY_BAR], row[TRADE_EXIT_BAR] = side, lots, state[ENTRY_BAR], bar
    row[TRADE_ENTRY_TICKS], row[TRADE_EXIT_TICKS], row[TRADE_FEES] = entry, price, fees
    row[TRADE_PNL], row[TRADE_REASON], row[TRADE_ENTRY_FEE] = gross - fees, reason, state[ENTRY_FEE]
    state[TRADES] += 1
    state[BALANCE] += gross - fees + state[ENTRY_FEE]  # the entry's fee was paid at the entry
    state[PROTECTION] = 0
    state[LOTS] = 0


def lots_to_enter(state: Any, rules: Any, settings: Any, side: int, equity: int, close: int) -> int:
    """The lots an entry at this close orders; 0 (and counted as denied) when below the exchange's minimum."""
    stop_distance = abs(close - open_state(rules, side, close)[2]) if rules[0] > 0 else 0
    unit = settings[TICK_LOT_UNITS]
    lots = lots_for(settings[MODE], settings[AMOUNT], equity, close, stop_distance, unit, settings[LEVERAGE])
    if lots < settings[LEAST_LOTS] or lots == 0 or lots * close * unit < settings[LEAST_NOTIONAL]:
        state[DENIED] += 1
        return 0
    return lots


def enter_position(state: Any, rules: Any, settings: Any, bar: int, open_ticks: int) -> None:
    """Fills the entry that is due at this open; its fee leaves the balance and its levels stand from now on."""
    side, lots = state[ENTRY_SIDE], state[ENTRY_LOTS]
    entry = slipped(open_ticks, side, settings[SLIPPAGE])
    fee = fee_units(entry * lots * settings[TICK_LOT_UNITS], settings[FEE_RATE])
    state[LOTS], state[ENTRY_BAR], state[ENTRY_FEE] = lots, bar, fee
    state[BALANCE] -= fee
    state[ENTRY_SIDE] = 0
    write_position(state, open_state(rules, side, entry))


def hold_position(state: Any, trades: Any, rules: Any, settings: Any, bar: int, bar_ticks: Prices) -> None:
    """One bar of an open position: its levels are tested, then moved, then due market exits are named."""
    open_ticks, high, low, close = bar_ticks
    position = read_position(state)
    reason, price = touched(position, open_ticks, high, low)
    if reason != 0:
        book_exit(state, trades, bar, price, reason, settings)
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


def coast(
    intents: Any, highs: Any, lows: Any, rules: Any, state: Any, bar: int, until: int
) -> int:  # fmt: skip
    """The first bar from `bar` on at which something may happen; the uneventful ones before it are accounted for.

    This is only haste: leaving it out changes no result.
    """
    side = state[PROTECTION]
    if side == 0:
        while bar < until and intents[bar] == 0:
            bar += 1
        return bar
    adverse, favourable = (lows, highs) if side > 0 else (highs, lows)
    stop, take_profit, best, bars_held = state[STOP_TICKS], state[TARGET_TICKS], state[BEST_TICKS], state[BARS_HELD]
    lower = side * stop if stop != 0 else -MOST_TICKS
    upper = side * take_profit if take_profit != 0 else MOST_TICKS
    best *= side
    until = min(until, bar + uneventful_bars(rules, bars_held))
    if rules[TRAILING] != 0 or rules[BREAK_EVEN] != 0:
        upper = min(upper, best + 1)  # a new best price may move the stop
    start = bar
    while bar < until and side * adverse[bar] > lower and side * favourable[bar] < upper and intents[bar] == 0:
        best = max(best, side * favourable[bar])
        bar += 1
    state[BEST_TICKS], state[BARS_HELD] = side * best, bars_held + bar - start
    return bar


def uneventful_bars(rules: Any, bars_held: int) -> int:
    """How many more bars no market exit (ROI, time) can be due."""
    first = MOST_TICKS
    if rules[ROI_COUNT] > 0:
        first = rules[ROI_FIRST]
    if rules[TIME_EXIT] > 0:
        first = min(first, rules[TIME_EXIT])
    return max(0, first - bars_held - 1)


def walk(
    intents: Any, opens: Any, highs: Any, lows: Any, closes: Any, rules: Any, settings: Any, state: Any, trades: Any,
    until: int,
) -> None:  # fmt: skip
    """Works from `state[NEXT_BAR]` up to `until`, or until `trades` may not hold another bar's."""
    bar = state[NEXT_BAR]
    room = len(trades) - 1
    while bar < until and state[TRADES] < room:
        if state[EXIT_DUE] != 0:
            price = slipped(opens[bar], -state[PROTECTION], settings[SLIPPAGE])
            book_exit(state, trades, bar, price, state[EXIT_DUE], settings)
            state[EXIT_DUE] = 0
        if state[ENTRY_SIDE] != 0:
            enter_position(state, rules, settings, bar, opens[bar])
        bar = coast(intents, highs, lows, rules, state, bar, until)
        if bar == until:
            break
        if state[PROTECTION] != 0:
            hold_position(state, trades, rules, settings, bar, (opens[bar], highs[bar], lows[bar], closes[bar]))
        if intents[bar] != 0:
            act_on_intent(state, rules, settings, intents[bar], closes[bar])
        bar += 1
    state[NEXT_BAR] = bar
