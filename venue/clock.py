"""Two times: the wall's, for requests and events, and the market's, for candles."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class VenueClock:
    """Market time is set by the replay; wall time is the machine's plus a skew; it runs back only when told."""

    market_now_ms: int = 0
    skew_ms: int = 0
    _last_ns: int = 0

    def now_ns(self) -> int:
        self._last_ns = max(self._last_ns, time.time_ns() + self.skew_ms * 1_000_000)
        return self._last_ns

    def set_skew(self, skew_ms: int) -> None:
        """From now on this exchange's clock is so much ahead of the machine's (behind, when negative)."""
        self.skew_ms, self._last_ns = skew_ms, 0

    def now_ms(self) -> int:
        return self.now_ns() // 1_000_000

    def market_ms(self) -> int:
        return self.market_now_ms
