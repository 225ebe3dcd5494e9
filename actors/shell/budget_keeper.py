"""The request budget of one process: spent locally before each request, so that no order waits for a hop.

It asks the limiter ahead of time. Requests are paid on the asyncio thread and grants arrive on the actor's: one lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine import budget as budgets
from engine.budget import Budget, Cost
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.control import BudgetGranted, BudgetWanted
from engine.order import OrderPurpose

LEAST_WEIGHT = 20  # a snapshot's worth, kept in hand even when idle so that an order never waits
LEAST_ORDERS = 4
RENEW_BEFORE_NS = 1_000_000_000
ASK_AGAIN_NS = 300_000_000

_READS: dict[type[Message], int] = {
    ex.PrepareInstrument: 10,
    ex.OpenUserStream: 2,
    ex.OpenMarketStream: 2,
    ex.TakeSnapshot: 20,
    ex.FetchFills: 5,
    ex.FetchBars: 10,
    ex.FindOrder: 2,
}


def cost_of(call: Message) -> Cost:
    """What `call` costs, as the dearest of the exchanges we speak counts it; headers correct the sum."""
    match call:
        case ex.PlaceOrder(order=order):
            return Cost(weight=1, orders=1, is_protective=order.purpose is not OrderPurpose.ENTRY)
        case ex.CancelOrder():
            return Cost(weight=1, orders=1, is_protective=True)
        case ex.FindOrder() | ex.PrepareInstrument():  # without them nobody knows what to protect
            return Cost(weight=_READS[type(call)], is_protective=True)
        case ex.TakeSnapshot(is_urgent=is_urgent):
            return Cost(weight=_READS[ex.TakeSnapshot], is_protective=is_urgent)
        case _:
            return Cost(weight=_READS.get(type(call), 5))


class BudgetKeeper:
    """Holds the lease of (instance, role) on an account."""

    def __init__(
        self, *, instance: str, account: str, role: str, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._now_ns = now_ns
        self._who = {"instance": instance, "account": account, "role": role, "reply_to": role}
        self._budget = Budget(reserve_counted_at_ns=self._now_ns())
        self._lock = threading.Lock()
        self._asked_at_ns = 0
        self._spent_weight = self._spent_orders = 0

    def spend(self, cost: Cost) -> bool:
        """Pay for one request; False when there is not enough."""
        with self._lock:
            after = budgets.spend(self._budget, cost, self._now_ns())
            if after is None:
                return False
            self._budget = after
            self._spent_weight += cost.weight
            self._spent_orders += cost.orders
            return True

    def can_spend(self, cost: Cost) -> bool:
        with self._lock:
            return budgets.can_spend(self._budget, cost, self._now_ns())

    def take(self, granted: BudgetGranted) -> None:
        """The limiter's answer, less what was spent since asking, from when on its time counts too."""
        with self._lock:
            asked_at_ns = self._asked_at_ns or self._now_ns()
            self._budget = budgets.grant(
                self._budget,
                weight=max(0, granted.weight - self._spent_weight),
                orders=max(0, granted.orders - self._spent_orders),
                valid_for_ns=granted.valid_for_ns,
                now_ns=asked_at_ns,
            )

    def back_off(self, *, retry_after_ms: int, is_ban: bool) -> None:
        """The exchange itself told this process to wait."""
        with self._lock:
            until_ns = self._now_ns() + retry_after_ms * 1_000_000
            self._budget = budgets.back_off(self._budget, until_ns=until_ns, is_ban=is_ban)

    def renewal(self) -> BudgetWanted | None:
        """What to ask the limiter now, if anything; with what is left of the old lease, which is counted already."""
        with self._lock:
            now_ns = self._now_ns()
            if not self._is_renewal_due(now_ns):
                return None
            self._asked_at_ns = now_ns
            return self._wanted(now_ns)

    def _is_renewal_due(self, now_ns: int) -> bool:
        if now_ns - self._asked_at_ns < ASK_AGAIN_NS:
            return False
        runs_out = self._budget.expires_at_ns - now_ns < RENEW_BEFORE_NS
        return runs_out or self._budget.weight < LEAST_WEIGHT // 2 or self._budget.orders < LEAST_ORDERS // 2

    def _wanted(self, now_ns: int) -> BudgetWanted:
        unspent = self._budget if now_ns < self._budget.expires_at_ns else Budget()
        wanted = BudgetWanted(
            **self._who,
            weight=max(LEAST_WEIGHT, 2 * self._spent_weight),
            orders=max(LEAST_ORDERS, 2 * self._spent_orders),
            unspent_weight=unspent.weight,
            unspent_orders=unspent.orders,
        )
        self._spent_weight = self._spent_orders = 0
        return wanted
