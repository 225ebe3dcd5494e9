"""Trade: one round trip, from the first fill of its entry until flat again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.fill import Fill
from engine.frozen import replace

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """The open trade. `direction` is +1 or -1; quantities and notionals are positive sums over its fills.

    `naked_since_ns` is when the position came to have no working stop (None while it has one); `exit_reason` is set
    once it is to be closed at market, and stands until flat. `intents` numbers the orders made for it.
    """

    number: int
    direction: int
    opened_at_ns: int
    bar_open_time_ns: int
    entered_quantity: Decimal = ZERO
    entered_notional: Decimal = ZERO
    left_quantity: Decimal = ZERO
    left_notional: Decimal = ZERO
    fees: Decimal = ZERO
    gross_profit: Decimal = ZERO
    naked_since_ns: int | None = None
    naked_ns: int = 0
    exit_reason: str = ""
    intents: int = 0

    @property
    def entry_price(self) -> Decimal:
        return self.entered_notional / self.entered_quantity

    @property
    def exit_price(self) -> Decimal:
        return self.left_notional / self.left_quantity

    def naked_for_ns(self, now_ns: int) -> int:
        """How long this position has been without a stop in all."""
        return self.naked_ns + (now_ns - self.naked_since_ns if self.naked_since_ns is not None else 0)


def after_fill(trade: Trade, fill: Fill, profit: Decimal, fee: Decimal) -> Trade:
    """The trade after one of its fills, which realised `profit` before a `fee` in the settlement currency."""
    trade = replace(trade, fees=trade.fees + fee, gross_profit=trade.gross_profit + profit)
    notional = fill.quantity * fill.price
    if fill.sign == trade.direction:
        return replace(
            trade,
            entered_quantity=trade.entered_quantity + fill.quantity,
            entered_notional=trade.entered_notional + notional,
        )
    return replace(
        trade, left_quantity=trade.left_quantity + fill.quantity, left_notional=trade.left_notional + notional
    )
