"""Ledger: the money of one instance. Fills and funding go in, balances come out; nothing else changes them.

Everything is exact and in the settlement currency. What is paid in another asset (a fee in an exchange's own coin) is
kept apart under its name and never converted: at which price would be an opinion, and the wallet it left is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.errors import InvariantViolated
from engine.fill import Fill
from engine.frozen import replace
from engine.instrument import Instrument
from engine.messages.funding import FundingPayment
from engine.position import Position, after_fill, unrealised

ZERO = Decimal(0)
KEPT_PAYMENTS = 200  # ids of payments kept to recognise repetitions; far fewer are ever listed again


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """`wallet_balance` = starting equity + realised profit - fees + funding, in the settlement currency.

    `funding` is positive when more was received than paid. `elsewhere` is what came from (or, negative, was paid out
    of) wallets of other assets. With an empty `settlement` all is taken as settling.
    """

    starting_equity: Decimal
    settlement: str = ""
    position: Position = Position()
    realised_profit: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    elsewhere: Mapping[str, Decimal] = field(default_factory=dict)
    seen_payments: tuple[str, ...] = ()

    @property
    def change(self) -> Decimal:
        """What trading and holding made of the wallet."""
        return self.realised_profit - self.fees + self.funding

    @property
    def wallet_balance(self) -> Decimal:
        return self.starting_equity + self.change


def opened(starting_equity: Decimal, instrument: Instrument) -> Ledger:
    """A ledger in the currency `instrument` settles in."""
    return Ledger(starting_equity=starting_equity, settlement=instrument.settlement)


def after(ledger: Ledger, fill: Fill) -> Ledger:
    """The ledger after one fill."""
    position, profit = after_fill(ledger.position, fill)
    traded = replace(ledger, position=position, realised_profit=ledger.realised_profit + profit)
    if _settles_in(ledger, fill.fee_asset):
        return replace(traded, fees=ledger.fees + fill.fee)
    return _paid_elsewhere(traded, fill.fee_asset, -fill.fee)


def after_funding(ledger: Ledger, payment: FundingPayment) -> Ledger:
    """The ledger after one funding payment. Raises InvariantViolated for one that was booked before."""
    if payment.payment_id in ledger.seen_payments:
        raise InvariantViolated(f"funding {payment.payment_id} twice")
    seen = (*ledger.seen_payments[-KEPT_PAYMENTS:], payment.payment_id)
    noted = replace(ledger, seen_payments=seen)
    if _settles_in(ledger, payment.asset):
        return replace(noted, funding=ledger.funding + payment.amount)
    return _paid_elsewhere(noted, payment.asset, payment.amount)


def equity(ledger: Ledger, mark: Decimal | None) -> Decimal:
    """Wallet balance plus unrealised profit at `mark` (the wallet alone when there is no mark)."""
    return ledger.wallet_balance if mark is None else ledger.wallet_balance + unrealised(ledger.position, mark)


def margin_used(ledger: Ledger, leverage: int) -> Decimal:
    """What the position ties up at this leverage: what was paid for it (its entry notional) / leverage."""
    return abs(ledger.position.cost) / leverage


def _settles_in(ledger: Ledger, asset: str) -> bool:
    return not ledger.settlement or asset == ledger.settlement


def _paid_elsewhere(ledger: Ledger, asset: str, amount: Decimal) -> Ledger:
    total = ledger.elsewhere.get(asset, ZERO) + amount
    return replace(ledger, elsewhere={**ledger.elsewhere, asset: total})
