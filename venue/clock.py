"""Two times: the wall's, for requests and events, and the market's, for candles."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class VenueClock:
    """Market time is set by the replay; wall time is the machine's, which may not run backwards here."""

    market_now_ms: int = 0
    _last_ns: int = 0

    def now_ns(self) -> int:
        self._last_ns = max(self._last_ns, time.time_ns())
        return self._last_ns

    def now_ms(self) -> int:
        return self.now_ns() // 1_000_000

    def market_ms(self) -> int:
        return self.market_now_ms
