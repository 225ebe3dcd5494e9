"""Readiness: what the executor knows of the world at this moment, besides its book. A restart learns it again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Times are our clock; None means never. `symbol_status` is the exchange's word; empty while it is trading.

    `has_reading` once position and orders were read, which is enough to protect; `has_snapshot` once all was. `hears`
    once they were read while the user stream was up (`user_stream_since_ns`), and it has been since: nothing that
    becomes of an order escapes then. `leased_to` is who trades the instrument instead of us, as we were last told.
    """

    has_reading: bool = False
    has_snapshot: bool = False
    user_stream_up: bool = False
    user_stream_since_ns: int = 0
    hears: bool = False
    market_up: bool = True
    mark: Decimal | None = None
    mark_at_ns: int | None = None
    reconciled_at_ns: int | None = None
    leased_until_ns: int | None = None
    leased_to: str = ""
    available_balance: Decimal = Decimal(0)
    symbol_status: str = ""
