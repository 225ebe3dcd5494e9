"""Several instruments, one account: the kernel's walk over all of them bar by bar, integers only, compiled as one.

Every instrument has its own intents, prices, rules, settings and state, as in `walk`; balance, trades and free places
are shared. Order of events, per bar: all exits that are due at the open, then all entries; protection of every
position; then the closes decide: first who leaves, then, in the order of the instruments, who enters. An entry needs a
free place (positions that leave at the next open free theirs) and is cut to the notional that the leverage leaves.
A price of 0 says that an instrument has no bar at that time; it waits, marked at its last close; an entry that
counted on the place of an exit that has to wait is given up.

Most bars of most instruments change nothing. Each instrument therefore says when it has to be looked at next (`wakes`);
the bars in between are accounted for at once, as in `walk`, and its mark is fetched when the account needs it.
"""

from __future__ import annotations

from typing import Any

from engine.backtest import walk
from engine.backtest.fill_price import slipped
from engine.backtest.layout import (
    BALANCE,
    CLOSE,
    DENIED,
    ENTRY_LOTS,
    ENTRY_SIDE,
    ENTRY_TICKS,
    EXIT_DUE,
    HIGH,
    LEAST_LOTS,
    LEAST_NOTIONAL,
    LEVERAGE,
    LOTS,
    LOW,
    NEXT_BAR,
    OPEN,
    PROTECTION,
    TICK_LOT_UNITS,
    TRADES,
)
from engine.backtest.walk import act_on_intent, book_exit, coast, enter_position, hold_position
from engine.protection import REASON_SIGNAL
from engine.signal import decide
from engine.sizing import share_of

# the row of the account
ACCOUNT_BAR, ACCOUNT_BALANCE, ACCOUNT_TRADES, MOST_OPEN, CROWDED = range(5)
ACCOUNT = 5
# the account keeps the time, so a state has room to say whose it is
OWNER = NEXT_BAR


def leave_at_open(state: Any, account: Any, trades: Any, owners: Any, settings: Any, bar: int, price: int) -> None:
    """The exit that is due, filled at the open."""
    reason = state[EXIT_DUE]
    state[EXIT_DUE] = 0
    take_account(state, account)
    fill = slipped(price, -state[PROTECTION], settings)
    book_exit(state, trades, bar, fill, reason, settings)
    give_account(state, account, owners)


def enter_at_open(state: Any, account: Any, owners: Any, rules: Any, settings: Any, bar: int, price: int) -> None:
    """The entry that is due, filled at the open."""
    take_account(state, account)
    enter_position(state, rules, settings, bar, price)
    give_account(state, account, owners)


def take_account(state: Any, account: Any) -> None:
    """Lends the shared balance and the place of the next trade to one instrument."""
    state[BALANCE] = account[ACCOUNT_BALANCE]
    state[TRADES] = account[ACCOUNT_TRADES]


def give_account(state: Any, account: Any, owners: Any) -> None:
    """Takes them back; a trade that was written belongs to the instrument of `state[OWNER]`."""
    account[ACCOUNT_BALANCE] = state[BALANCE]
    if state[TRADES] > account[ACCOUNT_TRADES]:
        owners[account[ACCOUNT_TRADES]] = state[OWNER]
    account[ACCOUNT_TRADES] = state[TRADES]
    state[BALANCE] = state[TRADES] = 0


def open_pnl(state: Any, settings: Any, mark: int) -> int:
    """What the open position of one instrument has earned at its mark."""
    pnl: int = state[PROTECTION] * (mark - state[ENTRY_TICKS]) * state[LOTS] * settings[TICK_LOT_UNITS]
    return pnl


def account_equity(states: Any, account: Any, settings: Any, marks: Any) -> int:
    """The shared balance and all open positions at their marks."""
    equity = account[ACCOUNT_BALANCE]
    for number in range(len(marks)):
        if states[number, PROTECTION] != 0:
            equity += open_pnl(states[number], settings[number], marks[number])
    return int(equity)


def account_at(bar: int, prices: Any, states: Any, account: Any, settings: Any, marks: Any) -> tuple[int, int, int]:
    """(places taken, notional taken, equity) at a bar's close, at which all that is held or waited for gets its mark.

    A position that stays beyond the next open takes its place and notional, and so does an entry that waits for it.
    """
    places, taken, equity = 0, 0, account[ACCOUNT_BALANCE]
    for number in range(len(marks)):
        state = states[number]
        if state[PROTECTION] == 0 and state[ENTRY_SIDE] == 0:
            continue
        mark_at(bar, number, prices, marks)
        stays, waits = state[PROTECTION] != 0 and state[EXIT_DUE] == 0, state[ENTRY_SIDE] != 0
        places += int(stays or waits)
        lots = stays * state[LOTS] + waits * state[ENTRY_LOTS]
        taken += lots * marks[number] * settings[number, TICK_LOT_UNITS]
        equity += open_pnl(state, settings[number], marks[number])
    return places, taken, int(equity)


def decide_entry(
    number: int, bar: int, intent: int, prices: Any, states: Any, account: Any, rules: Any, settings: Any, marks: Any
) -> None:  # fmt: skip
    """The entry that an instrument's intent wants at the next open, if there is a place and notional for it."""
    state = states[number]
    if decide(intent, state[PROTECTION])[1] == 0:
        return
    places, taken, equity = account_at(bar, prices, states, account, settings, marks)
    if places >= account[MOST_OPEN]:
        account[CROWDED] += 1
        return
    free = share_of(equity, settings[number, LEVERAGE]) - taken
    # `act_on_intent` adds the open position of this instrument itself
    state[BALANCE] = equity - open_pnl(state, settings[number], marks[number])
    act_on_intent(state, rules[number], settings[number], intent, marks[number])
    fit_entry(state, settings[number], free, marks[number])


def fit_entry(state: Any, settings: Any, free: int, close: int) -> None:
    """Cuts the entry to the free notional; none when that is below the exchange's minimum."""
    lot = close * settings[TICK_LOT_UNITS]
    if state[ENTRY_SIDE] == 0 or state[ENTRY_LOTS] * lot <= free:
        return
    lots = max(0, free) // lot
    state[ENTRY_LOTS] = lots
    if lots < settings[LEAST_LOTS] or lots == 0 or lots * lot < settings[LEAST_NOTIONAL]:
        state[DENIED] += 1
        state[ENTRY_SIDE] = 0


def mark_at(bar: int, number: int, prices: Any, marks: Any) -> None:
    """Marks an instrument at the close of a bar, if it has that bar."""
    if bar >= 0 and prices[number, bar, CLOSE] != 0:
        marks[number] = prices[number, bar, CLOSE]


def mark_all(bar: int, prices: Any, states: Any, marks: Any) -> None:
    """Marks what the account holds or waits for."""
    for number in range(len(states)):
        if states[number, PROTECTION] != 0 or states[number, ENTRY_SIDE] != 0:
            mark_at(bar, number, prices, marks)


def still_fits(number: int, states: Any, account: Any, settings: Any, marks: Any) -> bool:
    """Whether a due entry has its place and notional although an exit that was to free them has to wait."""
    opened = taken = 0
    for other in range(len(marks)):
        if states[other, PROTECTION] != 0:
            opened += 1
            taken += states[other, LOTS] * marks[other] * settings[other, TICK_LOT_UNITS]
    entry = states[number, ENTRY_LOTS] * marks[number] * settings[number, TICK_LOT_UNITS]
    most = share_of(account_equity(states, account, settings, marks), settings[number, LEVERAGE])
    return bool(opened < account[MOST_OPEN] and taken + entry <= most)


def at_open(
    bar: int, awake: Any, prices: Any, rules: Any, settings: Any, states: Any, account: Any, marks: Any, trades: Any,
    owners: Any,
) -> None:  # fmt: skip
    """What the last closes decided: all exits, then all entries. Who has something to do is awake."""
    waits = False
    for number in awake:
        if states[number, EXIT_DUE] == 0:
            continue
        if prices[number, bar, CLOSE] == 0:
            waits = True
        else:
            leave_at_open(states[number], account, trades, owners, settings[number], bar, prices[number, bar, OPEN])
    if waits:
        mark_all(bar - 1, prices, states, marks)
    for number in awake:
        state = states[number]
        if state[ENTRY_SIDE] == 0 or state[PROTECTION] != 0 or prices[number, bar, CLOSE] == 0:
            continue
        if waits and not still_fits(number, states, account, settings, marks):
            state[ENTRY_SIDE] = 0
            account[CROWDED] += 1
        else:
            enter_at_open(state, account, owners, rules[number], settings[number], bar, prices[number, bar, OPEN])


def during_bar(
    bar: int, awake: Any, intents: Any, prices: Any, rules: Any, settings: Any, states: Any, account: Any, marks: Any,
    trades: Any, owners: Any,
) -> bool:  # fmt: skip
    """Protection of the open positions, and whether they leave at the next open. True when one may enter."""
    wants = False
    for number in awake:
        mark_at(bar - 1, number, prices, marks)  # what has no bar keeps the mark of the one before
        if prices[number, bar, CLOSE] == 0:
            continue
        mark_at(bar, number, prices, marks)
        if states[number, PROTECTION] != 0:
            hold(number, bar, intents, prices, rules, settings, states, account, trades, owners)
        wants |= decide(intents[number, bar], states[number, PROTECTION])[1] != 0
    return wants


def hold(number: int, bar: int, intents: Any, prices: Any, rules: Any, settings: Any, states: Any, account: Any,
         trades: Any, owners: Any) -> None:  # fmt: skip
    """One bar of one open position."""
    state, row = states[number], prices[number, bar]
    take_account(state, account)
    hold_position(state, trades, rules[number], settings[number], bar, (row[OPEN], row[HIGH], row[LOW], row[CLOSE]))
    give_account(state, account, owners)
    if state[PROTECTION] != 0 and state[EXIT_DUE] == 0 and decide(intents[number, bar], state[PROTECTION])[0]:
        state[EXIT_DUE] = REASON_SIGNAL


def at_close(bar: int, awake: Any, intents: Any, prices: Any, rules: Any, settings: Any, states: Any, account: Any,
             marks: Any) -> None:  # fmt: skip
    """What the intents want to enter, one instrument after the other."""
    for number in awake:
        if intents[number, bar] != 0 and prices[number, bar, CLOSE] != 0:
            decide_entry(number, bar, intents[number, bar], prices, states, account, rules, settings, marks)


def next_wake(wakes: Any, until: int) -> int:
    """The first bar before `until` at which an instrument has to be looked at; `until` when there is none."""
    bar = until
    for number in range(len(wakes)):
        bar = min(bar, wakes[number])
    return bar


def awake_at(bar: int, wakes: Any, awake: Any) -> int:
    """Notes who has to be looked at now, in the order of the instruments; how many they are."""
    count = 0
    for number in range(len(wakes)):
        awake[count] = number  # and over it the next one, if this one sleeps on: nothing for the processor to guess
        count += int(wakes[number] == bar)
    return count


def walk_portfolio(
    intents: Any, prices: Any, rules: Any, settings: Any, states: Any, account: Any, notes: Any, trades: Any,
    owners: Any, until: int,
) -> None:  # fmt: skip
    """Works from `account[ACCOUNT_BAR]` up to `until`, or until `trades` may not hold another bar's.

    `notes` has three rows for itself: the mark of each instrument, its next bar, and who is awake.
    """
    marks, wakes = notes[0], notes[1]
    room = len(trades) - 2 * len(states)
    bar = next_wake(wakes, until)
    while bar < until and account[ACCOUNT_TRADES] <= room:
        awake = notes[2, : awake_at(bar, wakes, notes[2])]
        at_open(bar, awake, prices, rules, settings, states, account, marks, trades, owners)
        if during_bar(bar, awake, intents, prices, rules, settings, states, account, marks, trades, owners):
            at_close(bar, awake, intents, prices, rules, settings, states, account, marks)
        for number in awake:
            wakes[number] = bar + 1
            state = states[number]
            if state[EXIT_DUE] == 0 and state[ENTRY_SIDE] == 0:
                wakes[number] = coast(
                    intents[number], prices[number], rules[number], settings[number], state, bar + 1, until
                )
        bar = next_wake(wakes, until)
    mark_all(bar - 1, prices, states, marks)
    account[ACCOUNT_BAR] = bar


# what `walk_portfolio` calls, in order of use
PARTS = (
    *walk.PARTS, take_account, give_account, leave_at_open, enter_at_open, open_pnl, account_equity, mark_at,
    account_at, fit_entry, decide_entry, mark_all, still_fits, at_open, hold, during_bar, at_close, next_wake, awake_at,
)  # fmt: skip
