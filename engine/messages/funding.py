"""Funding: what holding a perpetual costs or brings, as the exchange tells it and as the journal keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPayment(Message):
    """What a perpetual's holder paid or got at a funding time: `amount` is positive when received.

    `payment_id` makes a repeated report recognisable; `occurred_at_ns` is the exchange's clock.
    """

    payment_id: str
    symbol: str
    amount: Decimal
    asset: str
    occurred_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingBooked(Message):
    """For the journal: the wallet paid or got funding for the position held."""

    payment: FundingPayment
