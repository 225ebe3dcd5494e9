"""Host: what the machine under the instance says against trading on. Memory, processor, disk and clock.

Each signal has two thresholds: at YELLOW nothing new is opened until it is over, at RED a person must look. A clock is
judged by two signs: a step of our own wall clock, and its distance from the exchange's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.messages.host import HostRead
from engine.safety.breaker import Alarm, Level

MS = 1_000_000
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """`…_yellow` and `…_red` of each signal. Shares of all memory; tasks per core; megabytes; ms."""

    memory_yellow: float = 0.92
    memory_red: float = 0.98  # the kernel begins to kill
    load_yellow: float = 24.0  # a core with so many waiting answers in seconds
    load_red: float = 96.0
    disk_free_mb_yellow: int = 1_000
    disk_free_mb_red: int = 100  # the journal soon cannot be written
    instance_mb_yellow: int = 3_000  # a tree takes some hundred: it leaks
    instance_mb_red: int = 8_000
    clock_offset_ms_yellow: int = 1_000  # signed requests are refused beyond the exchange's receive window
    clock_offset_ms_red: int = 30_000
    clock_step_ms_yellow: int = 2_000


def alarms(reading: HostRead, limits: HostLimits) -> Iterator[Alarm | None]:
    """What the newest reading raises."""
    used, load = reading.memory_used, reading.load_per_core
    yield _above("memory", used, limits.memory_yellow, limits.memory_red, "{:.0%} of the memory is used")
    text = "{:.1f} tasks per core wait for the processor"
    yield _above("processor", load, limits.load_yellow, limits.load_red, text)
    free, own = reading.disk_free_bytes // MEGABYTE, reading.instance_bytes // MEGABYTE
    yield _below("disk", free, limits.disk_free_mb_yellow, limits.disk_free_mb_red, "{} MB of disk are free")
    text = "the instance's processes take {} MB"
    yield _above("own memory", own, limits.instance_mb_yellow, limits.instance_mb_red, text)


def clock_alarm(offset_ns: int, limits: HostLimits) -> Alarm | None:
    """What the distance between the exchange's clock and ours raises."""
    off = abs(offset_ns) // MS
    text = "our clock is {} ms behind the exchange's" if offset_ns > 0 else "our clock is {} ms ahead of the exchange's"
    return _above("clock", off, limits.clock_offset_ms_yellow, limits.clock_offset_ms_red, text)


def is_clock_step(reading: HostRead, limits: HostLimits) -> bool:
    """Whether the wall clock was set since the last reading."""
    return abs(reading.clock_step_ns) >= limits.clock_step_ms_yellow * MS


def _above(cause: str, value: float, yellow: float, red: float, text: str) -> Alarm | None:
    """`text` says the value; it is written only when there is an alarm, for nobody reads it ten times a second."""
    level = Level.RED if value >= red else Level.YELLOW if value >= yellow else None
    return None if level is None else _alarm(level, cause, text.format(value), red if level is Level.RED else yellow)


def _below(cause: str, value: float, yellow: float, red: float, text: str) -> Alarm | None:
    level = Level.RED if value < red else Level.YELLOW if value < yellow else None
    return None if level is None else _alarm(level, cause, text.format(value), red if level is Level.RED else yellow)


def _alarm(level: Level, cause: str, text: str, limit: float) -> Alarm:
    return Alarm(level=level, cause=cause, text=f"{text}; the limit is {limit:g}")
