"""The wall clock of one process. It never goes backwards: a step of the system clock must not revive old leases."""

from __future__ import annotations

import time

FORWARD_STEP_NS = 1_000_000_000


class SteadyWallClock:
    """Wall time anchored at the start and advanced by the monotonic clock.

    A forward step of more than a second (a resumed laptop) is taken over, so that old data looks old; a backward step
    is not: time goes on from where it was.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        steady = time.monotonic_ns() + self._offset_ns
        ahead_ns = time.time_ns() - steady
        if ahead_ns > FORWARD_STEP_NS:
            self._offset_ns += ahead_ns
            return steady + ahead_ns
        return steady
