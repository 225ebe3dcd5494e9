"""The market's course: minutes from a source become a path of prices, step by step, for all instruments together."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from venue.candles import MINUTE_MS, Candle, History, Source
from venue.clock import VenueClock
from venue.core.book import Book
from venue.core.floor import Floor
from venue.core.funding import is_due, settle_funding
from venue.core.movement import move
from venue.core.orders import Trade

DAY_MINUTES = 1440


class Tape(Protocol):
    """Who wants to know what the market prints."""

    def stepped(self, lane: "Lane", traded: Decimal) -> None: ...

    def closed(self, lane: "Lane", minute: Candle, bars: dict[str, Candle]) -> None: ...

    def stirred(self, lane: "Lane", trades: list[Trade]) -> None:
        """Customers' orders changed the book, and traded this."""
        ...


@dataclass(frozen=True, slots=True)
class Tapes:
    """Several who want to know, in this order."""

    tapes: tuple[Tape, ...]

    def stepped(self, lane: "Lane", traded: Decimal) -> None:
        for tape in self.tapes:
            tape.stepped(lane, traded)

    def closed(self, lane: "Lane", minute: Candle, bars: dict[str, Candle]) -> None:
        for tape in self.tapes:
            tape.closed(lane, minute, bars)

    def stirred(self, lane: "Lane", trades: list[Trade]) -> None:
        for tape in self.tapes:
            tape.stirred(lane, trades)


@dataclass(slots=True, kw_only=True)
class Lane:
    """One instrument's way through time."""

    source: Source
    book: Book
    offset: int  # rows of the source before the common origin
    history: History = field(default_factory=History)
    candle: Candle | None = None  # the minute being played
    is_halted: bool = False  # by its source, for some minutes
    played_volume: Decimal = Decimal(0)

    @property
    def symbol(self) -> str:
        return self.book.instrument.symbol


def path(candle: Candle, steps: int) -> list[Decimal]:
    """The prices within a minute: open, the extreme against its direction, the other extreme, close."""
    rises = candle.close >= candle.open
    turns = (candle.low, candle.high) if rises else (candle.high, candle.low)
    corners = (candle.open, *turns, candle.close)
    return [between(corners, Decimal(3 * k) / (steps - 1)) for k in range(steps)]


def between(corners: tuple[Decimal, ...], place: Decimal) -> Decimal:
    """The price `place` legs along the way through the corners."""
    leg = min(int(place), len(corners) - 2)
    share = place - leg
    return corners[leg] + (corners[leg + 1] - corners[leg]) * share


@dataclass(slots=True, kw_only=True)
class Market:
    """All lanes and where they are: the next step to be played is `number` of `steps` in minute `index`."""

    floor: Floor
    clock: VenueClock
    tape: Tape
    lanes: dict[str, Lane]
    first_ms: int  # the open of minute 0
    length: int | None  # minutes there are; None: no end
    loops: bool = False
    funding_rate: Decimal = Decimal(0)
    index: int = 0
    number: int = 0
    steps: int = 4

    def minute(self, lane: Lane, index: int) -> Candle:
        """Minute `index` at its own time, also when the source is played again and again."""
        place = index % self.length if self.length else index
        found = lane.source.candle(lane.offset + place)
        return Candle(
            open_time_ms=self.first_ms + index * MINUTE_MS,
            open=found.open,
            high=found.high,
            low=found.low,
            close=found.close,
            volume=found.volume,
            is_halted=found.is_halted,
        )

    @property
    def is_over(self) -> bool:
        return self.length is not None and not self.loops and self.index >= self.length

    @property
    def candles_left(self) -> int | None:
        return None if self.length is None or self.loops else self.length - self.index

    def load_history(self, minutes: int) -> None:
        """The first minutes are the past: served, never traded."""
        for lane in self.lanes.values():
            for index in range(minutes):
                lane.history.close_minute(self.minute(lane, index))
            if minutes:
                lane.book.arrive(lane.history.minutes[-1].close)
        self.index = minutes
        self.clock.market_now_ms = self.first_ms + minutes * MINUTE_MS

    def resume_minute(self, number: int, steps: int) -> None:
        """A minute that was partly played before a restart: known, but not traded again."""
        self.number, self.steps = number, steps
        for lane in self.lanes.values():
            lane.is_halted = self.minute(lane, self.index if number else self.index - 1).is_halted
        for lane in self.lanes.values() if number else ():
            lane.candle = self.minute(lane, self.index)
            for played in range(number):
                price = lane.book.instrument.round_price(path(lane.candle, steps)[played])
                lane.played_volume = lane.candle.volume * (played + 1) / steps
                lane.history.forming = seen_so_far(lane.history.forming, lane.candle, price, lane.played_volume)

    def step(self, number: int, steps: int, is_quiet: bool = False) -> None:
        """Plays one step of the present minute for every instrument."""
        self.clock.market_now_ms = self.first_ms + self.index * MINUTE_MS + MINUTE_MS * number // steps
        for lane in self.lanes.values():
            if number == 0:
                lane.candle, lane.played_volume = self.minute(lane, self.index), Decimal(0)
                halt_or_go_on(lane, lane.candle)
            self._step_lane(lane, number, steps, is_quiet)

    def _step_lane(self, lane: Lane, number: int, steps: int, is_quiet: bool) -> None:
        assert lane.candle is not None, "a minute is stepped through from its first step"
        price = lane.book.instrument.round_price(path(lane.candle, steps)[number])
        move(self.floor, lane.symbol, price, is_gap=number == 0)
        volume = lane.candle.volume * (number + 1) / steps
        traded, lane.played_volume = volume - lane.played_volume, volume
        lane.history.forming = seen_so_far(lane.history.forming, lane.candle, price, volume)
        if not is_quiet:
            self.tape.stepped(lane, traded)

    def end_minute(self) -> None:
        """The minute is over: it is closed for everyone at once, then told."""
        self.index, self.number = self.index + 1, 0
        self.clock.market_now_ms = self.first_ms + self.index * MINUTE_MS
        for lane in self.lanes.values():
            assert lane.candle is not None, "a minute ends after it was played"
            bars = lane.history.close_minute(lane.candle)
            self.tape.closed(lane, lane.candle, bars)
        if self.funding_rate and is_due(self.clock.market_now_ms):
            settle_funding(self.floor, self.funding_rate)

    def advance(self, steps: int) -> None:
        """Plays the next step; a minute whose steps are all played ends first. `steps` counts from the next minute."""
        if self.number >= self.steps:
            self.end_minute()
        if self.is_over:
            return
        if self.number == 0:
            self.steps = steps
        self.step(self.number, self.steps)
        self.number += 1

    def finish_minute(self) -> None:
        """What is left of the present minute at once; only its close is told."""
        while self.number < self.steps:
            self.step(self.number, self.steps, is_quiet=True)
            self.number += 1
        self.end_minute()


def halt_or_go_on(lane: Lane, minute: Candle) -> None:
    """Trading stops with the first halted minute and begins again with the next other one."""
    if minute.is_halted != lane.is_halted:
        lane.is_halted = minute.is_halted
        lane.book.status = "HALT" if minute.is_halted else "TRADING"


def seen_so_far(before: Candle | None, candle: Candle, price: Decimal, volume: Decimal) -> Candle:
    """The forming minute after the price came to `price`."""
    return Candle(
        open_time_ms=candle.open_time_ms,
        open=candle.open,
        high=max(before.high if before else candle.open, price),
        low=min(before.low if before else candle.open, price),
        close=price,
        volume=volume,
    )


def day_of(lane: Lane) -> Candle:
    """The last 24 hours as one bar, the forming minute included."""
    minutes = lane.history.minutes[-DAY_MINUTES:]
    if lane.history.forming:
        minutes = [*minutes[1:], lane.history.forming]
    assert minutes, "a venue starts with some history"
    return Candle(
        open_time_ms=minutes[0].open_time_ms,
        open=minutes[0].open,
        high=max(m.high for m in minutes),
        low=min(m.low for m in minutes),
        close=lane.book.last,
        volume=sum((m.volume for m in minutes), Decimal(0)),
    )


def steps_per_minute(speed: float) -> int:
    """Four at least (a bar has four prices), about two each wall second when the market is slow, sixty at most."""
    seconds = 60 / speed if speed > 0 else 60
    return max(4, min(60, round(seconds * 2)))
