"""Seeded candles without end: the same seed, symbol and kind give the same prices, always."""

import random
from collections import deque
from collections.abc import Callable
from decimal import Decimal

from venue.candles import MINUTE_MS, Candle
from venue.core.instrument import Instrument

FIRST_MS = 1_704_067_200_000  # 2024-01-01T00:00Z
REMEMBERED = 10
NOISE = 0.0008  # a minute's usual move, as a share of the price
FLOOR, CEILING = 0.2, 5.0  # the price is held within these multiples of the first one


class Generator:
    """Minutes made one after the other; only the newest are remembered, for nobody goes back further."""

    def __init__(self, kind: str, seed: int, instrument: Instrument, first_ms: int = FIRST_MS) -> None:
        self.first_ms = first_ms
        self.length: int | None = None
        self._instrument = instrument
        self._random = random.Random(f"{seed}:{instrument.symbol}:{kind}")
        self._drift = KINDS[kind]
        self._first = self._price = float(instrument.first_price)
        self._made = 0
        self._newest: deque[Candle] = deque(maxlen=REMEMBERED)

    def candle(self, index: int) -> Candle:
        while self._made <= index:
            self._newest.append(self._next(self._made))
            self._made += 1
        place = index - self._made
        assert -len(self._newest) <= place, f"minute {index} of {self._made} is not remembered any more"
        return self._newest[place]

    def _next(self, index: int) -> Candle:
        gap, drift, noise = self._drift(index, self._random)
        if noise == 0:
            return self._candle(index, (self._price,) * 4, 0.0, is_halted=True)
        opened = self._bounded(self._price * (1 + gap))
        close = self._bounded(opened * (1 + drift + self._random.gauss(0, noise)))
        reach = abs(self._random.gauss(0, noise)), abs(self._random.gauss(0, noise))
        high, low = max(opened, close) * (1 + reach[0]), min(opened, close) * (1 - reach[1])
        self._price = close
        volume = self._random.lognormvariate(3, 0.7) * (1 + abs(close / opened - 1) / NOISE)
        return self._candle(index, (opened, high, low, close), volume)

    def _bounded(self, price: float) -> float:
        return min(max(price, self._first * FLOOR), self._first * CEILING)

    def _candle(self, index: int, prices: tuple[float, ...], volume: float, is_halted: bool = False) -> Candle:
        opened, high, low, close = (self._instrument.round_price(Decimal(repr(p))) for p in prices)
        return Candle(
            open_time_ms=self.first_ms + index * MINUTE_MS,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=Decimal(f"{volume:.3f}"),
            is_halted=is_halted,
        )


# Each kind says for a minute: (gap before it opens, drift within it, noise); without noise trading is halted
Shape = Callable[[int, random.Random], tuple[float, float, float]]


def walk(index: int, draw: random.Random) -> tuple[float, float, float]:
    return 0.0, 0.0, NOISE


def trend(index: int, draw: random.Random) -> tuple[float, float, float]:
    """Four hours up, two hours down."""
    return 0.0, (0.0003 if index % 360 < 240 else -0.0004), NOISE


def pump(index: int, draw: random.Random) -> tuple[float, float, float]:
    """Twice a day: up by a fifth in half an hour, and down again in an hour."""
    phase = index % 720
    if 600 <= phase < 630:
        return 0.0, 0.006, NOISE * 3
    return (0.0, -0.003, NOISE * 3) if 630 <= phase < 690 else (0.0, 0.0, NOISE)


def crash(index: int, draw: random.Random) -> tuple[float, float, float]:
    """Twice a day: a tenth lost within five minutes, most of it back within ten."""
    phase = index % 720
    if 300 <= phase < 305:
        return 0.0, -0.021, NOISE * 4
    return (0.0, 0.0085, NOISE * 4) if 305 <= phase < 315 else (0.0, 0.0, NOISE)


def flat(index: int, draw: random.Random) -> tuple[float, float, float]:
    return 0.0, 0.0, NOISE / 50


def gap(index: int, draw: random.Random) -> tuple[float, float, float]:
    """About once in two hours the price opens somewhere else."""
    jump = draw.choice((-1, 1)) * draw.uniform(0.005, 0.02) if draw.random() < 1 / 120 else 0.0
    return jump, 0.0, NOISE


def halt(index: int, draw: random.Random) -> tuple[float, float, float]:
    """Every four hours trading is halted for twenty minutes, and opens up to three percent away."""
    phase = index % 240
    if 200 <= phase < 220:
        return 0.0, 0.0, 0.0
    return (draw.uniform(-0.03, 0.03) if phase == 220 else 0.0), 0.0, NOISE


KINDS: dict[str, Shape] = {
    "walk": walk, "trend": trend, "pump": pump, "crash": crash, "flat": flat, "gap": gap, "halt": halt,
}  # fmt: skip
