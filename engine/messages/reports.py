"""Present state on request: what an operator is shown of an instance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from engine.messages.base import Message
from engine.messages.exchange import AccountSnapshot
from engine.order import Order

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView(Message):
    """What operators see, as of journal event number `sequence`. Stored with the events and compared by the guard.

    The defaults are those of an instance that holds nothing. `position_quantity` is signed; `wallet_balance` is the
    starting equity plus realised profit less fees plus funding; `paid_elsewhere` what was paid in other assets;
    `margin_used` the position's entry notional / leverage. The `day` (a date in the instance's zone) began at
    `day_start_equity`; None before the first.
    """

    sequence: int
    phase: str
    wallet_balance: Decimal
    epoch: int = 0
    position_quantity: Decimal = ZERO
    entry_price: Decimal | None = None
    realised_profit: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    paid_elsewhere: tuple[tuple[str, Decimal], ...] = ()
    margin_used: Decimal = ZERO
    day: str = ""
    day_start_equity: Decimal | None = None
    stop_price: Decimal | None = None
    take_profit_price: Decimal | None = None
    open_orders: int = 0
    unresolved_orders: int = 0
    trade_count: int = 0
    breaker: str = "GREEN"
    breaker_cause: str = ""
    reconciliation: str = "UNKNOWN"
    is_panicked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentHappened(Message):
    """Port `incidents`: keep for a person what was known when trading was halted. No answer.

    `snapshot` is the newest the executor saw of the exchange; None when there was none in this life.
    """

    cause: str
    text: str
    occurred_at_ns: int
    view: InstanceView
    orders: tuple[Order, ...]
    snapshot: AccountSnapshot | None


def digest_of(encoded_view: bytes) -> bytes:
    """The fingerprint by which engine, store and operator's view are compared (8 bytes)."""
    return blake2b(encoded_view, digest_size=8).digest()
