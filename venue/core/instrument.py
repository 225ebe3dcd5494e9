"""What can be traded: tick, step, smallest order, fees, leverage brackets."""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Up to `notional_cap` of position, `max_leverage` is allowed and maintenance is notional x rate - cumulative."""

    number: int
    max_leverage: int
    notional_floor: Decimal
    notional_cap: Decimal
    maintenance_rate: Decimal
    cumulative: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One perpetual contract and its rules."""

    symbol: str
    base: str
    quote: str = "USDT"
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    first_price: Decimal
    price_decimals: int
    quantity_decimals: int
    maker_rate: Decimal = Decimal("0.0002")
    taker_rate: Decimal = Decimal("0.0005")
    price_band: Decimal = Decimal("0.05")
    brackets: tuple[Bracket, ...] = ()

    def round_price(self, price: Decimal) -> Decimal:
        """The nearest price on the tick grid, never below one tick."""
        ticks = (price / self.tick).to_integral_value(ROUND_HALF_UP)
        return max(ticks, Decimal(1)) * self.tick

    def bracket_for(self, notional: Decimal) -> Bracket:
        return next((b for b in self.brackets if notional <= b.notional_cap), self.brackets[-1])

    def maintenance(self, notional: Decimal) -> Decimal:
        bracket = self.bracket_for(notional)
        return notional * bracket.maintenance_rate - bracket.cumulative

    def max_leverage(self, notional: Decimal = Decimal(0)) -> int:
        return self.bracket_for(notional).max_leverage

    def with_filters(
        self, tick: Decimal | None = None, step: Decimal | None = None, min_notional: Decimal | None = None
    ) -> "Instrument":
        """The same instrument with other filters; decimals follow a finer tick or step."""
        tick, step = tick or self.tick, step or self.step
        return replace(
            self,
            tick=tick,
            step=step,
            min_quantity=min(self.min_quantity, step),
            min_notional=self.min_notional if min_notional is None else min_notional,
            price_decimals=max(self.price_decimals, decimals(tick)),
            quantity_decimals=max(0, decimals(step)),
        )


def decimals(value: Decimal) -> int:
    """Digits after the point, trailing zeros not counted: 0.10 -> 1."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -int(exponent))


TIERS = (  # max leverage, notional cap, maintenance rate: the shape of Binance's BTCUSDT table
    (125, "50000", "0.004"),
    (100, "600000", "0.005"),
    (75, "3000000", "0.0065"),
    (50, "12000000", "0.01"),
    (25, "70000000", "0.02"),
    (20, "100000000", "0.025"),
    (10, "230000000", "0.05"),
    (5, "480000000", "0.1"),
    (4, "600000000", "0.125"),
    (3, "800000000", "0.15"),
    (2, "1200000000", "0.25"),
    (1, "1800000000", "0.5"),
)


def brackets() -> tuple[Bracket, ...]:
    """The tiers with the cumulative amounts that keep maintenance continuous where they meet."""
    made: list[Bracket] = []
    floor, rate_before, cumulative = Decimal(0), Decimal(0), Decimal(0)
    for number, (leverage, cap, rate) in enumerate(TIERS, start=1):
        cumulative += floor * (Decimal(rate) - rate_before) if made else Decimal(0)
        made.append(
            Bracket(
                number=number,
                max_leverage=leverage,
                notional_floor=floor,
                notional_cap=Decimal(cap),
                maintenance_rate=Decimal(rate),
                cumulative=cumulative,
            )
        )
        floor, rate_before = Decimal(cap), Decimal(rate)
    return tuple(made)


#       tick      step     max     market   notional  first price  price and quantity decimals
KNOWN = {
    "BTCUSDT": ("0.10", "0.001", "1000", "120", "100", "60000", 2, 3),
    "ETHUSDT": ("0.01", "0.001", "10000", "2000", "20", "3000", 2, 3),
    "SOLUSDT": ("0.0100", "0.01", "1000000", "80000", "5", "150", 4, 2),
    "XRPUSDT": ("0.0001", "0.1", "10000000", "2000000", "5", "0.5", 4, 1),
}
PLAIN = ("0.0001", "0.1", "10000000", "2000000", "5", "1", 4, 1)


def instrument(symbol: str) -> Instrument:
    """The instrument called `symbol`, with Binance's filters where they are known."""
    tick, step, largest, market, notional, first, price_decimals, quantity_decimals = KNOWN.get(symbol, PLAIN)
    return Instrument(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        tick=Decimal(tick),
        step=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(largest),
        max_market_quantity=Decimal(market),
        min_notional=Decimal(notional),
        first_price=Decimal(first),
        price_decimals=price_decimals,
        quantity_decimals=quantity_decimals,
        brackets=brackets(),
    )
