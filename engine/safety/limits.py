"""Limits: what bounds trading and waiting. Every wait has one (A7); each default says what it protects from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.safety.host import HostLimits

RECEIVE_WINDOW_MS = 10_000  # sent with every signed request: the exchange refuses what comes later
ARRIVES_WITHIN_NS = (RECEIVE_WINDOW_MS + 1_000) * 1_000_000  # by a clock up to a second off the exchange's


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in ms of our clock; money in the settlement currency."""

    stale_data_ms: int = 10_000  # silence of the mark price after which nobody knows the market
    reconcile_every_ms: int = 5_000
    reconciliation_valid_ms: int = 20_000  # an older verdict counts as none
    resolve_every_ms: int = 500
    receive_window_ms: int = RECEIVE_WINDOW_MS  # until then a lost request may still be accepted
    not_found_needed: int = 3  # at least; and for a request that may be on its way still, as long as that may take
    order_answer_ms: int = 10_000  # a request unanswered for so long is UNKNOWN
    naked_limit_ms: int = 5_000  # a position without a stop for so long is closed
    trigger_stuck_ms: int = 3_000  # a triggered stop that does not fill
    fill_owner_ms: int = 1_000  # a fill may run ahead of the word that says whose it is
    fill_owner_most_ms: int = 5_000  # also while an order that might claim it does not answer
    entry_settles_ms: int = 250  # wait so long for more fills of an entry before protecting what there is
    stop_move_interval_ms: int = 1_000
    signal_age_ms: int = 10_000
    exit_retry_ms: int = 1_000
    exit_again_ms: int = 3_000  # an exit unknown for so long gets another beside it; both only reduce
    most_rejections: int = 3  # of one purpose within a trade, then the next rung of the ladder
    most_entry_failures: int = 10  # in a row, then the instance disables itself
    notify_retry_ms: int = 30_000
    guard_lease_ms: int = 400
    silence_ms: int = 60_000  # no word of the exchange for so long is a blocked network
    alarm_window_ms: int = 60_000  # outcomes are counted over so long
    quiet_ms: int = 30_000  # without a new one, after which YELLOW eases
    unknown_orders_yellow: int = 3
    unknown_orders_red: int = 10
    refusals_yellow: int = 3
    refusals_red: int = 10
    unavailable_yellow: int = 5
    unavailable_red: int = 40
    stream_losses_yellow: int = 3
    stream_losses_red: int = 20
    emergencies_yellow: int = 1
    emergencies_red: int = 3
    slow_window_ms: int = 3_600_000  # outcomes that come once a bar at most are counted over so long
    partial_fills_yellow: int = 5  # entries that ended with less than was ordered
    partial_fills_red: int = 30
    restarts_window_ms: int = 300_000
    restarts_yellow: int = 8  # deaths of actors; the supervisor gives up by itself when one role dies too often
    restarts_red: int = 40
    clock_steps_yellow: int = 1  # within the restarts' window
    clock_steps_red: int = 20
    closed_symbol_yellow: int = 1  # refusals because the instrument is not being traded
    closed_symbol_red: int = 10
    slow_answers_ms: int = 4_000  # a whole reading of the account that takes so long: the exchange is slow
    volatility_bars: int = 30
    max_volatility: Decimal = Decimal("0.03")  # standard deviation of the closes' changes, a share a bar
    position_excess_yellow: Decimal = Decimal("1.5")  # times the largest notional allowed: the market made it so
    position_excess_red: Decimal = Decimal(3)
    sharpe_trades: int = 30  # the newest so many trades are judged
    least_sharpe: Decimal = Decimal("-0.3")  # mean over deviation of their profits; worse is a warning
    host: HostLimits = HostLimits()
    rush_factor: int = 2  # times the usual rate of orders
    rush_orders: int = 10  # fewer within a minute are no rush
    max_entries_a_minute: int = 30
    max_orders_a_minute: int = 240
    max_leverage: int = 5
    max_notional: Decimal = Decimal(50_000)
    max_quantity: Decimal = Decimal(1_000_000_000)  # of the instrument; for a fat finger in the sizing
    max_concentration: Decimal = Decimal(1)  # share of the equity that may be margin of one position
    max_daily_loss: Decimal = Decimal(2_000)
    max_drawdown: Decimal = Decimal("0.5")  # from the highest equity
    price_band: Decimal = Decimal("0.02")  # mark from the signal's close, either way
    max_slippage: Decimal = Decimal("0.005")  # expected: refused; suffered: YELLOW
    huge_slippage: Decimal = Decimal("0.03")  # suffered: RED
    slippage_pause_ms: int = 300_000  # YELLOW for so long after a slipped entry
    day_zone: str = "UTC"  # whose midnight begins the day of the daily loss
