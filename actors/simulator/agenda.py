"""The agenda: virtual time, and what is still to happen in it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

MS = 1_000_000
SECOND = 1_000 * MS
BEGIN_NS = 1_700_000_000_000_000_000
Deed = Callable[[], None]


class Agenda:
    """Deeds in order of time; those of the same moment in the order in which they were wished."""

    def __init__(self) -> None:
        self.now_ns = BEGIN_NS
        self.steps = 0
        self._deeds: list[tuple[int, int, Deed]] = []
        self._number = itertools.count()

    def at(self, at_ns: int, deed: Deed) -> None:
        heapq.heappush(self._deeds, (max(at_ns, self.now_ns), next(self._number), deed))

    def after(self, pause_ns: int, deed: Deed) -> None:
        self.at(self.now_ns + pause_ns, deed)

    def work(self, until_ns: int, then: Callable[[], None] | None) -> None:
        """Everything that happens until then; `then` is called after each deed."""
        while self._deeds and self._deeds[0][0] <= until_ns:
            self.now_ns, _, deed = heapq.heappop(self._deeds)
            deed()
            self.steps += 1
            if then is not None:
                then()
        self.now_ns = until_ns
