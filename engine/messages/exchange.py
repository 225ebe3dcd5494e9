"""The exchange contract in words: the calls we make and the answers that may come.

An order, amendment or cancel is done, refused or UNKNOWN. A read has its answer, or `ExchangeUnavailable`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.fill import Fill
from engine.instrument import Instrument
from engine.market import Bar
from engine.messages.base import Message
from engine.messages.snapshot import AccountSnapshot as AccountSnapshot  # noqa: PLC0414 - said here too
from engine.messages.snapshot import FundingPayment as FundingPayment  # noqa: PLC0414 - said here too
from engine.messages.snapshot import OrderReport as OrderReport  # noqa: PLC0414 - said here too
from engine.messages.snapshot import UsageObserved as UsageObserved  # noqa: PLC0414 - said here too
from engine.order import Order, OrderStatus

# --- calls -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareInstrument(Message):
    """Load the instrument, set one-way mode, margin mode and leverage. Answer: `InstrumentPrepared` or a failure."""

    symbol: str
    leverage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUserStream(Message):
    """Push this account's order and fill events from now on (`StreamOpened`, then `OrderUpdated`, `FillReceived`)."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMarketStream(Message):
    """Push bars and mark prices from now on (`StreamOpened`, then `BarClosed`, `MarkPriceChanged`)."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Message):
    """Send one order, through the gate. The only call that can open risk; performed by one function (A5)."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Message):
    """Cancel by client order id, or, when that is empty (somebody else's order), by the exchange's own."""

    client_order_id: str
    symbol: str
    is_conditional: bool
    venue_order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrder(Message):
    """Give the resting order of this client id the quantity and price (or trigger) that `order` has.

    Only for orders that can do nothing but reduce (any other is a defect of the asker): an amendment passes no gate.
    """

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOrder(Message):
    """What became of it? By either id, as in `CancelOrder`."""

    client_order_id: str
    symbol: str
    is_conditional: bool
    venue_order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTime(Message):
    """Are you there, and what time is it? Answer: `TimeTold`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFills(Message):
    """Executions of `symbol` since `since_ns` (exchange clock), all pages."""

    symbol: str
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSnapshot(Message):
    """Read balances, position, open orders (both kinds) and fills since `fills_since_ns`.

    `is_urgent`: somebody who knows nothing waits for it and may hold a position without a stop. `is_light`: position
    and open orders will do, where the rest is dear; the answer says what it is.
    """

    symbol: str
    fills_since_ns: int
    is_urgent: bool = False
    is_light: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchBars(Message):
    """Closed base bars with open times in [from_open_time_ns, until_open_time_ns); None means the newest `limit`."""

    symbol: str
    timeframe: str
    from_open_time_ns: int | None
    until_open_time_ns: int | None
    limit: int


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentPrepared(Message):
    """The exchange's rules for the instrument, and the clock difference (exchange minus us)."""

    instrument: Instrument
    leverage: int
    clock_offset_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOpened(Message):
    """A stream is up. Events before this moment may have been missed: read the state by REST."""

    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLost(Message):
    """A stream is down; the adapter is already reconnecting (exponential backoff)."""

    stream: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Message):
    """The exchange took it. `filled_quantity` as it said in the answer (0 where it does not say)."""

    client_order_id: str
    venue_order_id: str
    status: OrderStatus
    filled_quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused(Message):
    """Not taken. `by_us` is True when the gate denied it (nothing was sent); `reason` is one of ours, `code` theirs."""

    client_order_id: str
    by_us: bool
    reason: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOutcomeUnknown(Message):
    """Sent, and nobody knows."""

    client_order_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDone(Message):
    """The exchange cancelled it."""

    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRefused(Message):
    """Not cancelled: usually it no longer exists (`reason` = "unknown_order"); find out what became of it."""

    client_order_id: str
    reason: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendDone(Message):
    """The exchange took the amendment; the order's next report shows it."""

    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRefused(Message):
    """The order is as it was, or gone (`reason` = "unknown_order"). `not_amendable`: cancel and place anew."""

    client_order_id: str
    reason: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOutcomeUnknown(Message):
    """Sent, and nobody knows: ask for the order."""

    client_order_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOutcomeUnknown(Message):
    """Sent, and nobody knows; cancelling again is harmless."""

    client_order_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFound(Message):
    """Answer to `FindOrder`."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNotFound(Message):
    """Answer to `FindOrder`: the exchange says it has no such order (so far: it may appear later)."""

    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(Message):
    """From the user stream."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReceived(Message):
    """From the user stream."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class FillsFetched(Message):
    """Answer to `FetchFills`, oldest first."""

    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken(Message):
    """Answer to `TakeSnapshot`. `clock_offset_ns` is the exchange's clock minus ours, as last measured."""

    snapshot: AccountSnapshot
    clock_offset_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTold(Message):
    """Answer to `AskTime`: exchange clock minus ours, and how long the question took, both in ns."""

    clock_offset_ns: int
    round_trip_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsFetched(Message):
    """Answer to `FetchBars`: closed bars only, oldest first."""

    bars: tuple[Bar, ...]


RATE_LIMITED, ORDER_LIMIT, NONSENSE = "rate_limited", "order_limit", "nonsense"  # the first also by our own budget


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeUnavailable(Message):
    """A call failed without effect. `call` names it, `detail` its subject (a client order id, or empty).

    `kind`: unavailable, rate_limited, order_limit (too many new orders; all else is welcome), banned, access_denied,
    refused, nonsense (three answers that cannot be), resting (not asked, after many failures). Wait `retry_after_ms`.
    """

    call: str
    detail: str
    kind: str
    text: str
    retry_after_ms: int
