"""Ledger: the money of one instance. Fills go in, balances come out; nothing else changes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.fill import Fill
from engine.position import Position, after_fill, unrealised

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """`wallet_balance` = starting equity + realised profit - fees, in the settlement currency (the fee asset too)."""

    starting_equity: Decimal
    position: Position = Position()
    realised_profit: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def wallet_balance(self) -> Decimal:
        return self.starting_equity + self.realised_profit - self.fees


def after(ledger: Ledger, fill: Fill) -> Ledger:
    """The ledger after one fill."""
    position, profit = after_fill(ledger.position, fill)
    return replace(
        ledger, position=position, realised_profit=ledger.realised_profit + profit, fees=ledger.fees + fill.fee
    )


def equity(ledger: Ledger, mark: Decimal | None) -> Decimal:
    """Wallet balance plus unrealised profit at `mark` (the wallet alone when there is no mark)."""
    return ledger.wallet_balance if mark is None else ledger.wallet_balance + unrealised(ledger.position, mark)
