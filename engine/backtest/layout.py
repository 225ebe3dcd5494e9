"""The layout of what the compiled walks read and write: the columns of prices, settings, state and trades."""

from __future__ import annotations

# within 32 bits; and times (1 + the largest ratio a play may say, 10) x 1e9 within 64
MOST_TICKS = 800_000_000
# beyond it a price may be a half tick: 64-bit floats are right to 1e-6 of a tick up to MOST_TICKS
NEAR_HALF = 0.499

# the columns of prices
OPEN, HIGH, LOW, CLOSE = range(4)

# the row of settings; the last line is read by `full_walk` alone
(
    MODE, AMOUNT, LEVERAGE, FEE_RATE, SLIPPAGE, SLIPPAGE_TICKS, TICK_LOT_UNITS, LEAST_LOTS, LEAST_NOTIONAL, LIQUIDATION,
    MAKER_RATE, ENTRY_KIND, ENTRY_BARS, TARGETS_REST,
) = range(14)  # fmt: skip
SETTINGS = 14

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


# --- of `full_walk` alone ------------------------------------------------------------------------------------------

# the row of state, after that above
LOTS_AT_ENTRY, PARTIALS_DONE, FUNDING, FUNDING_BAR, ORDER_TICKS, ORDER_AGE = range(STATE, STATE + 6)
FULL_STATE = STATE + 6
# the columns of a trade, after those above
TRADE_FUNDING = TRADE
FULL_TRADE = TRADE + 1

# how an entry is made (the setting ENTRY_KIND)
ENTRY_AT_OPEN, ENTRY_LIMIT, ENTRY_STOP = range(3)
