"""Facts for the journal, in the past tense. Folding them over an empty book gives the instance's state (`engine.book`).

Every one is durable before anything that follows from it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.fill import Fill
from engine.instrument import Instrument
from engine.messages.base import Message
from engine.messages.funding import FundingBooked as FundingBooked  # noqa: PLC0414 - said here too
from engine.order import Order
from engine.protection import ProtectionState
from engine.signal import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStarted(Message):
    """A new life of the executor. `epoch` is the fencing number in every order id of this life."""

    instance: str
    play: str
    play_hash: str
    epoch: int
    starting_equity: Decimal
    instrument: Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRecorded(Message):
    """The first bar the strategy was ever fed, and the first one whose signal counted."""

    open_time_ns: int
    live_from_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAnchored(Message):
    """The exchange's wallet balance when this journal began; later balances are explained from it."""

    wallet_balance: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived(Message):
    """A play said something other than NONE."""

    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFiltered(Message):
    """It was not acted on, and why; `rule` is the risk gate's, when that said no."""

    bar_open_time_ns: int
    reason: str
    rule: str = ""
    decision_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWaits(Message):
    """It will be acted on, or filtered, when what stands against it has passed or it is too old."""

    bar_open_time_ns: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntended(Message):
    """The decision to send `order`; durable before the request leaves. `decision_id` is the risk gate's approval."""

    order: Order
    decision_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(Message):
    """The exchange has it working."""

    client_order_id: str
    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTriggered(Message):
    """A conditional order became the ordinary order `venue_order_id`."""

    client_order_id: str
    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(Message):
    """The exchange's no."""

    client_order_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(Message):
    """Our own no, at the gate; nothing was sent."""

    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBecameUnknown(Message):
    """Nobody knows."""

    client_order_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Message):
    """No more fills can come, by our wish or the exchange's."""

    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(Message):
    """No more fills can come, by its own terms."""

    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(Message):
    """One execution of one of our orders."""

    client_order_id: str
    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFillSeen(Message):
    """An execution on our instrument that no order of ours explains."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducedElsewhere(Message):
    """Somebody else made our position smaller: a person by hand, or the exchange (`reason`: liquidation)."""

    fill: Fill
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionOpened(Message):
    """A trade's entry is filled as far as it will be; its protective levels start from the average price."""

    trade_number: int
    protection: ProtectionState


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionAdvanced(Message):
    """A bar closed over an open position: the levels that hold from the next bar on."""

    bar_open_time_ns: int
    protection: ProtectionState


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionProtected(Message):
    """A stop for the whole position rests at the exchange. `naked_ns` is how long the position had none."""

    trade_number: int
    stop_price: Decimal
    naked_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitWanted(Message):
    """The position is to be closed at market, and why; stands until flat."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeClosed(Message):
    """A round trip is over. Profit is net of fees; `message` is the one notification of this trade (outbox)."""

    trade_number: int
    symbol: str
    direction: str
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened_at_ns: int
    closed_at_ns: int
    entry_bar_open_time_ns: int
    exit_bar_open_time_ns: int
    gross_profit: Decimal
    fees: Decimal
    profit: Decimal
    exit_reason: str
    naked_ns: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationDelivered(Message):
    """The target acknowledged the message of this trade."""

    trade_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerTripped(Message):
    """GREEN became YELLOW or RED. RED stands until a person resets it."""

    level: str
    cause: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerEased(Message):
    """YELLOW became GREEN by itself (RED never does)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerReset(Message):
    """A person reviewed and reset."""

    reason: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationChanged(Message):
    """HEALTHY, WARNING or CRITICAL, with what was found."""

    state: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorChanged(Message):
    """The supervisor's story: an actor started, died, was killed, was restarted."""

    role: str
    what: str
    generation: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChanged(Message):
    """A stream came up or went down."""

    stream: str
    is_up: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicObserved(Message):
    """The latch was seen set (scope: instance or global)."""

    scope: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBegan(Message):
    """Midnight in the configured zone passed; the daily loss counts from this equity."""

    day: str
    equity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStopped(Message):
    """An orderly end; protective orders stay at the exchange."""

    reason: str
