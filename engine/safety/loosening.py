"""Loosening: which limits would bind less than before. While a position is open, or may be, a person must say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal

from engine.safety.limits import Limits

GREATER_IS_LOOSER = (
    *("max_", "most_", "price_band", "huge_slippage", "silence_ms", "stale_data_ms", "naked_limit_ms", "signal_age_ms"),
    *("reconciliation_valid_ms", "slow_answers_ms", "rush_", "position_excess_", "guard_lease_ms"),
    *("trigger_stuck_ms", "entry_settles_ms", "fill_owner_", "stop_move_interval_ms", "exit_retry_ms", "exit_again_ms"),
    *("reconcile_every_ms", "resolve_every_ms", "order_answer_ms"),  # whoever waits longer protects later
)
LESS_IS_LOOSER = (
    *("host.disk_free_mb", "least_sharpe", "alarm_window_ms", "slow_window_ms", "restarts_window_ms", "quiet_ms"),
    *("slippage_pause_ms", "not_found_needed", "receive_window_ms"),
)
# another day begins the daily loss anew; what is measured over other bars or trades may come out smaller either way
ANY_IS_LOOSER = ("day_zone", "volatility_bars", "sharpe_trades")
BINDS_NOTHING = ("notify_retry_ms",)
PAIR = ("_yellow", "_red")


def as_text(limits: Limits) -> dict[str, str]:
    """Every limit by name, those of the host as `host.NAME`, as the journal keeps them."""
    values = asdict(limits)
    host = {f"host.{name}": str(value) for name, value in values.pop("host").items()}
    return {name: str(value) for name, value in values.items()} | host


def loosened(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """`max_notional 50000 -> 90000` for each that binds less. A limit unknown before is none that was loosened."""
    changed = (name for name in after if name in before and after[name] != before[name])
    return tuple(f"{name} {before[name]} -> {after[name]}" for name in changed if _is_looser(name, before, after))


def _is_looser(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    if name in ANY_IS_LOOSER:
        return True
    if name.startswith(LESS_IS_LOOSER):
        return Decimal(after[name]) < Decimal(before[name])
    if name.startswith(GREATER_IS_LOOSER) or name.endswith(PAIR):
        return Decimal(after[name]) > Decimal(before[name])
    return False
