"""What the exchange says of orders, money and holdings: the parts its answers and events are made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.fill import Fill
from engine.messages.base import Message
from engine.messages.funding import FundingPayment as FundingPayment  # noqa: PLC0414 - said here too
from engine.order import OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport(Message):
    """What the exchange says of one order. `status` is in our words; `filled_quantity` as the exchange counts it.

    `event_at_ns` is the exchange's clock.
    For a triggered conditional order `venue_order_id` is the ordinary order it became, where known.
    """

    client_order_id: str
    venue_order_id: str
    symbol: str
    is_conditional: bool
    side: str
    status: OrderStatus
    quantity: Decimal
    filled_quantity: Decimal
    trigger_price: Decimal | None
    is_reduce_only: bool
    event_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot(Message):
    """What the exchange says of the account and one instrument, read between the two times (our wall clock).

    `position_quantity` is signed. `open_orders` holds ordinary and conditional ones, all pages. `fills` are those of
    the instrument since the asked time, oldest first; `funding` its payments since then, as far as the exchange has
    booked them. `symbol_status` is empty while the exchange takes new positions in the instrument, else its own word
    for why not (halted, being settled, delisted). In a light one position and open orders are of this moment, balances,
    mark price and status of the last full one, and fills and funding are not told.
    """

    symbol: str
    started_at_ns: int
    finished_at_ns: int
    wallet_balance: Decimal
    available_balance: Decimal
    position_quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    liquidation_price: Decimal | None
    open_orders: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    funding: tuple[FundingPayment, ...] = ()
    symbol_status: str = ""
    is_light: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageObserved(Message):
    """Request weight and order count of this address and account as the exchange's headers told."""

    used_weight: int
    order_count: int
