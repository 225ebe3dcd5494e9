"""A backtest written a second time, slowly: one object a position, exact fractions, no shared code with the kernel.

It states what the kernel must do in the words of the runbook; `test_full_walk` compares the two on random markets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

UNIT = 10_000  # money units of one tick of one lot


@dataclass(kw_only=True)
class Terms:
    """Everything a run is told, in plain numbers (fractions of 1, ticks, lots, bars)."""

    taker: Fraction = Fraction(0)
    maker: Fraction = Fraction(0)
    slippage: Fraction = Fraction(0)
    slippage_ticks: int = 0
    liquidation: Fraction | None = None
    mode: str = "notional"
    amount: Fraction = Fraction(0)
    leverage: int = 1
    least_lots: int = 0
    stoploss: Fraction | None = None
    take_profit: Fraction | None = None
    trailing: bool = False
    positive: Fraction | None = None
    offset: Fraction = Fraction(0)
    only_offset: bool = False
    break_even: Fraction | None = None
    time_exit: int | None = None
    roi: tuple[tuple[int, Fraction], ...] = ()
    partials: tuple[tuple[Fraction, Fraction], ...] = ()
    kind: str = "open"
    waits: int = 1
    targets_rest: bool = False


@dataclass(kw_only=True)
class Position:
    side: int
    lots: int
    entry: int
    bar: int
    stop: int | None
    target: int | None
    levels: list[tuple[int, int]]
    best: int
    held: int = 0
    moved: bool = False
    high: int = 0
    low: int = 10**12


@dataclass
class SlowLoop:
    terms: Terms
    balance: int
    legs: list[tuple[int, ...]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    funding_paid: int = 0
    denied: int = 0
    position: Position | None = None
    exit_due: str = ""
    order: dict | None = None

    def run(self, intents, bars, course, funding, volatility, wanted):
        per_bar = len(course) // len(bars)
        for number, bar in enumerate(bars):
            self.open_of(number, bar[0], funding[number])
            for place in range(per_bar):
                self.candle(number, course[number * per_bar + place], place == 0)
            self.close_of(number, bar[3], intents[number], volatility[number], wanted[number])
        return self

    # --- prices ---

    def away(self, side, price, ratio):
        """`ratio` against the position, rounded away from the price."""
        exact = price * (1 - side * ratio)
        return floor(exact) if side > 0 else ceil(exact)

    def at_market(self, price, direction):
        t = self.terms
        if t.slippage:
            price = ceil(price * (1 + t.slippage)) if direction > 0 else floor(price * (1 - t.slippage))
        return max(1, price + direction * t.slippage_ticks)

    def fee(self, price, lots, rate):
        return floor(price * lots * UNIT * rate + Fraction(1, 2))

    # --- the course of a bar ---

    def open_of(self, number, price, rate):
        p = self.position
        if p and rate:
            paid = floor(price * p.lots * UNIT * abs(rate) + Fraction(1, 2))
            paid *= 1 if (rate > 0) == (p.side > 0) else -1
            self.balance -= paid
            self.funding_paid += paid
        if self.exit_due:
            self.leave(number, p.lots, self.at_market(price, -p.side), self.exit_due, self.terms.taker)
            self.exit_due = ""
        if self.order and self.terms.kind == "open":
            self.enter(number, self.at_market(price, self.order["side"]), self.terms.taker)

    def candle(self, number, candle, is_first_of_bar):
        opened, high, low, close = candle
        since_open = True
        if not self.position and self.order:
            since_open = self.try_to_fill(number, candle, is_first_of_bar)
        p = self.position
        if not p or since_open is None:
            return
        if since_open:
            favourable = (opened, high if p.side > 0 else low)
            p.high, p.low = max(p.high, high), min(p.low, low)
        else:
            sure = max(p.entry, close) if p.side > 0 else min(p.entry, close)
            favourable = (p.entry, sure)
            p.high, p.low = max(p.high, p.entry, close), min(p.low, p.entry, close)
        self.protect(number, opened if since_open else p.entry, low if p.side > 0 else high, favourable)

    def try_to_fill(self, number, candle, is_first_of_bar):
        """True when filled at the candle's open, False within it, None when not."""
        t, o = self.terms, self.order
        opened, high, low, _ = candle
        side, price = o["side"], o["price"]
        against, along = (low, high) if side > 0 else (high, low)
        if t.kind == "limit":
            if side * opened <= side * price:
                if is_first_of_bar and o["age"] == 0:
                    market = self.at_market(opened, side)
                    return self.enter(number, min(market, price) if side > 0 else max(market, price), t.taker)
                return self.enter(number, price, t.maker)
            if side * against <= side * price:
                return self.enter(number, price, t.maker, since_open=False)
        else:
            if side * opened >= side * price:
                return self.enter(number, self.at_market(opened, side), t.taker)
            if side * along >= side * price:
                return self.enter(number, self.at_market(price, side), t.taker, since_open=False)
        return None

    def enter(self, number, price, rate, *, since_open=True):
        t, side, lots = self.terms, self.order["side"], self.order["lots"]
        fee = self.fee(price, lots, rate)
        self.balance -= fee
        self.position = Position(
            side=side, lots=lots, entry=price, bar=number, best=price,
            stop=None if t.stoploss is None else self.away(side, price, t.stoploss),
            target=None if t.take_profit is None else self.away(-side, price, t.take_profit),
            levels=[(self.away(-side, price, move), floor(lots * part)) for move, part in t.partials],
        )  # fmt: skip
        self.order = None
        return since_open

    def leave(self, number, lots, price, reason, rate):
        p = self.position
        self.balance += p.side * (price - p.entry) * lots * UNIT - self.fee(price, lots, rate)
        self.legs.append((p.side, lots, p.bar, number, p.entry, price))
        self.reasons.append(reason)
        p.lots -= lots
        if not p.lots:
            self.position = None

    def protect(self, number, opened, adverse, favourable):
        p, t = self.position, self.terms
        side = p.side
        self.profit_parts(number, opened, favourable[0])
        is_target_at_open = p.target is not None and side * opened >= side * p.target
        margin = None if t.liquidation is None else self.away(side, p.entry, t.liquidation)
        if p.stop is not None and side * opened <= side * p.stop:
            self.stopped(number, opened, margin)
            return
        if not is_target_at_open:
            is_stopped = p.stop is not None and side * adverse <= side * p.stop
            is_lost = margin is not None and side * adverse <= side * margin
            if is_stopped and (not is_lost or side * p.stop >= side * margin):
                self.stopped(number, p.stop, margin)
                return
            if is_lost:
                self.leave(number, p.lots, margin, "liquidation", t.taker)
                return
        self.profit_parts(number, opened, favourable[1])
        if is_target_at_open or (p.target is not None and side * favourable[1] >= side * p.target):
            price, rate = self.target(p.target, opened)
            self.leave(number, p.lots, price, "take_profit", rate)

    def stopped(self, number, price, margin):
        p = self.position
        if margin is not None and p.side * price < p.side * margin:
            self.leave(number, p.lots, margin, "liquidation", self.terms.taker)
            return
        fill = self.at_market(price, -p.side)
        if margin is not None:
            fill = max(fill, margin) if p.side > 0 else min(fill, margin)
        self.leave(number, p.lots, fill, "trailing_stop_loss" if p.moved else "stop_loss", self.terms.taker)

    def target(self, level, opened):
        p = self.position
        if self.terms.targets_rest:
            return level, self.terms.maker
        return self.at_market(max(level, opened) if p.side > 0 else min(level, opened), -p.side), self.terms.taker

    def profit_parts(self, number, opened, reached):
        p, least = self.position, max(1, self.terms.least_lots)
        while p.levels and p.side * reached >= p.side * p.levels[0][0]:
            level, lots = p.levels.pop(0)
            if lots >= least and p.lots - lots >= least:
                price, rate = self.target(level, opened)
                self.leave(number, lots, price, "partial_exit", rate)

    # --- the close ---

    def close_of(self, number, close, intent, volatility, wanted):
        p = self.position
        if p:
            self.move_stop(p)
            self.exit_due = self.due(p, close)
        elif self.order and self.terms.kind != "open":
            self.order["age"] += 1
            if self.order["age"] >= self.terms.waits:
                self.order = None
        long, out_long, short, out_short = (bool(intent & bit) for bit in (1, 2, 4, 8))
        if self.order and (out_long if self.order["side"] > 0 else out_short):
            self.order = None
        leaves = bool(p) and (out_long if p.side > 0 else out_short)
        if leaves and not self.exit_due:
            self.exit_due = "exit_signal"
        go_long, go_short = long and not out_long, short and not out_short
        if go_long == go_short or (p and not leaves):
            return
        self.want(1 if go_long else -1, close, volatility, wanted)

    def want(self, side, close, volatility, wanted):
        t, p = self.terms, self.position
        price = close if t.kind == "open" else wanted[0 if side > 0 else 1]
        equity = self.balance + (p.side * (close - p.entry) * p.lots * UNIT if p else 0)
        lots = self.lots(side, equity, price, volatility) if price > 0 else 0
        self.order = None
        if lots < max(1, t.least_lots):
            self.denied += 1
        else:
            self.order = {"side": side, "lots": lots, "price": price, "age": 0}

    def lots(self, side, equity, price, volatility):
        t = self.terms
        if equity <= 0:
            return 0
        most = equity * t.leverage // (price * UNIT)
        if t.mode == "notional":
            return min(most, floor(t.amount / (price * UNIT)))
        money = floor(equity * t.amount)
        distance = price
        if t.mode == "risk":
            distance = 0 if t.stoploss is None else abs(price - self.away(side, price, t.stoploss))
        if t.mode == "volatility":
            distance = volatility
        return min(most, money // (distance * UNIT)) if distance else 0

    def move_stop(self, p):
        t = self.terms
        p.best = max(p.best, p.high) if p.side > 0 else min(p.best, p.low)
        p.high, p.low, p.held = 0, 10**12, p.held + 1
        gain = p.side * (p.best - p.entry)
        wanted = []
        if t.trailing and not (t.only_offset and gain < p.entry * t.offset):
            by = t.positive if t.positive is not None and gain > p.entry * t.offset else t.stoploss
            if by is not None:
                wanted.append(self.away(p.side, p.best, by))
        if t.break_even is not None and gain >= p.entry * t.break_even:
            wanted.append(p.entry)
        for stop in wanted:
            if p.stop is None or p.side * stop > p.side * p.stop:
                p.stop, p.moved = stop, True

    def due(self, p, close):
        earned = p.side * (close - p.entry)
        wanted = [profit for bars, profit in self.terms.roi if p.held >= bars]
        if wanted and earned >= p.entry * wanted[-1]:
            return "roi"
        return "time_exit" if self.terms.time_exit and p.held >= self.terms.time_exit else ""
