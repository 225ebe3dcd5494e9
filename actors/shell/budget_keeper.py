"""The request budget of one process: spent locally before each request, so that no order waits for a hop.

It asks the limiter ahead of time. Requests are paid on the asyncio thread and grants arrive on the actor's: one lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from actors.shell.purse import Purse
from engine import budget as budgets
from engine.budget import FULL_READING, KEPT_FOR_ORDERS, LIGHT_READING, Budget, Cost, is_ample
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted, BudgetWanted
from engine.order import OrderPurpose

LEAST_WEIGHT = 20  # a snapshot's worth, kept in hand even when idle so that nothing waits
SCARCE_WEIGHT = {"executor": 3}  # on a crowded account; who only reads asks when it needs to
LEAST_ORDERS = {"executor": 4}  # nobody else sends any
PACED = ("reconciler",)
RENEW_BEFORE_NS = 1_000_000_000
ASK_AGAIN_NS = 300_000_000
ANSWER_NS = 1_000_000_000  # an asking may have got lost
LISTENS_NS = 500_000_000  # a new life: the limiter, if it lives, has told by then whether there is a ban

_READS: dict[type[Message], int] = {
    ex.PrepareInstrument: 10,  # in truth 33, once in a life: the reserve must not be empty when a recovery begins
    ex.OpenUserStream: 2,
    ex.OpenMarketStream: 2,
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
        case ex.FindOrder() | ex.FetchFills() | ex.PrepareInstrument():  # without them nobody knows what to protect
            return Cost(weight=_READS[type(call)], is_protective=True, leaves=KEPT_FOR_ORDERS)
        case ex.TakeSnapshot(is_urgent=is_urgent, is_light=is_light):
            return Cost(weight=LIGHT_READING if is_light else FULL_READING, is_protective=is_urgent)
        case _:
            return Cost(weight=_READS.get(type(call), 5))


class BudgetKeeper:
    """Holds the lease of (instance, role) on an account."""

    def __init__(
        self,
        *,
        instance: str,
        account: str,
        role: str,
        now_ns: Callable[[], int] = time.monotonic_ns,
        purse: Purse | None = None,
        exchange: str = "",
    ) -> None:
        """Without a purse nobody remembers what an earlier life spent of the reserve."""
        self._now_ns = now_ns
        self._purse = purse
        self._who = {"instance": instance, "account": account, "exchange": exchange, "role": role, "reply_to": role}
        self._budget = Budget(paid=purse.left_behind(now_ns()) if purse is not None else ())
        self._lock = threading.Lock()
        self._asked_at_ns = 0
        self._asked_number, self._answered_number, self._life = 0, 0, self._now_ns()
        self._spent_weight = self._spent_orders = 0  # out of leases, in all
        self._at_asking = 0, 0  # the same when it asked last
        self._lacking, self._is_pressing = 0, False  # what the newest request that could not be paid costs
        self._share = 0
        self._orders_in_hand = LEAST_ORDERS.get(role, 0)
        self._listens_until_ns, self._has_heard = self._now_ns() + LISTENS_NS, False

    def spend(self, cost: Cost) -> bool:
        """Pay for one request; False when there is not enough."""
        with self._lock:
            now_ns = self._now_ns()
            after = None if self._listens(now_ns) else budgets.spend(self._budget, cost, now_ns)
            if after is None:
                self._lacking, self._is_pressing = cost.weight, cost.is_protective
                return False
            self._spent_weight += max(0, self._budget.weight - after.weight)
            self._spent_orders += max(0, self._budget.orders - after.orders)
            if self._purse is not None and after.paid != self._budget.paid:
                self._purse.keep(after.paid, now_ns)
            self._budget = after
            self._lacking = 0
            return True

    def can_spend(self, cost: Cost) -> bool:
        with self._lock:
            now_ns = self._now_ns()
            return not self._listens(now_ns) and budgets.can_spend(self._budget, cost, now_ns)

    def _listens(self, now_ns: int) -> bool:
        """A process that starts under a ban must not prolong it out of a reserve that knows nothing of it."""
        return not self._has_heard and now_ns < self._listens_until_ns

    def take(self, granted: BudgetGranted) -> bool:
        """The limiter's answer to the newest asking, less what was spent since then, from when on its time counts too.
        True when the machine must hear of it: who paces itself by its share, when that changed."""
        with self._lock:
            if granted.number not in (0, self._asked_number):
                return False
            self._answered_number, self._has_heard = self._asked_number, True
            weight, orders = self._spent_since_asking()
            share_before, self._share = self._share, granted.share or self._share
            self._budget = budgets.grant(
                self._budget,
                weight=max(0, granted.weight - weight),
                orders=max(0, granted.orders - orders),
                valid_for_ns=granted.valid_for_ns,
                now_ns=self._asked_at_ns or self._now_ns(),
            )
            if granted.banned_for_ns:
                self._stop(granted.banned_for_ns, is_ban=True)
            return self._share != share_before and self._who["role"] in PACED

    def _spent_since_asking(self) -> tuple[int, int]:
        weight, orders = self._at_asking
        return self._spent_weight - weight, self._spent_orders - orders

    def back_off(self, *, retry_after_ms: int, is_ban: bool) -> None:
        """The exchange itself told this process to wait."""
        with self._lock:
            self._stop(retry_after_ms * 1_000_000, is_ban=is_ban)

    def hold_orders(self, *, retry_after_ms: int) -> None:
        """The exchange takes no more new orders of this account for now."""
        with self._lock:
            self._budget = budgets.hold_orders(self._budget, self._now_ns() + retry_after_ms * 1_000_000)

    def _stop(self, for_ns: int, *, is_ban: bool) -> None:
        self._budget = budgets.back_off(self._budget, until_ns=self._now_ns() + for_ns, is_ban=is_ban)

    def renewal(self) -> BudgetWanted | None:
        """What to ask the limiter now, if anything."""
        with self._lock:
            now_ns = self._now_ns()
            if not self._is_renewal_due(now_ns):
                return None
            self._asked_at_ns = now_ns
            return self._wanted()

    def _is_renewal_due(self, now_ns: int) -> bool:
        pause_ns = ASK_AGAIN_NS if self._answered_number == self._asked_number else ANSWER_NS
        if self._asked_number and now_ns - self._asked_at_ns < pause_ns:
            return False
        left = self._budget
        if left.expires_at_ns - now_ns < RENEW_BEFORE_NS or left.weight < self._lacking:
            return True
        return left.weight < self._in_hand() // 2 or left.orders < self._orders_in_hand // 2

    def _wanted(self) -> BudgetWanted:
        weight, orders = self._spent_since_asking()
        as_before = 2 * weight if is_ample(self._share) else 0
        self._asked_number += 1
        self._at_asking = self._spent_weight, self._spent_orders
        return BudgetWanted(
            **self._who,
            weight=max(self._in_hand(), as_before, self._lacking),
            orders=max(self._orders_in_hand, 2 * orders),
            life=self._life,
            number=self._asked_number,
            spent_weight=self._spent_weight,
            spent_orders=self._spent_orders,
            least_weight=self._lacking,
            is_urgent=self._lacking > 0 and self._is_pressing,
        )

    def _in_hand(self) -> int:
        return LEAST_WEIGHT if is_ample(self._share) else SCARCE_WEIGHT.get(self._who["role"], 0)
