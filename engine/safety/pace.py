"""Pace: how fast an instance sends orders, from the times of its intents. A rogue play shows here first."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_NS = 60_000_000_000
USUAL_MINUTES = 60
FEWEST_MINUTES = 10  # fewer say nothing of what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`recent` are the times of the intents of the last minute; `minutes` counts those of each minute of an hour."""

    recent: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()
    minutes: tuple[tuple[int, int], ...] = ()

    def orders_a_minute(self, now_ns: int) -> int:
        return len(_within(self.recent, now_ns))

    def entries_a_minute(self, now_ns: int) -> int:
        return len(_within(self.entries, now_ns))

    def usual_orders_a_minute(self, now_ns: int) -> float:
        """The mean of the minutes of the last hour in which anything was sent, this one left out; 0 with too few."""
        this = now_ns // MINUTE_NS
        counts = [count for minute, count in self.minutes if this - USUAL_MINUTES <= minute < this]
        return sum(counts) / len(counts) if len(counts) >= FEWEST_MINUTES else 0.0


def after_intent(pace: Pace, at_ns: int, is_entry: bool) -> Pace:
    """The pace after one more order was intended."""
    return Pace(
        recent=(*_within(pace.recent, at_ns), at_ns),
        entries=(*_within(pace.entries, at_ns), at_ns) if is_entry else pace.entries,
        minutes=_counted(pace.minutes, at_ns // MINUTE_NS),
    )


def _within(times: tuple[int, ...], now_ns: int) -> tuple[int, ...]:
    return tuple(at for at in times if now_ns - at < MINUTE_NS)


def _counted(minutes: tuple[tuple[int, int], ...], minute: int) -> tuple[tuple[int, int], ...]:
    if minutes and minutes[-1][0] == minute:
        return (*minutes[:-1], (minute, minutes[-1][1] + 1))
    return (*minutes[-USUAL_MINUTES:], (minute, 1))
