"""Request budget: how much may be asked of the exchange. A lease from the limiter, and a small reserve of one's own.

Ordinary requests live on the lease. Protective ones (exits, stops, cancels, and what a recovery has to read)
take the lease while it lasts and then the reserve, which fills up slowly by itself: so they neither wait behind others
nor depend on the limiter being alive. The limiter never grants the share of the exchange's limit that these reserves
add up to.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.frozen import replace

MINUTE_NS = 60_000_000_000
RESERVE_WEIGHT = 18  # executor and reconciler of 20 instances on one account: the 720 the limiter leaves alone
RESERVE_ORDERS = 10
KEPT_FOR_ORDERS = 8  # of the reserve's weight
FULL_READING, LIGHT_READING = 18, 7  # weight of a snapshot at Binance, the dearest exchange we speak
AMPLE_SHARE = 12 * FULL_READING  # a minute: a full reading every five seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call takes of the exchange's limits. `leaves` is what must be left of the reserve's weight after it:
    questions, however pressing, must not eat what a stop needs.
    """

    weight: int
    orders: int = 0
    is_protective: bool = False
    leaves: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent now. The reserve is counted in fractions so that it fills evenly."""

    weight: int = 0
    orders: int = 0
    expires_at_ns: int = 0
    reserve_weight: float = RESERVE_WEIGHT
    reserve_orders: float = RESERVE_ORDERS
    reserve_counted_at_ns: int = 0
    backed_off_until_ns: int = 0
    stopped_until_ns: int = 0


def grant(budget: Budget, *, weight: int, orders: int, valid_for_ns: int, now_ns: int) -> Budget:
    """A new lease replaces the old one."""
    return replace(budget, weight=weight, orders=orders, expires_at_ns=now_ns + valid_for_ns)


def back_off(budget: Budget, *, until_ns: int, is_ban: bool) -> Budget:
    """The exchange wants to be left alone; after a ban even by protective requests, for each would prolong it."""
    later = replace(budget, backed_off_until_ns=max(budget.backed_off_until_ns, until_ns))
    return replace(later, stopped_until_ns=max(budget.stopped_until_ns, until_ns)) if is_ban else later


def is_ample(share: int) -> bool:
    """Whether an instance's share of the account's weight (a minute; 0: not known) lets it read as it likes."""
    return share == 0 or share >= AMPLE_SHARE


def spend(budget: Budget, cost: Cost, now_ns: int) -> Budget | None:
    """The budget after paying `cost`; None when it cannot be paid."""
    if now_ns < budget.stopped_until_ns:
        return None
    if now_ns >= budget.backed_off_until_ns and _lease_covers(budget, cost, now_ns):
        return replace(budget, weight=budget.weight - cost.weight, orders=budget.orders - cost.orders)
    return _spend_reserve(refill(budget, now_ns), cost) if cost.is_protective else None


def can_spend(budget: Budget, cost: Cost, now_ns: int) -> bool:
    """Whether `spend` would pay."""
    return spend(budget, cost, now_ns) is not None


def refill(budget: Budget, now_ns: int) -> Budget:
    """The reserve fills from empty to full in a minute."""
    share = max(0, now_ns - budget.reserve_counted_at_ns) / MINUTE_NS
    return replace(
        budget,
        reserve_weight=min(RESERVE_WEIGHT, budget.reserve_weight + share * RESERVE_WEIGHT),
        reserve_orders=min(RESERVE_ORDERS, budget.reserve_orders + share * RESERVE_ORDERS),
        reserve_counted_at_ns=now_ns,
    )


def _lease_covers(budget: Budget, cost: Cost, now_ns: int) -> bool:
    return now_ns < budget.expires_at_ns and budget.weight >= cost.weight and budget.orders >= cost.orders


def _spend_reserve(budget: Budget, cost: Cost) -> Budget | None:
    weight, orders = budget.reserve_weight - cost.weight, budget.reserve_orders - cost.orders
    if weight < cost.leaves or orders < 0:
        return None
    return replace(budget, reserve_weight=weight, reserve_orders=orders)
