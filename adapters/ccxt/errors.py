"""ONE ordered table from what ccxt and the exchange say went wrong to our error tree. The first row that fits decides.

Theory of operation. ccxt's classes are too coarse to act on (a lost answer and a refused connection are the same class,
"status unknown" and "throttled" too), so the exchange's own code decides first, then the HTTP status, then the class.
What matters for an order is whether it may have been executed: only a row that is sure says RateLimited, AccessDenied,
RequestRefused or VenueUnavailable; all else, including whatever nobody foresaw, is OutcomeUnknown.
"""

from __future__ import annotations

import re

import aiohttp

from adapters.ccxt.dialects import binance_errors, bybit_errors, mexc_errors
from adapters.ccxt.error_rows import Failure, Row, by_class, by_status
from adapters.ccxt.session import HostRefused
from adapters.redaction import redact
from engine.errors import (
    AccessDenied,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    VenueError,
    VenueUnavailable,
)
from engine.messages.exchange import ORDER_LIMIT

DEFAULT_WAIT_MS = 1_000
ORDERS_WAIT_MS = 10_000  # the window in which orders are counted
BAN_WAIT_MS = 120_000  # the shortest ban of the exchanges we know
LONGEST_TEXT = 300


TABLE: tuple[Row, ...] = (
    # nothing left this machine
    by_class(VenueUnavailable, "not_sent", "ClientConnectorError", "ClientConnectorDNSError", "gaierror"),
    by_class(AccessDenied, "host_not_allowed", "HostRefused", "ExchangeClosedByUser", "InvalidProxySettings"),
    # the address is in trouble, whatever else the answer says
    by_status(RateLimited, "banned", 418),
    binance_errors.ORDER_LIMIT,
    by_status(RateLimited, "rate_limited", 429),
    # each exchange's own codes
    *binance_errors.ROWS,
    *bybit_errors.ROWS,
    *mexc_errors.ROWS,
    # no code we know: the HTTP status
    by_status(AccessDenied, "access_denied", 401, 403, 451),
    by_status(OutcomeUnknown, "unknown", 408, 409, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 530),
    by_status(RequestRefused, "unlisted", 400, 404, 405, 410, 413, 414, 415, 422),
    # no answer at all, or one that says nothing
    by_class(OutcomeUnknown, "nonsense", "MalformedMessage"),
    by_class(OutcomeUnknown, "timeout", "RequestTimeout", "TimeoutError"),
    by_class(OutcomeUnknown, "maintenance", "OnMaintenance"),
    by_class(OutcomeUnknown, "connection_lost", "ExchangeNotAvailable", "ClientError", "ConnectionError"),
    by_class(RateLimited, "rate_limited", "RateLimitExceeded", "DDoSProtection"),
    by_class(VenueUnavailable, "clock", "InvalidNonce"),
    by_class(AccessDenied, "access_denied", "AuthenticationError", "RestrictedLocation"),
    by_class(RequestRefused, "malformed", "ArgumentsRequired", "NotSupported", "InvalidAddress", "BadSymbol"),
    by_class(RequestRefused, "insufficient_margin", "InsufficientFunds"),
    by_class(RequestRefused, "no_change", "NoChange"),
    by_class(OutcomeUnknown, "duplicate_client_order_id", "DuplicateOrderId"),
    by_class(RequestRefused, "unknown_order", "OrderNotFound", "OrderNotCached"),
    by_class(RequestRefused, "symbol_closed", "MarketClosed", "ContractUnavailable"),
    by_class(RequestRefused, "unlisted", "InvalidOrder", "BadRequest", "OperationRejected"),
    by_class(OutcomeUnknown, "unknown", "NetworkError", "BadResponse", "CancelPending", "OperationFailed"),
    by_class(OutcomeUnknown, "unknown", "ExchangeError", "UnsubscribeError", "BaseError", "Exception"),
)


def row_for(failure: Failure) -> Row:
    """The row that decides; the last one fits everything."""
    return next(row for row in TABLE if row.fits(failure))


def judge(error: BaseException) -> VenueError:
    """`error` as a leaf of our tree; for a write, whatever is not surely without effect is OutcomeUnknown."""
    if isinstance(error, VenueError):
        return error
    failure = failure_of(error)
    row = row_for(failure)
    text = redact(f"{row.reason}: {failure.text}")
    if row.means is RateLimited:
        is_ban = row.reason == "banned" or "banned until" in failure.text
        is_of_orders = row.reason == ORDER_LIMIT
        usual_ms = BAN_WAIT_MS if is_ban else ORDERS_WAIT_MS if is_of_orders else DEFAULT_WAIT_MS
        wait_ms = failure.retry_after_ms or usual_ms
        return RateLimited(text, retry_after_ms=wait_ms, is_ban=is_ban, is_of_orders=is_of_orders)
    if row.means is RequestRefused:
        return RequestRefused(text, code=failure.code, reason=row.reason)
    return row.means(text)


def reason_of(error: BaseException) -> str:
    """Our word for `error`."""
    return error.reason if isinstance(error, RequestRefused) else row_for(failure_of(error)).reason


def failure_of(error: BaseException) -> Failure:
    """What an exception of ccxt (annotated by our client with `venue_*`) or of the network says."""
    return Failure(
        exchange=str(getattr(error, "venue_exchange", "")),
        code=str(getattr(error, "venue_code", "")),
        status=int(getattr(error, "venue_status", 0)),
        classes=_class_names(error),
        text=str(getattr(error, "venue_text", "") or _plain_text(error)),
        retry_after_ms=getattr(error, "retry_after_ms", None),
    )


def _class_names(error: BaseException) -> tuple[str, ...]:
    names = [kind.__name__ for kind in type(error).__mro__]
    never_sent = isinstance(error.__cause__, (aiohttp.ClientConnectorError, HostRefused))
    return (*([type(error.__cause__).__name__] if never_sent else []), *names)


def _plain_text(error: BaseException) -> str:
    """The class and the text without an address (which may carry a signature)."""
    bare = re.sub(r"(?:https?|wss?)://\S+", "", str(error))
    return f"{type(error).__name__} {bare}".strip()[:LONGEST_TEXT]
