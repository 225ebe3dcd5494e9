"""What a call that failed is answered with: refused, UNKNOWN, or surely without effect. Pure."""

from __future__ import annotations

from engine.errors import AccessDenied, OutcomeUnknown, RateLimited, RequestRefused, VenueError
from engine.messages.base import Message
from engine.messages.exchange import (
    ORDER_LIMIT,
    RATE_LIMITED,
    AmendOutcomeUnknown,
    AmendRefused,
    CancelOutcomeUnknown,
    CancelRefused,
    ExchangeUnavailable,
    OrderOutcomeUnknown,
    OrderRefused,
)

WAIT_MS = 1_000


def not_placed(name: str, judged: VenueError) -> Message:
    """The outcome of an order that was not simply taken; `name` is its client id."""
    text = str(judged)
    match judged:
        case RequestRefused(code=code, reason=reason):
            return OrderRefused(client_order_id=name, by_us=False, reason=reason, code=code, text=text)
        case OutcomeUnknown():
            return OrderOutcomeUnknown(client_order_id=name, text=text)
        case _:
            return unavailable("PlaceOrder", name, judged)


def not_cancelled(name: str, judged: VenueError) -> Message:
    """The outcome of a cancel that was not simply done."""
    text = str(judged)
    match judged:
        case RequestRefused(code=code, reason=reason):
            return CancelRefused(client_order_id=name, reason=reason, code=code, text=text)
        case OutcomeUnknown():
            return CancelOutcomeUnknown(client_order_id=name, text=text)
        case _:
            return unavailable("CancelOrder", name, judged)


def not_amended(name: str, judged: VenueError) -> Message:
    """The outcome of an amendment that was not simply done."""
    text = str(judged)
    match judged:
        case RequestRefused(code=code, reason=reason):
            return AmendRefused(client_order_id=name, reason=reason, code=code, text=text)
        case OutcomeUnknown():
            return AmendOutcomeUnknown(client_order_id=name, text=text)
        case _:
            return unavailable("AmendOrder", name, judged)


def unavailable(call: str, detail: str, judged: VenueError, kind: str = "") -> ExchangeUnavailable:
    """Without effect; `call` names what was asked, `detail` its subject, `kind` what kept it from being answered."""
    wait_ms = judged.retry_after_ms if isinstance(judged, RateLimited) else WAIT_MS
    return ExchangeUnavailable(
        call=call, detail=detail, kind=kind or kind_of(judged), text=str(judged), retry_after_ms=wait_ms
    )


def kind_of(judged: VenueError) -> str:
    """Our word for what kept the exchange from answering."""
    match judged:
        case RateLimited(is_ban=True):
            return "banned"
        case RateLimited(is_of_orders=True):
            return ORDER_LIMIT
        case RateLimited():
            return RATE_LIMITED
        case AccessDenied():
            return "access_denied"
        case RequestRefused():
            return "refused"
        case _:
            return "unavailable"
