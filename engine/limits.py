"""Limits: what bounds trading and waiting. Every wait has one (A7); each default says what it protects from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in ms of our clock; money in the settlement currency."""

    stale_data_ms: int = 10_000  # silence of the mark price after which nobody knows the market
    reconcile_every_ms: int = 5_000
    reconciliation_valid_ms: int = 20_000  # an older verdict counts as none
    resolve_every_ms: int = 500
    receive_window_ms: int = 10_000  # until then a lost request may still be accepted
    not_found_needed: int = 3
    order_answer_ms: int = 10_000  # a request unanswered for so long is UNKNOWN
    naked_limit_ms: int = 5_000  # a position without a stop for so long is closed
    trigger_stuck_ms: int = 3_000  # a triggered stop that does not fill
    entry_settles_ms: int = 250  # wait so long for more fills of an entry before protecting what there is
    stop_move_interval_ms: int = 1_000
    signal_age_ms: int = 10_000
    exit_retry_ms: int = 1_000
    most_rejections: int = 3  # of one purpose within a trade, then the next rung of the ladder
    most_entry_failures: int = 10  # in a row, then the instance disables itself
    notify_retry_ms: int = 30_000
    guard_lease_ms: int = 400
    max_leverage: int = 5
    max_notional: Decimal = Decimal(50_000)
    max_daily_loss: Decimal = Decimal(2_000)
