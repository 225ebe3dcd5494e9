"""The agenda: virtual time, and what is still to happen in it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from engine.errors import InvariantViolated

MS = 1_000_000
SECOND = 1_000 * MS
BEGIN_NS = 1_700_000_000_000_000_000
MOST_AT_ONCE = 20_000  # deeds of one moment: more are actors that answer each other without end
Deed = Callable[[], None]


class Agenda:
    """Deeds in order of time; those of the same moment in the order in which they were wished."""

    def __init__(self) -> None:
        self.now_ns = BEGIN_NS
        self.steps = 0
        self._deeds: list[tuple[int, int, Deed]] = []
        self._number = itertools.count()

    def at(self, at_ns: int, deed: Deed) -> None:
        now_ns = self.now_ns
        heapq.heappush(self._deeds, (at_ns if at_ns > now_ns else now_ns, next(self._number), deed))

    def after(self, pause_ns: int, deed: Deed) -> None:
        self.at(self.now_ns + pause_ns, deed)

    def work(self, until_ns: int, then: Callable[[], None] | None) -> None:
        """Everything that happens until then; `then` is called after each deed."""
        deeds, at_once = self._deeds, 0
        while deeds and deeds[0][0] <= until_ns:
            at_ns, _, deed = heapq.heappop(deeds)
            at_once = at_once + 1 if at_ns == self.now_ns else 0
            if at_once > MOST_AT_ONCE:
                raise InvariantViolated(f"{at_once} deeds and time stands still: somebody asks again without a pause")
            self.now_ns = at_ns
            deed()
            self.steps += 1
            if then is not None:
                then()
        self.now_ns = until_ns
