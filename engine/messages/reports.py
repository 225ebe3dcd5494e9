"""Present state on request: what an operator is shown of an instance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView(Message):
    """What operators see, as of journal event number `sequence`. Stored with the events and compared by the guard.

    `position_quantity` is signed; `wallet_balance` is the starting equity plus realised profit less fees.
    """

    sequence: int
    phase: str
    epoch: int
    position_quantity: Decimal
    entry_price: Decimal | None
    wallet_balance: Decimal
    realised_profit: Decimal
    fees: Decimal
    stop_price: Decimal | None
    take_profit_price: Decimal | None
    open_orders: int
    unresolved_orders: int
    trade_count: int
    breaker: str
    breaker_cause: str
    reconciliation: str
    is_panicked: bool


def digest_of(encoded_view: bytes) -> bytes:
    """The fingerprint by which engine, store and operator's view are compared (8 bytes)."""
    return blake2b(encoded_view, digest_size=8).digest()
