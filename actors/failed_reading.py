"""A reading of the exchange that failed. Whoever reads tells the executor, whose breaker counts it (C14)."""

from __future__ import annotations

from engine.machine import Send
from engine.messages.control import ReadingFailed
from engine.messages.exchange import RATE_LIMITED, ExchangeUnavailable

NEVER_ASKED = ("resting", RATE_LIMITED)  # after many failures, each of which was told; and without request budget


def told(refusal: ExchangeUnavailable) -> tuple[Send, ...]:
    """What the executor is to hear of it: nothing where the exchange was not asked, so that it has failed nobody."""
    if refusal.kind in NEVER_ASKED:
        return ()
    return (Send(to="executor", message=ReadingFailed(call=refusal.call, kind=refusal.kind)),)
