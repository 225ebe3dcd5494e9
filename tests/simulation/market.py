"""A market made up from a seed: its minutes take two virtual seconds."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from engine.instrument import Instrument
from engine.market import MINUTE_NS, Bar

FIRST_BAR_NS = 1_640_995_200_000_000_000
STEPS_A_BAR = 4
BARS_BEFORE = 30
RULES = {
    "BTC/USDT:USDT": Instrument(
        symbol="BTC/USDT:USDT",
        tick_size=Decimal("0.10"),
        lot_size=Decimal("0.001"),
        minimum_quantity=Decimal("0.001"),
        minimum_notional=Decimal(100),
    ),
    "ETH/USDT:USDT": Instrument(
        symbol="ETH/USDT:USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.01"),
        minimum_quantity=Decimal("0.01"),
        minimum_notional=Decimal(20),
    ),
}
FIRST_PRICE = {"BTC/USDT:USDT": 40_000.0, "ETH/USDT:USDT": 2_500.0}


class Market:
    """One instrument's price path and the bars it makes."""

    def __init__(self, seed: int, symbol: str) -> None:
        self.instrument = RULES[symbol]
        self.bars: list[Bar] = []
        self._random = Random(f"{seed}:{symbol}")
        self._path = [FIRST_PRICE[symbol]]
        for _ in range(BARS_BEFORE * STEPS_A_BAR):
            self.step()

    @property
    def price(self) -> Decimal:
        return self.instrument.round_price(self._path[-1])

    def step(self) -> Bar | None:
        """Half a second later; the bar that closed with it, if one did."""
        jump = 0.02 if self._random.random() < 0.01 else 0.0015
        self._path.append(round(self._path[-1] * (1 + self._random.gauss(0, jump)), 2))
        return self._close_bar() if len(self._path) % STEPS_A_BAR == 1 else None

    def _close_bar(self) -> Bar:
        path = self._path[-STEPS_A_BAR - 1 :]
        bar = Bar(
            open_time_ns=FIRST_BAR_NS + len(self.bars) * MINUTE_NS,
            open=path[0],
            high=max(path),
            low=min(path),
            close=path[-1],
            volume=1.0,
        )
        self.bars.append(bar)
        return bar
