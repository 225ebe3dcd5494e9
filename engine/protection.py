"""Protective exits: stop-loss, take-profit, trailing, break-even, minimal ROI, time exit.

Names and meaning are freqtrade's: each ratio is a profit or loss of the stake, so with leverage 10 a `stoploss` of 10 %
is a price move of 1 %. Fees are not counted in. All arithmetic is on whole ticks and ratios of 1e-9, in functions that
take and give only integers: the live executor calls them as they stand, the backtest kernel compiles these very ones.

In the course of one bar: the levels that stood at its open are tested (`touched`: a gap through a level fills at the
open; the stop counts before the take-profit when both are touched); at its close `advance` moves the levels, which hold
from the next bar on, and `due_exit` names an exit to make at market.
Levels are rounded away from the entry, so no exit triggers earlier than its ratio says.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

RATIO_SCALE = 1_000_000_000
NO_LEVEL = 0


class ExitReason(StrEnum):
    """Why a position was closed. The order of the members is their code in the kernel, from 1."""

    ROI = "roi"
    STOP_LOSS = "stop_loss"
    TRAILING_STOP_LOSS = "trailing_stop_loss"
    TAKE_PROFIT = "take_profit"
    EXIT_SIGNAL = "exit_signal"
    TIME_EXIT = "time_exit"
    FORCE_EXIT = "force_exit"
    EMERGENCY_EXIT = "emergency_exit"
    LIQUIDATION = "liquidation"
    PARTIAL_EXIT = "partial_exit"

    @property
    def code(self) -> int:
        return list(ExitReason).index(self) + 1


REASON_NONE, REASON_ROI, REASON_STOP, REASON_TRAILING, REASON_TAKE_PROFIT, REASON_SIGNAL, REASON_TIME = range(7)
REASON_FORCE, REASON_EMERGENCY, REASON_LIQUIDATION, REASON_PARTIAL = 7, 8, 9, 10

# where each rule sits in the row of integers the functions read
(
    STOPLOSS, TAKE_PROFIT, TRAILING, TRAILING_POSITIVE, TRAILING_OFFSET, ONLY_OFFSET, BREAK_EVEN, TIME_EXIT, ROI_COUNT,
    ROI_FIRST,
) = range(10)  # fmt: skip

Row = tuple[int, ...]
State = tuple[int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionRules:
    """The protective exits of a play. Ratios are of the stake (see above); None means the exit is not wanted.

    `minimal_roi` is (minutes held, profit) in order of time; `break_even` is the profit at which the stop moves to the
    entry price; `time_exit_minutes` closes what is still open after so long.
    """

    stoploss: Decimal | None = None
    take_profit: Decimal | None = None
    minimal_roi: tuple[tuple[int, Decimal], ...] = ()
    trailing_stop: bool = False
    trailing_stop_positive: Decimal | None = None
    trailing_stop_positive_offset: Decimal = Decimal(0)
    trailing_only_offset_is_reached: bool = False
    break_even: Decimal | None = None
    time_exit_minutes: int | None = None
    leverage: Decimal = Decimal(1)
    bar_minutes: int = 1

    def row(self) -> Row:
        """These rules as the integers the functions below read: price moves in 1e-9, times in bars."""
        return (
            self._move(self.stoploss), self._move(self.take_profit), int(self.trailing_stop),
            self._move(self.trailing_stop_positive), self._move(self.trailing_stop_positive_offset),
            int(self.trailing_only_offset_is_reached), self._move(self.break_even), self._bars(self.time_exit_minutes),
            len(self.minimal_roi), *self._roi(),
        )  # fmt: skip

    def _roi(self) -> Row:
        return tuple(
            number for minutes, profit in self.minimal_roi for number in (self._bars(minutes), self._move(profit))
        )

    def _move(self, ratio: Decimal | None) -> int:
        return 0 if ratio is None else int((abs(ratio) / self.leverage * RATIO_SCALE).to_integral_value())

    def _bars(self, minutes: int | None) -> int:
        return 0 if minutes is None else -(-minutes // self.bar_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionState:
    """The levels of one open position, in ticks (0: none), and what they were derived from."""

    side: int
    entry_ticks: int
    stop_ticks: int
    take_profit_ticks: int
    best_ticks: int
    bars_held: int
    stop_moved: bool

    def numbers(self) -> State:
        return (
            self.side, self.entry_ticks, self.stop_ticks, self.take_profit_ticks, self.best_ticks, self.bars_held,
            int(self.stop_moved),
        )  # fmt: skip


def state_of(numbers: State) -> ProtectionState:
    """The readable form of a state the integer functions gave."""
    side, entry, stop, take_profit, best, bars_held, moved = numbers
    return ProtectionState(
        side=side, entry_ticks=entry, stop_ticks=stop, take_profit_ticks=take_profit, best_ticks=best,
        bars_held=bars_held, stop_moved=bool(moved),
    )  # fmt: skip


def open_protection(rules: ProtectionRules, side: int, entry_price_ticks: int) -> ProtectionState:
    """The levels that hold from the entry on. `side` is 1 for long, -1 for short."""
    return state_of(open_state(rules.row(), side, entry_price_ticks))


def advance(
    rules: ProtectionRules, state: ProtectionState, high_ticks: int, low_ticks: int, close_ticks: int
) -> ProtectionState:
    """The levels that hold from the next bar on, after a bar with this range closed."""
    return state_of(advance_state(rules.row(), state.numbers(), high_ticks, low_ticks, close_ticks))


def due_exit(rules: ProtectionRules, state: ProtectionState, close_ticks: int) -> ExitReason | None:
    """Why the position must be closed at market now that a bar closed here; None to keep it. Call after `advance`."""
    return reason_of(due_code(rules.row(), state.numbers(), close_ticks))


def reason_of(code: int) -> ExitReason | None:
    """The exit reason of a kernel code; None for 0."""
    return list(ExitReason)[code - 1] if code else None


# --- integers only from here on: run as they stand by the executor, compiled by the kernel ---------------------------


def price_below(price_ticks: int, ratio: int) -> int:
    """`price` less `ratio` of it, down to the tick."""
    return price_ticks * (RATIO_SCALE - ratio) // RATIO_SCALE


def price_above(price_ticks: int, ratio: int) -> int:
    """`price` plus `ratio` of it, up to the tick."""
    return -(-price_ticks * (RATIO_SCALE + ratio) // RATIO_SCALE)


def losing_price(side: int, price_ticks: int, ratio: int) -> int:
    """The price `ratio` away from `price` on the side where a position of `side` loses."""
    if side > 0:
        return price_below(price_ticks, ratio)
    return price_above(price_ticks, ratio)


def open_state(rules: Row, side: int, entry_ticks: int) -> State:
    """The state at the entry."""
    stop = NO_LEVEL
    take_profit = NO_LEVEL
    if rules[STOPLOSS] > 0:
        stop = losing_price(side, entry_ticks, rules[STOPLOSS])
    if rules[TAKE_PROFIT] > 0:
        take_profit = losing_price(-side, entry_ticks, rules[TAKE_PROFIT])
    return (side, entry_ticks, stop, take_profit, entry_ticks, 0, 0)


def touched(state: State, open_ticks: int, high_ticks: int, low_ticks: int) -> tuple[int, int]:
    """(reason code, fill price) of the level this bar touched first by our rule; (0, 0) when none."""
    side, _, stop, take_profit, _, _, moved = state
    stop_reason = REASON_TRAILING if moved else REASON_STOP
    adverse = low_ticks if side > 0 else high_ticks
    favourable = high_ticks if side > 0 else low_ticks
    if stop != NO_LEVEL and side * open_ticks <= side * stop:
        return stop_reason, open_ticks
    if take_profit != NO_LEVEL and side * open_ticks >= side * take_profit:
        return REASON_TAKE_PROFIT, open_ticks
    if stop != NO_LEVEL and side * adverse <= side * stop:
        return stop_reason, stop
    if take_profit != NO_LEVEL and side * favourable >= side * take_profit:
        return REASON_TAKE_PROFIT, take_profit
    return REASON_NONE, 0


def advance_state(rules: Row, state: State, high_ticks: int, low_ticks: int, close_ticks: int) -> State:
    """The state after one more bar: best price, then the stop, which only ever moves towards profit."""
    side, entry, stop, take_profit, best, bars_held, moved = state
    best = max(best, high_ticks) if side > 0 else min(best, low_ticks)
    wanted = wanted_stop(rules, side, entry, best)
    if wanted != NO_LEVEL and (stop == NO_LEVEL or side * wanted > side * stop):
        stop = wanted
        moved = 1
    return (side, entry, stop, take_profit, best, bars_held + 1, moved)


def wanted_stop(rules: Row, side: int, entry_ticks: int, best_ticks: int) -> int:
    """Where trailing and break-even want the stop, given the best price so far; 0 when they want none."""
    trailing = trailing_stop(rules, side, entry_ticks, best_ticks)
    if rules[BREAK_EVEN] == 0 or not has_profit(side, entry_ticks, best_ticks, rules[BREAK_EVEN]):
        return trailing
    if trailing == NO_LEVEL or side * entry_ticks > side * trailing:
        return entry_ticks
    return trailing


def trailing_stop(rules: Row, side: int, entry_ticks: int, best_ticks: int) -> int:
    """The trailing stop below (above, for shorts) the best price; 0 when not trailing (yet)."""
    if rules[TRAILING] == 0:
        return NO_LEVEL
    beyond_offset = side * (best_ticks - entry_ticks) * RATIO_SCALE - entry_ticks * rules[TRAILING_OFFSET]
    if rules[ONLY_OFFSET] == 1 and beyond_offset < 0:
        return NO_LEVEL
    if rules[TRAILING_POSITIVE] > 0 and beyond_offset > 0:
        return losing_price(side, best_ticks, rules[TRAILING_POSITIVE])
    if rules[STOPLOSS] > 0:
        return losing_price(side, best_ticks, rules[STOPLOSS])
    return NO_LEVEL


def has_profit(side: int, entry_ticks: int, price_ticks: int, ratio: int) -> bool:
    """Whether `price` is at least `ratio` of the entry in the position's favour."""
    return side * (price_ticks - entry_ticks) * RATIO_SCALE >= entry_ticks * ratio


def due_code(rules: Row, state: State, close_ticks: int) -> int:
    """The code of the market exit that is due at this close, 0 for none: ROI first, then time."""
    bars_held = state[5]
    row = -1
    for number in range(rules[ROI_COUNT]):
        if bars_held >= rules[ROI_FIRST + 2 * number]:
            row = number
    if row >= 0 and has_profit(state[0], state[1], close_ticks, rules[ROI_FIRST + 2 * row + 1]):
        return REASON_ROI
    if rules[TIME_EXIT] > 0 and bars_held >= rules[TIME_EXIT]:
        return REASON_TIME
    return REASON_NONE
