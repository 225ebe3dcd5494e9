"""Counting within periods of the wall clock."""

from dataclasses import dataclass


@dataclass(slots=True)
class Window:
    """A counter that starts again with each new period of the wall clock."""

    period_ms: int
    started_ms: int = 0
    used: int = 0

    def count(self, now_ms: int) -> int:
        start = now_ms // self.period_ms * self.period_ms
        if start != self.started_ms:
            self.started_ms, self.used = start, 0
        return self.used

    def add(self, now_ms: int, amount: int) -> int:
        self.count(now_ms)
        self.used += amount
        return self.used

    def seconds_left(self, now_ms: int) -> int:
        return max(1, (self.started_ms + self.period_ms - now_ms) // 1000)
