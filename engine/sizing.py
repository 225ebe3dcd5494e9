"""Sizing: from equity and price to a quantity in whole lots, never more than the leverage allows.

Money is counted in whole units of 1e-8 of the settlement currency (finer when tick x lot asks for it), so the 64-bit
integers of a backtest and the Decimal of a ledger are the same number. 2**63 units are 92 billion of the currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import IntEnum

from engine.instrument import Instrument

SHARE_SCALE = 1_000_000_000


class SizingMode(IntEnum):
    """How a play says how much to trade."""

    FIXED_NOTIONAL = 0
    PERCENT_OF_EQUITY = 1
    RISK_PER_TRADE = 2
    VOLATILITY_TARGET = 3


FIXED_NOTIONAL, PERCENT_OF_EQUITY, RISK_PER_TRADE, VOLATILITY_TARGET = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """`amount` is money for FIXED_NOTIONAL and a share of equity (0.01 is 1 %) for the other modes.

    PERCENT_OF_EQUITY is the notional; RISK_PER_TRADE is what is lost, fees aside, when the stop is hit;
    VOLATILITY_TARGET is what the position gains or loses when the price moves by one volatility (as an ATR).
    """

    mode: SizingMode
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyScale:
    """Whole units of money for one instrument: `units` per 1 of the settlement currency, `tick_lot_units` per tick of
    one lot."""

    units: int
    tick_lot_units: int

    def to_units(self, amount: Decimal) -> int:
        return int((amount * self.units).to_integral_value(ROUND_DOWN))

    def to_money(self, units: int) -> Decimal:
        return Decimal(units) / self.units


def money_scale(instrument: Instrument) -> MoneyScale:
    """The coarsest scale of at least 1e-8 in which one tick of one lot is a whole number."""
    tick_lot = (instrument.tick_size * instrument.lot_size).normalize()
    digits = max(8, -int(tick_lot.as_tuple().exponent))
    return MoneyScale(units=10**digits, tick_lot_units=int(tick_lot * 10**digits))


def quantity_for(
    sizing: Sizing,
    equity: Decimal,
    price: Decimal,
    distance: Decimal | None,
    instrument: Instrument,
    leverage: Decimal = Decimal(1),
) -> Decimal:
    """The quantity to trade, floored to the lot; 0 when nothing can be traded.

    `price` is the close the decision was made at; `distance` is in price what RISK_PER_TRADE (entry to stop) and
    VOLATILITY_TARGET (one volatility) divide by; they trade nothing without. The exchange's minimum is not applied
    here: see `Instrument.shortfall`.
    """
    scale = money_scale(instrument)
    lots = lots_for(
        int(sizing.mode), amount_units(sizing, scale), scale.to_units(equity), instrument.to_ticks(price),
        instrument.to_ticks(distance) if distance else 0, scale.tick_lot_units, int(leverage * SHARE_SCALE),
    )  # fmt: skip
    return instrument.lot_size * lots


def amount_units(sizing: Sizing, scale: MoneyScale) -> int:
    """The amount as the integers below read it: money units, or a share in 1e-9."""
    if sizing.mode is SizingMode.FIXED_NOTIONAL:
        return scale.to_units(sizing.amount)
    return int(sizing.amount * SHARE_SCALE)


# --- integers only from here on: also compiled by the kernel ---------------------------------------------------------


def share_of(units: int, share: int) -> int:
    """`share` (in 1e-9) of `units`, rounded down, without leaving 64 bits on the way."""
    return units // SHARE_SCALE * share + units % SHARE_SCALE * share // SHARE_SCALE


def lots_for(
    mode: int, amount: int, equity: int, price_ticks: int, distance_ticks: int, tick_lot_units: int, leverage: int
) -> int:
    """Whole lots. `equity` in money units, `leverage` in 1e-9, `distance_ticks` as in `quantity_for` (0: none)."""
    if equity <= 0 or price_ticks <= 0:
        return 0
    lot_notional = price_ticks * tick_lot_units
    most = share_of(equity, leverage) // lot_notional
    if mode == FIXED_NOTIONAL:
        return min(amount // lot_notional, most)
    if mode == PERCENT_OF_EQUITY:
        return min(share_of(equity, amount) // lot_notional, most)
    if distance_ticks <= 0:
        return 0
    return min(share_of(equity, amount) // (distance_ticks * tick_lot_units), most)


def fee_units(notional: int, rate: int) -> int:
    """The fee on `notional` money units at `rate` (in 1e-9), halves up to the unit."""
    whole = notional // SHARE_SCALE * rate
    return whole + (notional % SHARE_SCALE * rate + SHARE_SCALE // 2) // SHARE_SCALE
