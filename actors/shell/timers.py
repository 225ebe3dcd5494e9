"""A machine's timers: one per label, due ones oldest first.

Thespian delivers wake-ups that expire together in reverse and cannot cancel one, so it is only told when to look again.
"""

from __future__ import annotations

import heapq


class Timers:
    """`WakeAt` wishes. A newer wish with the same label replaces the older."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._newest: dict[str, int] = {}
        self._number = 0

    def wake_at(self, at_ns: int, label: str) -> None:
        self._number += 1
        self._newest[label] = self._number
        heapq.heappush(self._heap, (at_ns, self._number, label))

    def next_due_ns(self) -> int | None:
        """When the earliest is due; None without any."""
        self._drop_replaced()
        return self._heap[0][0] if self._heap else None

    def take_due(self, now_ns: int) -> str | None:
        """The label of the earliest that is due, which is thereby done; None when none is."""
        self._drop_replaced()
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        label = heapq.heappop(self._heap)[2]
        del self._newest[label]
        return label

    def _drop_replaced(self) -> None:
        while self._heap and self._newest.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
