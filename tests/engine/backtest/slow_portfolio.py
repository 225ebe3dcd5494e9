"""Several instruments on one account, written a second time: slowly, bar by bar, in fractions, with nothing of ours.

It knows stop, target, fees, exit signals, limited places, the notional that leverage leaves, and bars that are missing.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor


@dataclass
class Held:
    side: int
    lots: int
    entry: int
    bar: int
    fee: int
    stop: int
    target: int


class SlowPortfolio:
    """`bars[n][t]` is (open, high, low, close) in ticks, or None; `intents[n][t]` the wishes at its close."""

    def __init__(self, bars, intents, *, balance, unit, amount, mode, leverage, fee, stop, target, places):
        self.bars, self.intents, self.balance, self.unit = bars, intents, balance, unit
        self.amount, self.mode, self.leverage, self.fee = amount, mode, leverage, fee
        self.stop, self.target, self.places = stop, target, places
        count = len(bars)
        self.held = [None] * count
        self.leaving, self.entering = [False] * count, [None] * count
        self.marks = [0] * count
        self.trades, self.crowded, self.denied = [], 0, 0

    def run(self):
        for time in range(max(map(len, self.bars))):
            self.now = [bars[time] if time < len(bars) else None for bars in self.bars]
            self.at_open(time)
            self.in_bar(time)
            self.at_close(time)
        return self

    def at_open(self, time):
        for number, bar in enumerate(self.now):
            if bar and self.leaving[number]:
                self.leaving[number] = False
                self.close(number, time, bar[0], "exit_signal")
        waits = any(self.leaving[number] and self.held[number] for number in range(len(self.now)))
        for number, bar in enumerate(self.now):
            if bar and self.entering[number] and not self.held[number]:
                side, lots = self.entering[number]
                self.entering[number] = None
                if waits and not self.has_room(number, lots):
                    self.crowded += 1
                else:
                    self.open(number, time, side, lots, bar[0])

    def has_room(self, number, lots):
        taken = sum(held.lots * self.marks[other] for other, held in enumerate(self.held) if held)
        entry = lots * self.marks[number]
        opened = sum(held is not None for held in self.held)
        return opened < self.places and (taken + entry) * self.unit <= floor(self.equity() * self.leverage)

    def open(self, number, time, side, lots, price):
        fee = floor(price * lots * self.unit * self.fee + Fraction(1, 2))
        self.balance -= fee
        down = lambda share: floor(price * (1 - share))  # noqa: E731
        up = lambda share: ceil(price * (1 + share))  # noqa: E731
        stop, target = (down(self.stop), up(self.target)) if side > 0 else (up(self.stop), down(self.target))
        self.held[number] = Held(side, lots, price, time, fee, stop, target)

    def close(self, number, time, price, reason):
        held = self.held[number]
        fee = floor(price * held.lots * self.unit * self.fee + Fraction(1, 2))
        gross = held.side * (price - held.entry) * held.lots * self.unit
        self.balance += gross - fee
        self.held[number] = None
        self.trades.append((number, held.side, held.lots, held.bar, time, held.entry, price,
                            gross - fee - held.fee, reason))  # fmt: skip

    def in_bar(self, time):
        for number, bar in enumerate(self.now):
            if bar is None:
                continue
            self.marks[number] = bar[3]
            if self.held[number]:
                self.protect(number, time, bar)
            held, intent = self.held[number], self.intents[number][time]
            if held and intent & (2 if held.side > 0 else 8):
                self.leaving[number] = True

    def protect(self, number, time, bar):
        opened, high, low, _ = bar
        held = self.held[number]
        worst, best = (low, high) if held.side > 0 else (high, low)
        if held.side * opened <= held.side * held.stop:
            self.close(number, time, opened, "stop_loss")
        elif held.side * opened >= held.side * held.target:
            self.close(number, time, opened, "take_profit")
        elif held.side * worst <= held.side * held.stop:
            self.close(number, time, held.stop, "stop_loss")
        elif held.side * best >= held.side * held.target:
            self.close(number, time, held.target, "take_profit")

    def at_close(self, time):
        for number, bar in enumerate(self.now):
            side = self.wanted_side(number, self.intents[number][time]) if bar else 0
            if side == 0:
                continue
            if self.taken_places() >= self.places:
                self.crowded += 1
                continue
            self.entering[number] = None
            lots = self.lots(number)
            if lots > 0:
                self.entering[number] = (side, lots)

    def wanted_side(self, number, intent):
        if self.held[number] and not self.leaving[number]:
            return 0
        held = self.held[number]
        if held and not intent & (2 if held.side > 0 else 8):
            return 0
        long, short = intent & 1 and not intent & 2, intent & 4 and not intent & 8
        return 0 if bool(long) == bool(short) else 1 if long else -1

    def taken_places(self):
        stays = [held is not None and not leaving for held, leaving in zip(self.held, self.leaving, strict=True)]
        return sum(stay or entering is not None for stay, entering in zip(stays, self.entering, strict=True))

    def equity(self):
        return self.balance + sum(
            held.side * (self.marks[number] - held.entry) * held.lots * self.unit
            for number, held in enumerate(self.held) if held
        )  # fmt: skip

    def lots(self, number):
        lot, equity = self.marks[number] * self.unit, self.equity()
        most = floor(equity * self.leverage) // lot
        wanted = self.amount if self.mode == 0 else floor(equity * self.amount)
        lots = min(wanted // lot, most)
        if equity <= 0 or lots <= 0:
            self.denied += 1
            return 0
        taken = 0
        for other, held in enumerate(self.held):
            if held and not self.leaving[other]:
                taken += held.lots * self.marks[other] * self.unit
            if self.entering[other]:
                taken += self.entering[other][1] * self.marks[other] * self.unit
        free = floor(equity * self.leverage) - taken
        lots = min(lots, max(0, free) // lot)
        self.denied += lots == 0
        return lots
