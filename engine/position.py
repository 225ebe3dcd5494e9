"""Position: what we hold of one instrument, from fills alone, exact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.fill import Fill

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """`quantity` is signed: positive long, negative short. `cost` is the signed notional paid for what is held.

    The average entry price is `cost / quantity`; keeping the cost keeps every division out of the arithmetic, so the
    profit of any split of fills is the same to the last unit once the position is flat.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def entry_price(self) -> Decimal | None:
        return self.cost / self.quantity if self.quantity else None

    @property
    def is_flat(self) -> bool:
        return not self.quantity

    @property
    def direction(self) -> int:
        """+1 long, -1 short, 0 flat."""
        return (self.quantity > 0) - (self.quantity < 0)


def after_fill(position: Position, fill: Fill) -> tuple[Position, Decimal]:
    """The position after `fill`, and the profit it realised (before fees)."""
    signed = fill.quantity * fill.sign
    if position.quantity * signed >= 0:
        return Position(quantity=position.quantity + signed, cost=position.cost + signed * fill.price), ZERO
    if abs(signed) <= abs(position.quantity):
        return _reduced(position, signed, fill.price)
    flat, profit = _reduced(position, -position.quantity, fill.price)
    rest = signed + position.quantity
    return Position(quantity=flat.quantity + rest, cost=rest * fill.price), profit


def _reduced(position: Position, signed: Decimal, price: Decimal) -> tuple[Position, Decimal]:
    """Take `signed` (opposite sign) off the position at `price`; the cost leaves in proportion, all of it when flat."""
    left = position.quantity + signed
    cost_left = position.cost * left / position.quantity if left else ZERO
    released = position.cost - cost_left
    return Position(quantity=left, cost=cost_left), -signed * price - released


def unrealised(position: Position, mark: Decimal) -> Decimal:
    """Profit if everything were closed at `mark`, before fees."""
    return position.quantity * mark - position.cost
