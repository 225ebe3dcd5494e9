"""Funding: what longs pay shorts (or get) at fixed instants, as a share of their notional.

Without a record of rates there is one rate for 00:00, 08:00 and 16:00 UTC, the instants of most perpetual contracts.
A backtest charges what is due at the next open of its bars, on the position that came into that bar: exact where
instants are opens of bars, as for every timeframe that divides 8 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.candles import utc
from engine.errors import DataError
from engine.market import MINUTE_NS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

EVERY_NS = 8 * 60 * MINUTE_NS
RATE_SCALE = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingRates:
    """A record of rates: instants (UTC, rising) and, in 1e-9 of notional, what a long pays at each."""

    time_ns: Integers
    rate: Integers

    def by_bar(self, open_time_ns: Integers) -> Integers:
        """The sum of the rates due at each bar's open, as said above. Raises DataError when the record has no rates for
        a stretch of these bars."""
        import numpy as np

        self._require_covers(int(open_time_ns[0]), int(open_time_ns[-1]))
        sums = np.concatenate(([0], np.cumsum(self.rate)))[np.searchsorted(self.time_ns, open_time_ns, side="right")]
        return _steps(sums)

    def _require_covers(self, first_ns: int, last_ns: int) -> None:
        known = self.time_ns[(self.time_ns > first_ns - EVERY_NS) & (self.time_ns < last_ns + EVERY_NS)].tolist()
        marks = [max(first_ns - EVERY_NS, 0), *known, last_ns + EVERY_NS]
        if last_ns - first_ns < EVERY_NS:
            return
        for before, after in pairwise(marks):
            if after - before > 2 * EVERY_NS:
                raise DataError(
                    f"no funding rates between {utc(before)} and {utc(after)}: complete the record, choose another "
                    "timerange, or give one rate for all"
                )


def constant_by_bar(rate: Decimal, open_time_ns: Integers) -> Integers:
    """One rate for all instants, as `FundingRates.by_bar`."""
    return _steps(open_time_ns // EVERY_NS) * int(rate * RATE_SCALE)


def _steps(sums: Integers) -> Integers:
    """What was added since the bar before; nothing for the first, into which nobody came."""
    import numpy as np

    steps = np.zeros(len(sums), np.int64)
    steps[1:] = sums[1:] - sums[:-1]
    return steps
