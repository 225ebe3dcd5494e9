"""Instrument: what is traded, its steps of price and quantity, and the exact rounding to them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One linear perpetual contract. `symbol` is written as ccxt does: `BTC/USDT:USDT`.

    `tick_size` is the smallest step of price, `lot_size` of quantity, `minimum_notional` the smallest order in the
    settlement currency. Fees are fractions of notional.
    """

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    minimum_quantity: Decimal
    minimum_notional: Decimal
    taker_fee: Decimal = Decimal("0.0005")
    maker_fee: Decimal = Decimal("0.0002")

    @property
    def settlement(self) -> str:
        """The currency it is settled in: `BTC/USDT:USDT` in USDT."""
        return self.symbol.partition(":")[2]

    def round_price(self, price: Decimal | float) -> Decimal:
        """The nearest tick, halves away from zero. A float enters here and leaves as an exact price."""
        return (_exact(price) / self.tick_size).quantize(Decimal(1), ROUND_HALF_UP) * self.tick_size

    def to_ticks(self, price: Decimal | float) -> int:
        """`price` in whole ticks (rounded to the nearest)."""
        return int((_exact(price) / self.tick_size).quantize(Decimal(1), ROUND_HALF_UP))

    def from_ticks(self, ticks: int) -> Decimal:
        """The exact price of `ticks` whole ticks."""
        return self.tick_size * ticks

    def shortfall(self, quantity: Decimal, price: Decimal) -> tuple[str, str] | None:
        """(the size that was given, the minimum it is below), in words; None when it is large enough."""
        if quantity < self.minimum_quantity:
            return f"quantity {quantity} of {self.symbol}", f"the minimum is {self.minimum_quantity}"
        if quantity * price < self.minimum_notional:
            return f"notional {quantity * price} of {self.symbol}", f"the minimum is {self.minimum_notional}"
        return None


def _exact(number: Decimal | float) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(repr(number))
