"""Request budget: how much may be asked of the exchange. A lease from the limiter, and a small reserve of one's own.

Ordinary requests live on the lease. Protective ones (exits, stops, cancels, and what a recovery has to read)
take the lease while it lasts and then the reserve: so they neither wait behind others nor depend on the limiter being
alive. The limiter never grants the share of the exchange's limit that these reserves add up to (`actors.spending`).

That sum is exact because a reserve is no bucket that fills while it is spent, which pays almost twice in the first
minute: what was spent comes back when the exchange's window has surely passed, a minute later as weight and ten seconds
later as orders, and the time that a request may be on its way. So in no window, wherever it begins, a reserve pays more
than its size. It belongs to the role and not to one life of it: a process that is started again finds in it what the
one before left (`actors.shell.purse`).
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.frozen import replace

ON_ITS_WAY_NS = 2_000_000_000
WEIGHT_BACK_NS, ORDERS_BACK_NS = 60_000_000_000 + ON_ITS_WAY_NS, 10_000_000_000 + ON_ITS_WAY_NS
RESERVE_WEIGHT = 18  # executor and reconciler of 20 instances on one account: the 720 the limiter leaves alone
RESERVE_ORDERS = 5  # a stop, an exit, the cancels of the stop and of an entry, and one more; in ten seconds
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
class Payment:
    """Out of the reserve, and when."""

    at_ns: int
    weight: int
    orders: int


ALL_OF_IT = Payment(at_ns=0, weight=RESERVE_WEIGHT, orders=RESERVE_ORDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent now. `paid` are the payments out of the reserve that have not come back."""

    weight: int = 0
    orders: int = 0
    expires_at_ns: int = 0
    paid: tuple[Payment, ...] = ()
    backed_off_until_ns: int = 0
    stopped_until_ns: int = 0
    orders_held_until_ns: int = 0


def grant(budget: Budget, *, weight: int, orders: int, valid_for_ns: int, now_ns: int) -> Budget:
    """A new lease replaces the old one."""
    return replace(budget, weight=weight, orders=orders, expires_at_ns=now_ns + valid_for_ns)


def back_off(budget: Budget, *, until_ns: int, is_ban: bool) -> Budget:
    """The exchange wants to be left alone; after a ban even by protective requests, for each would prolong it."""
    later = replace(budget, backed_off_until_ns=max(budget.backed_off_until_ns, until_ns))
    return replace(later, stopped_until_ns=max(budget.stopped_until_ns, until_ns)) if is_ban else later


def hold_orders(budget: Budget, until_ns: int) -> Budget:
    """The exchange takes no more new orders for now: entries wait, what protects is tried, all else goes on."""
    return replace(budget, orders_held_until_ns=max(budget.orders_held_until_ns, until_ns))


def is_ample(share: int) -> bool:
    """Whether an instance's share of the account's weight (a minute; 0: not known) lets it read as it likes."""
    return share == 0 or share >= AMPLE_SHARE


def spend(budget: Budget, cost: Cost, now_ns: int) -> Budget | None:
    """The budget after paying `cost`; None when it cannot be paid."""
    is_held = cost.orders > 0 and not cost.is_protective and now_ns < budget.orders_held_until_ns
    if now_ns < budget.stopped_until_ns or is_held:
        return None
    if now_ns >= budget.backed_off_until_ns and _lease_covers(budget, cost, now_ns):
        return replace(budget, weight=budget.weight - cost.weight, orders=budget.orders - cost.orders)
    return _spend_reserve(budget, cost, now_ns) if cost.is_protective else None


def can_spend(budget: Budget, cost: Cost, now_ns: int) -> bool:
    """Whether `spend` would pay."""
    return spend(budget, cost, now_ns) is not None


def reserve_left(budget: Budget, now_ns: int) -> tuple[int, int]:
    """(weight, orders) that the reserve still pays now."""
    weight = sum(one.weight for one in budget.paid if now_ns - one.at_ns < WEIGHT_BACK_NS)
    orders = sum(one.orders for one in budget.paid if now_ns - one.at_ns < ORDERS_BACK_NS)
    return RESERVE_WEIGHT - weight, RESERVE_ORDERS - orders


def _lease_covers(budget: Budget, cost: Cost, now_ns: int) -> bool:
    return now_ns < budget.expires_at_ns and budget.weight >= cost.weight and budget.orders >= cost.orders


def _spend_reserve(budget: Budget, cost: Cost, now_ns: int) -> Budget | None:
    weight, orders = reserve_left(budget, now_ns)
    if weight - cost.weight < cost.leaves or orders < cost.orders:
        return None
    out = tuple(one for one in budget.paid if now_ns - one.at_ns < WEIGHT_BACK_NS)
    return replace(budget, paid=(*out, Payment(at_ns=now_ns, weight=cost.weight, orders=cost.orders)))
