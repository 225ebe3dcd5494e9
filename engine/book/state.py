"""The book's state: everything an instance knows of its money, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.fill import Fill
from engine.instrument import Instrument
from engine.ledger import Ledger
from engine.order import Order, OrderPurpose
from engine.protection import ProtectionState
from engine.safety.breaker import Breaker
from engine.safety.pace import Pace
from engine.trade import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The state of one instance. `sequence` counts its events; `seen_fills` are trade ids, oldest first.

    `began_at_ns` is when the journal began: older executions of the account are history, not strangers.
    `peak_equity` is the highest of what trades closed and days began at; `waiting_bar_ns` the bar whose entry waits.
    `unexplained` are the CRITICAL differences with the exchange found since the two last agreed, one of a kind.
    """

    sequence: int = 0
    epoch: int = 0
    began_at_ns: int = 0
    instrument: Instrument | None = None
    ledger: Ledger = Ledger(starting_equity=Decimal(0))
    orders: Mapping[str, Order] = field(default_factory=dict)
    seen_fills: tuple[str, ...] = ()
    last_fill_at_ns: int = 0
    trade: Trade | None = None
    protection: ProtectionState | None = None
    trade_count: int = 0
    anchor_ns: int | None = None
    last_bar_ns: int | None = None
    wallet_anchor: Decimal | None = None
    breaker: Breaker = Breaker()
    reconciliation: str = "UNKNOWN"
    is_panicked: bool = False
    outbox: Mapping[int, str] = field(default_factory=dict)
    entries_failed: int = 0
    day: str = ""
    day_start_equity: Decimal | None = None
    peak_equity: Decimal = Decimal(0)
    pace: Pace = Pace()
    waiting_bar_ns: int | None = None
    unexplained: tuple[str, ...] = ()

    @property
    def position_quantity(self) -> Decimal:
        return self.ledger.position.quantity

    @property
    def wallet_expected(self) -> Decimal | None:
        """What the exchange's wallet should hold, when this account is ours alone."""
        if self.wallet_anchor is None:
            return None
        return self.wallet_anchor + self.ledger.change

    def open_orders(self, *purposes: OrderPurpose) -> tuple[Order, ...]:
        """Orders that may still trade, oldest first; of these purposes only, when any are given."""
        if not self.orders:
            return ()
        return tuple([o for o in self.orders.values() if o.is_open and (not purposes or o.purpose in purposes)])

    def order_of(self, fill: Fill) -> Order | None:
        """Whose fill it is: by client order id, else by the exchange's."""
        found = self.orders.get(fill.client_order_id)
        if found is not None or not fill.venue_order_id:
            return found
        return next((o for o in self.orders.values() if o.venue_order_id == fill.venue_order_id), None)
