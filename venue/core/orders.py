"""Orders, conditional orders and trades as the exchange keeps them.

They are mutable on purpose: this is the one place where an order lives; what is told about it is rendered from here.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def other(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class PositionSide(StrEnum):
    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class Kind(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    LIQUIDATION = "LIQUIDATION"


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"  # it would have traded with its own account
    REJECTED = "REJECTED"


class AlgoStatus(StrEnum):
    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class WorkingType(StrEnum):
    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class Execution(StrEnum):
    """What just happened to an order."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    AMENDMENT = "AMENDMENT"


OPEN = (Status.NEW, Status.PARTIALLY_FILLED)
OPEN_ALGO = (AlgoStatus.NEW, AlgoStatus.TRIGGERING)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a client asks for; `origin` says who did: client, algo, hand, liquidation."""

    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal
    price: Decimal = ZERO
    time_in_force: TimeInForce = TimeInForce.GTC
    client_order_id: str
    is_reduce_only: bool = False
    position_side: PositionSide = PositionSide.BOTH
    original_kind: Kind | None = None
    stop_price: Decimal = ZERO
    close_position: bool = False
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    good_till_ms: int = 0
    self_trade: str = "EXPIRE_MAKER"
    price_match: str = "NONE"  # the price comes from the book: OPPONENT, QUEUE, and levels into it
    origin: str = "client"
    algo_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What an order was and became."""

    amendment_id: int
    time_ms: int
    price_before: Decimal
    price_after: Decimal
    quantity_before: Decimal
    quantity_after: Decimal


@dataclass(slots=True, kw_only=True)
class Order:
    """An ordinary order and how far it got."""

    order_id: int
    account: str
    request: OrderRequest
    quantity: Decimal
    price: Decimal
    status: Status = Status.NEW
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    created_ms: int
    updated_ms: int
    amendments: tuple[Amendment, ...] = ()
    max_fill: Decimal | None = None  # a fault may let only so much of it fill

    @property
    def leaves(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def average_price(self) -> Decimal:
        return self.filled_quote / self.filled if self.filled else ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoRequest:
    """A conditional order: when the price gets there, place that."""

    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal
    trigger_price: Decimal = ZERO
    price: Decimal = ZERO
    time_in_force: TimeInForce = TimeInForce.GTC
    client_algo_id: str
    is_reduce_only: bool = False
    close_position: bool = False
    position_side: PositionSide = PositionSide.BOTH
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    price_protect: bool = False
    callback_rate: Decimal = ZERO
    callback_distance: Decimal = ZERO  # the same as a price difference
    activate_price: Decimal = ZERO
    good_till_ms: int = 0
    self_trade: str = "EXPIRE_MAKER"
    price_match: str = "NONE"  # the price comes from the book: OPPONENT, QUEUE, and levels into it


@dataclass(slots=True, kw_only=True)
class AlgoOrder:
    """A conditional order waiting, or what became of it."""

    algo_id: int
    account: str
    request: AlgoRequest
    status: AlgoStatus = AlgoStatus.NEW
    created_ms: int
    updated_ms: int
    triggered_ms: int = 0
    order_id: int | None = None
    reason: str = ""
    is_active: bool = True  # a trailing stop sleeps until its activation price
    extreme: Decimal = ZERO
    is_stuck: bool = False  # a fault: triggered, but nothing comes of it

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_ALGO


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One fill of one order."""

    trade_id: int
    order_id: int
    account: str
    symbol: str
    side: Side
    position_side: PositionSide
    quantity: Decimal
    price: Decimal
    fee: Decimal
    realized_pnl: Decimal
    is_maker: bool
    time_ms: int
    closed: Decimal = ZERO  # how much of it closed what was held before
    open_fee: Decimal = ZERO  # what opening that had cost
    is_second: bool = False  # the maker's side of a match between customers: one print tells both


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """One change of a wallet: REALIZED_PNL, COMMISSION, FUNDING_FEE, TRANSFER, INSURANCE_CLEAR.

    `balance` is the wallet after all that came with it; funding says for how much (signed) at which price it was paid.
    """

    income_id: int
    kind: str
    symbol: str
    amount: Decimal
    trade_id: int | None
    time_ms: int
    balance: Decimal = ZERO
    quantity: Decimal = ZERO
    price: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginMove:
    """Margin put to an isolated position (or taken, negative) by its owner."""

    symbol: str
    side: PositionSide
    amount: Decimal
    time_ms: int


@dataclass(slots=True)
class Counter:
    """Numbers that only rise."""

    value: int = field(default=0)

    def next(self) -> int:
        self.value += 1
        return self.value
