"""MEXC trades contracts: `vol` counts them, a contract is one smallest step of the instrument, symbols have a bar."""

from decimal import ROUND_HALF_EVEN, Decimal

from venue.core.instrument import Instrument

SMALLEST = Decimal("0.000000000001")
QUOTE = "USDT"


def wire_symbol(symbol: str) -> str:
    """BTCUSDT -> BTC_USDT."""
    return f"{symbol.removesuffix(QUOTE)}_{QUOTE}"


def venue_symbol(text: str) -> str:
    """BTC_USDT -> BTCUSDT; what has another form is nobody's symbol."""
    base, bar, quote = text.partition("_")
    return base + quote if bar and quote == QUOTE and base.isalnum() else f"?{text}"


def contract_size(instrument: Instrument) -> Decimal:
    """Base currency in one contract."""
    return instrument.step


def to_quantity(instrument: Instrument, contracts: Decimal) -> Decimal:
    return contracts * contract_size(instrument)


def to_vol(instrument: Instrument, quantity: Decimal) -> int | float:
    return number(quantity / contract_size(instrument))


def number(value: Decimal) -> int | float:
    """As MEXC writes numbers: JSON numbers, whole ones without a point; more than 12 decimals are rounded."""
    if value == value.to_integral_value():
        return int(value)
    return float(value.quantize(SMALLEST, rounding=ROUND_HALF_EVEN))
