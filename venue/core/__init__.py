"""The exchange itself: instruments, orders, accounts, matching, triggers. Pure: no clock, no network, no dialect."""
