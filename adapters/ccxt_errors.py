"""ONE ordered table from what ccxt and the exchange say went wrong to our error tree. The first row that fits decides.

Theory of operation. ccxt's classes are too coarse to act on (a lost answer and a refused connection are the same class,
"status unknown" and "throttled" too), so the exchange's own code decides first, then the HTTP status, then the class.
What matters for an order is whether it may have been executed: only a row that is sure says RateLimited, AccessDenied,
RequestRefused or VenueUnavailable; all else, including whatever nobody foresaw, is OutcomeUnknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp

from adapters.ccxt_session import HostRefused
from adapters.redaction import redact
from engine.errors import (
    AccessDenied,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    VenueError,
    VenueUnavailable,
)

DEFAULT_WAIT_MS = 1_000
BAN_WAIT_MS = 120_000  # the shortest ban of the exchanges we know
LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is known of one failed call: the exchange's code, the HTTP status (0: no answer), class names, text."""

    code: str
    status: int
    classes: tuple[str, ...]
    text: str
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Fits a failure when its code, status or one of its classes is listed."""

    means: type[VenueError]
    reason: str
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    classes: frozenset[str] = frozenset()

    def fits(self, failure: Failure) -> bool:
        return (
            failure.code in self.codes
            or failure.status in self.statuses
            or any(name in self.classes for name in failure.classes)
        )


def _codes(means: type[VenueError], reason: str, text: str) -> Row:
    return Row(means=means, reason=reason, codes=frozenset(_numbers(text)))


def _numbers(text: str) -> Iterable[str]:
    for part in text.split():
        first, _, last = part.partition("..")
        yield from (f"-{number}" for number in range(int(first), int(last or first) + 1))


def _status(means: type[VenueError], reason: str, *statuses: int) -> Row:
    return Row(means=means, reason=reason, statuses=frozenset(statuses))


def _class(means: type[VenueError], reason: str, *names: str) -> Row:
    return Row(means=means, reason=reason, classes=frozenset(names))


TABLE: tuple[Row, ...] = (
    # nothing left this machine
    _class(VenueUnavailable, "not_sent", "ClientConnectorError", "ClientConnectorDNSError", "gaierror"),
    _class(AccessDenied, "host_not_allowed", "HostRefused", "ExchangeClosedByUser", "InvalidProxySettings"),
    # the address is in trouble, whatever else the answer says
    _status(RateLimited, "banned", 418),
    _codes(RateLimited, "order_limit", "1015"),  # orders only: reads and cancels still pass
    _status(RateLimited, "rate_limited", 429),
    # Binance's codes, by what to do about them
    _codes(OutcomeUnknown, "unknown", "1000 1001 1006 1007 1010 1016 2012 4078"),
    _codes(OutcomeUnknown, "duplicate_client_order_id", "4116"),  # the earlier one lives: ask for it
    _codes(VenueUnavailable, "throttled", "1008"),  # documented as never executed
    _codes(VenueUnavailable, "clock", "1021 5028"),
    _codes(RateLimited, "rate_limited", "1003"),
    _codes(AccessDenied, "access_denied", "1002 1005 1011 1022 1099 1109 2014 2015 2017 4056 4057 4080 4192"),
    _codes(AccessDenied, "access_denied", "4202 4203 4205 4206 4400..4403 4109"),
    _codes(RequestRefused, "unknown_order", "2011 2013"),
    _codes(RequestRefused, "unknown_symbol", "1108 1121 1122 1126 4144 20121"),
    _codes(RequestRefused, "symbol_closed", "4108 4140 4141"),
    _codes(RequestRefused, "insufficient_margin", "2018 2019 2024 4050 4051"),
    _codes(RequestRefused, "would_trigger", "2021 4142"),
    _codes(RequestRefused, "reduce_only", "2022 4118 4137 4138"),
    _codes(RequestRefused, "minimum_notional", "4164"),
    _codes(RequestRefused, "position_limit", "2027"),
    _codes(RequestRefused, "triggering", "4117"),
    _codes(RequestRefused, "leverage", "2028 4028 4161 4300 4301"),
    _codes(RequestRefused, "too_many_orders", "2025 4045 4032"),
    _codes(RequestRefused, "post_only", "5021 5022"),
    _codes(RequestRefused, "price_band", "4016 4024 4131"),
    _codes(RequestRefused, "price", "4001 4002 4007 4013 4014 4006 4015"),
    _codes(RequestRefused, "quantity", "4003 4004 4005 4008 4009 4010..4012 4017..4023 4055"),
    _codes(RequestRefused, "precision", "1111 4025..4027 4029..4031 4033"),
    _codes(RequestRefused, "no_change", "4046 4059 4099 5027"),
    _codes(RequestRefused, "margin_mode", "4047..4049 4167..4172"),
    _codes(RequestRefused, "position_mode", "4060..4062 4067 4068"),
    _codes(RequestRefused, "wrong_endpoint", "1020 4120"),
    _codes(RequestRefused, "listen_key_gone", "1125"),
    _codes(RequestRefused, "account_restricted", "4087 4088"),
    _codes(RequestRefused, "no_liquidity", "1112 2020 5041"),
    _codes(RequestRefused, "liquidation", "2023 2026 2016"),
    _codes(RequestRefused, "amend", "5024..5026 5040 5047"),
    _codes(
        RequestRefused, "malformed", "1004 2007 1013 1014 1023 1100..1106 1110 1113..1120 1127 1128 1130 1136 2010 4000"
    ),
    _codes(
        RequestRefused, "malformed", "4044 4052..4054 4058 4063..4066 4069..4077 4079 4081..4086 4104 4114 4115 4135"
    ),
    _codes(RequestRefused, "malformed", "4130 4136 4139 4165 4183 4184 4208..4211 4531 5037..5039"),
    _codes(RequestRefused, "malformed", "20124 20130 20132 20194..20196 20198 20204"),
    # no code we know: the HTTP status
    _status(AccessDenied, "access_denied", 401, 403, 451),
    _status(OutcomeUnknown, "unknown", 408, 409, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 530),
    _status(RequestRefused, "unlisted", 400, 404, 405, 410, 413, 414, 415, 422),
    # no answer at all, or one that says nothing
    _class(OutcomeUnknown, "timeout", "RequestTimeout", "TimeoutError"),
    _class(OutcomeUnknown, "maintenance", "OnMaintenance"),
    _class(OutcomeUnknown, "connection_lost", "ExchangeNotAvailable", "ClientError", "ConnectionError"),
    _class(RateLimited, "rate_limited", "RateLimitExceeded", "DDoSProtection"),
    _class(VenueUnavailable, "clock", "InvalidNonce"),
    _class(AccessDenied, "access_denied", "AuthenticationError", "RestrictedLocation"),
    _class(RequestRefused, "malformed", "ArgumentsRequired", "NotSupported", "InvalidAddress", "BadSymbol"),
    _class(RequestRefused, "insufficient_margin", "InsufficientFunds"),
    _class(RequestRefused, "no_change", "NoChange"),
    _class(OutcomeUnknown, "duplicate_client_order_id", "DuplicateOrderId"),
    _class(RequestRefused, "unknown_order", "OrderNotFound", "OrderNotCached"),
    _class(RequestRefused, "symbol_closed", "MarketClosed", "ContractUnavailable"),
    _class(RequestRefused, "unlisted", "InvalidOrder", "BadRequest", "OperationRejected"),
    _class(OutcomeUnknown, "unknown", "NetworkError", "BadResponse", "CancelPending", "OperationFailed"),
    _class(OutcomeUnknown, "unknown", "ExchangeError", "UnsubscribeError", "BaseError", "Exception"),
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
        is_ban = failure.status == 418 or "banned until" in failure.text
        wait_ms = failure.retry_after_ms or (BAN_WAIT_MS if is_ban else DEFAULT_WAIT_MS)
        return RateLimited(text, retry_after_ms=wait_ms, is_ban=is_ban)
    if row.means is RequestRefused:
        return RequestRefused(text, code=failure.code, reason=row.reason)
    return row.means(text)


def reason_of(error: BaseException) -> str:
    """Our word for `error`."""
    return row_for(failure_of(error)).reason


def failure_of(error: BaseException) -> Failure:
    """What an exception of ccxt (annotated by our client with `venue_*`) or of the network says."""
    return Failure(
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
