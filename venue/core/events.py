"""What the exchange tells about itself, in the order in which it happened. Streams, truth log and state file listen."""

from dataclasses import dataclass
from decimal import Decimal

from venue.core.account import Account, Position
from venue.core.orders import AlgoOrder, AlgoStatus, Execution, Order, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    account: Account
    order: Order
    execution: Execution
    trade: Trade | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoChanged:
    account: Account
    algo: AlgoOrder
    status: AlgoStatus
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """`reason` in Binance's words: ORDER, FUNDING_FEE, ADJUSTMENT, DEPOSIT, MARGIN_TRANSFER, MARGIN_TYPE_CHANGE."""

    account: Account
    reason: str
    change: Decimal
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageChanged:
    account: Account
    symbol: str
    leverage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCalled:
    """An account is about to be liquidated."""

    account: Account
    positions: tuple[Position, ...]


Event = OrderChanged | AlgoChanged | AccountChanged | LeverageChanged | MarginCalled
