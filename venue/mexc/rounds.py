"""A position's life: from the fill that opened it to the one that closed it. The trades tell; nothing is kept beside.

MEXC gives each life of a position a number: here it is that of the trade that opened it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from zlib import crc32

from venue.core.account import Account, Position
from venue.core.orders import ZERO, PositionSide, Trade


@dataclass(slots=True, kw_only=True)
class Round:
    """Sums over one life; quantities in base currency. A trade that turns a position ends one life and begins one."""

    symbol: str
    side: PositionSide
    position_id: int
    is_long: bool
    opened_ms: int
    closed_ms: int = 0
    opened: Decimal = ZERO
    opened_value: Decimal = ZERO
    closed: Decimal = ZERO
    closed_value: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def open_price(self) -> Decimal:
        return self.opened_value / self.opened if self.opened else ZERO

    @property
    def close_price(self) -> Decimal:
        return self.closed_value / self.closed if self.closed else ZERO

    def add(self, trade: Trade, quantity: Decimal) -> None:
        """So much of this trade belongs to this life."""
        if (trade.side.sign > 0) == self.is_long:
            self.opened += quantity
            self.opened_value += quantity * trade.price
        else:
            self.closed += quantity
            self.closed_value += quantity * trade.price
            self.realized += trade.realized_pnl
        self.fees += trade.fee * quantity / trade.quantity


@dataclass(slots=True)
class Walk:
    """Follows one symbol and side from flat to flat."""

    rounds: list[Round] = field(default_factory=list)
    amount: Decimal = ZERO

    def take(self, trade: Trade) -> None:
        left = trade.quantity
        if self.amount and self.amount * trade.side.sign < 0:
            closing = min(left, abs(self.amount))
            self._add(trade, closing)
            left -= closing
        if left:
            self._add(trade, left)

    def _add(self, trade: Trade, quantity: Decimal) -> None:
        if not self.amount:
            self.rounds.append(opened_by(trade))
        self.amount += quantity * trade.side.sign
        if self.rounds:  # a walk may begin inside a life, which is not looked at then
            self.rounds[-1].add(trade, quantity)
            self.rounds[-1].closed_ms = 0 if self.amount else trade.time_ms


def opened_by(trade: Trade) -> Round:
    return Round(
        symbol=trade.symbol,
        side=trade.position_side,
        position_id=trade.trade_id,
        is_long=trade.side.sign > 0,
        opened_ms=trade.time_ms,
    )


def past_rounds(account: Account) -> Iterator[Round]:
    """The lives that are over, in no particular order."""
    walks: dict[tuple[str, PositionSide], Walk] = {}
    for trade in account.trades:
        walks.setdefault((trade.symbol, trade.position_side), Walk()).take(trade)
    for walk in walks.values():
        yield from (r for r in walk.rounds if r.closed_ms)


def present_round(account: Account, position: Position) -> Round:
    """The life of a position that is held. One that no trade opened (a foreign hand) has a number of its own."""
    found, before = trades_since_flat(account, position)
    own = Walk(amount=before)
    for trade in reversed(found):
        own.take(trade)
    return own.rounds[-1] if own.rounds else unexplained(account, position)


def trades_since_flat(account: Account, position: Position) -> tuple[list[Trade], Decimal]:
    """Newest first back to the fill that opened it, and the amount before that (of the other sign, or none)."""
    found: list[Trade] = []
    amount = position.amount
    for trade in reversed(account.trades):
        if (trade.symbol, trade.position_side) != (position.symbol, position.side):
            continue
        found.append(trade)
        before = amount - trade.quantity * trade.side.sign
        if before * amount <= 0:
            return found, before
        amount = before
    return [], ZERO


def unexplained(account: Account, position: Position) -> Round:
    return Round(
        symbol=position.symbol,
        side=position.side,
        position_id=crc32(f"{account.name} {position.symbol} {position.side}".encode()),
        is_long=position.amount > 0,
        opened_ms=position.updated_ms,
        opened=abs(position.amount),
        opened_value=abs(position.amount) * position.entry_price,
    )


def position_id(account: Account, position: Position) -> int:
    return present_round(account, position).position_id
