"""The error tree. A refusal is a value, a failure is an exception, a broken invariant is a crash.

TradingError
├─ ConfigurationError        what was configured is wrong      → correct it; nothing was started
├─ VenueError                something between us and the exchange
│  ├─ VenueUnavailable       network, maintenance              → wait; the adapter tries reads again
│  ├─ RateLimited            too many requests                 → wait `retry_after_ms`; not a failure
│  ├─ AccessDenied           key, permission, region           → correct the key; the account stops
│  ├─ RequestRefused         understood and refused            → read `reason`; becomes a rejection
│  └─ OutcomeUnknown         sent, and nobody knows            → ask by client order id before anything else
├─ DataError
│  ├─ MarketDataGap          bars are missing                  → backfill; no signal meanwhile
│  └─ MalformedMessage       nonsense on a wire                → the bytes are kept; look at the sender
└─ StoreError                the journal cannot be written     → trading stops; free or mend the disk
InvariantViolated            a defect of ours                  → the actor crashes and recovers from the journal
"""

from __future__ import annotations


class TradingError(Exception):
    """Anything that can go wrong in running, told apart by what to do about it."""


class ConfigurationError(TradingError):
    """What was configured cannot work. The text names the place and the remedy."""


class VenueError(TradingError):
    """Something between us and the exchange."""


class VenueUnavailable(VenueError):
    """The exchange cannot be reached or is under maintenance; a read may be tried again."""


class RateLimited(VenueError):
    """Too many requests. `is_ban` means all traffic from this address must stop; `is_of_orders` that only new orders
    must, and whatever else is welcome.
    """

    def __init__(self, text: str, *, retry_after_ms: int, is_ban: bool = False, is_of_orders: bool = False) -> None:
        super().__init__(text)
        self.retry_after_ms = retry_after_ms
        self.is_ban = is_ban
        self.is_of_orders = is_of_orders


class AccessDenied(VenueError):
    """Key, signature, permission or region refused."""


class RequestRefused(VenueError):
    """The exchange understood and said no. `code` is its own code as a string, `reason` our word for it."""

    def __init__(self, text: str, *, code: str, reason: str) -> None:
        super().__init__(text)
        self.code = code
        self.reason = reason


class OutcomeUnknown(VenueError):
    """Sent, and nobody knows what became of it."""


class DataError(TradingError):
    """Market data that cannot be used."""


class MarketDataGap(DataError):
    """Bars are missing between `from_ns` and `to_ns` (open times, both ends missing)."""

    def __init__(self, text: str, *, from_ns: int, to_ns: int) -> None:
        super().__init__(text)
        self.from_ns = from_ns
        self.to_ns = to_ns


class MalformedMessage(DataError):
    """Bytes that are no message of ours."""


class StoreError(TradingError):
    """The journal cannot be read or written."""


class InvariantViolated(AssertionError):
    """A defect of ours: the actor must crash rather than go on."""
