"""Candles: minutes from a Parquet file, checked before the first is served, and longer bars folded from them."""

import math
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from venue.core.instrument import Instrument

MINUTE_MS = 60_000
COLUMNS = ("open_time_ms", "open", "high", "low", "close", "volume")
INTERVALS = {
    name: minutes * MINUTE_MS
    for name, minutes in {
        "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
        "12h": 720, "1d": 1440, "3d": 4320, "1w": 10080,
    }.items()
}  # fmt: skip
MOST_BARS = 100_000  # of each length: two months of minutes; older ones are forgotten
SLACK = 1_000  # forgetting moves all that is kept, so it is done for many at once
MONDAY_MS = 4 * 24 * 60 * MINUTE_MS  # weeks begin on Mondays; the epoch was a Thursday


class CandleError(Exception):
    """A candle file that can't be replayed: which row, what is wrong, what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    open_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    is_halted: bool = False  # no trading in this minute: orders are refused, the price stands still

    def then(self, later: "Candle") -> "Candle":
        """This bar and a later one as one."""
        return Candle(
            open_time_ms=self.open_time_ms,
            open=self.open,
            high=max(self.high, later.high),
            low=min(self.low, later.low),
            close=later.close,
            volume=self.volume + later.volume,
        )


class Source(Protocol):
    """Where minutes come from: `length` is None when they never end."""

    @property
    def first_ms(self) -> int: ...

    @property
    def length(self) -> int | None: ...

    def candle(self, index: int) -> Candle: ...


class CandleFile:
    """A Parquet file as a source. Prices are rounded to the instrument's tick, volumes are kept as they are."""

    def __init__(self, path: Path, instrument: Instrument) -> None:
        self._instrument = instrument
        self._columns = read_columns(path)
        check_rows(path, self._columns)
        self.first_ms = int(self._columns["open_time_ms"][0])
        self.length: int | None = len(self._columns["open_time_ms"])

    def candle(self, index: int) -> Candle:
        price = self._instrument.round_price
        column = self._columns
        return Candle(
            open_time_ms=self.first_ms + index * MINUTE_MS,
            open=price(Decimal(repr(column["open"][index]))),
            high=price(Decimal(repr(column["high"][index]))),
            low=price(Decimal(repr(column["low"][index]))),
            close=price(Decimal(repr(column["close"][index]))),
            volume=Decimal(repr(column["volume"][index])),
        )


def read_columns(path: Path) -> dict[str, list[float]]:
    try:
        table = pq.read_table(path, columns=list(COLUMNS))
    except FileNotFoundError:
        raise CandleError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).splitlines()[0]
        raise CandleError(f"{path}: not a Parquet file with columns {', '.join(COLUMNS)}: {first_line}") from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise CandleError(f"{path}: columns missing: {', '.join(missing)} (needed: {', '.join(COLUMNS)})")
    return {name: table.column(name).to_pylist() for name in COLUMNS}


def check_rows(path: Path, columns: dict[str, list[float]]) -> None:
    """Raises CandleError at the first row that is no whole, contiguous, believable minute."""
    if not columns["open_time_ms"]:
        raise CandleError(f"{path}: no rows")
    rows = zip(*(columns[name] for name in COLUMNS), strict=True)
    expected: int | None = None
    for number, row in enumerate(rows):
        fault = fault_of(row, expected)
        if fault:
            raise CandleError(f"{path}: row {number}: {fault}")
        expected = int(row[0]) + MINUTE_MS


def fault_of(row: tuple[float, ...], expected_ms: int | None) -> str:
    if any(value is None or not math.isfinite(value) for value in row):
        return f"not a number in {row}"
    time_ms, opened, high, low, close, volume = row
    if time_ms % MINUTE_MS:
        return f"open_time_ms {time_ms:.0f} is not a whole minute"
    if expected_ms is not None and time_ms != expected_ms:
        return f"open_time_ms {time_ms:.0f} where {expected_ms} must follow: minutes must be sorted and contiguous"
    if low <= 0 or volume < 0:
        return f"price {low} or volume {volume} is not positive"
    if not low <= min(opened, close) <= max(opened, close) <= high:
        return f"open {opened} and close {close} must lie between low {low} and high {high}"
    return ""


def bucket_start(time_ms: int, interval: str) -> int:
    """When the bar of `interval` that holds this moment opened."""
    width = INTERVALS[interval]
    shift = MONDAY_MS if interval == "1w" else 0
    return (time_ms - shift) // width * width + shift


def append(bars: list[Candle], bar: Candle) -> None:
    """The newest at the end; the oldest go when there are too many."""
    bars.append(bar)
    if len(bars) > MOST_BARS + SLACK:
        del bars[:SLACK]


@dataclass(slots=True)
class Series:
    """Bars of one length: closed ones, and the one being made of closed minutes."""

    interval: str
    closed: list[Candle] = field(default_factory=list)
    partial: Candle | None = None

    def add(self, minute: Candle) -> Candle | None:
        """Takes a closed minute; the bar it completes, if it completes one that was seen from its start."""
        start = bucket_start(minute.open_time_ms, self.interval)
        if self.partial is None:
            if start != minute.open_time_ms:
                return None  # history began inside this bar: it would be a part of the truth
            self.partial = minute
        else:
            self.partial = self.partial.then(minute)
        if minute.open_time_ms + MINUTE_MS < start + INTERVALS[self.interval]:
            return None
        done, self.partial = replace(self.partial, open_time_ms=start), None
        append(self.closed, done)
        return done

    def forming(self, minute: Candle | None) -> Candle | None:
        """The bar not yet closed, the forming minute included."""
        if minute is None:
            return self.partial
        if self.partial:
            return self.partial.then(minute)
        return minute if bucket_start(minute.open_time_ms, self.interval) == minute.open_time_ms else None


@dataclass(slots=True)
class History:
    """All bars of one instrument up to now, in every length."""

    minutes: list[Candle] = field(default_factory=list)
    forming: Candle | None = None
    _series: dict[str, Series] = field(default_factory=lambda: {name: Series(name) for name in INTERVALS})

    def series(self, interval: str) -> Series:
        return self._series[interval]

    def close_minute(self, minute: Candle) -> dict[str, Candle]:
        """Files a closed minute; the bars that closed with it, by interval."""
        append(self.minutes, minute)
        self.forming = None
        return {name: bar for name, series in self._series.items() if (bar := series.add(minute))}

    def bars(self, interval: str, start_ms: int | None, end_ms: int | None, limit: int) -> list[tuple[Candle, bool]]:
        """(bar, is it closed) as an exchange pages them: from `start_ms` forwards, else the newest."""
        series = self.series(interval)
        closed, forming = series.closed, series.forming(self.forming)
        low = 0 if start_ms is None else bisect_left(closed, start_ms, key=lambda c: c.open_time_ms)
        high = len(closed) if end_ms is None else bisect_left(closed, end_ms + 1, key=lambda c: c.open_time_ms)
        first = max(low, high - limit) if start_ms is None else low
        found = [(bar, True) for bar in closed[first : min(high, first + limit + 1)]]
        if forming and high == len(closed) and (end_ms is None or forming.open_time_ms <= end_ms):
            found += [(forming, False)] if start_ms is None or forming.open_time_ms >= start_ms else []
        return found[-limit:] if start_ms is None else found[:limit]
