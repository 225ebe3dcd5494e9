"""What the rate limiter keeps in mind: the limits, what was spent in the running windows, and who holds leases.

Theory of operation in `actors.rate_limiter`. All of it is pure; `actors.spending_memory` says what of it is on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.budget import RESERVE_ORDERS, RESERVE_WEIGHT
from engine.frozen import replace
from engine.messages.budget import BudgetWanted

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
ORDERS_WINDOW = 10 * SECOND
RESERVED_FOR = 20  # instances; for more, more is withheld
WEIGHT_EACH, ORDERS_EACH = 2 * RESERVE_WEIGHT, RESERVE_ORDERS  # executor and reconciler; only the one sends orders
SETTLED_NS = 2 * SECOND  # a window's first counts: clocks differ, and answers take their time


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Of one account and address. The defaults are Binance USDT-M's, but for orders: it takes 300 in ten seconds, and
    no more than 1,200 in a minute. `reserved_…` is never granted: the protective reserves may spend it at any moment.
    """

    weight_per_minute: int = 2_400
    orders_per_ten_seconds: int = 200
    reserved_weight: int = RESERVED_FOR * WEIGHT_EACH
    reserved_orders: int = RESERVED_FOR * ORDERS_EACH
    lease_ns: int = 3 * SECOND
    forget_ns: int = 10 * SECOND
    urgent_share: float = 0.1  # of what is granted, for whoever has to protect: late in a minute, too
    reading_share: float = 0.74  # of the rest, for readings in turn; orders, and what they make one ask, take more

    def usable_weight(self, instances: int) -> int:
        """What so many instances may have in leases."""
        return self.weight_per_minute - max(self.reserved_weight, instances * WEIGHT_EACH)

    def ordinary_weight(self, instances: int) -> int:
        """Of that, what those may have who only read, ask and enter."""
        return int(self.usable_weight(instances) * (1 - self.urgent_share))

    def usable_orders(self, instances: int) -> int:
        return self.orders_per_ten_seconds - max(self.reserved_orders, instances * ORDERS_EACH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was spent on one account in the running windows, beside what is out in leases."""

    minute: int = 0
    weight: int = 0
    orders_window: int = 0
    orders: int = 0
    backed_off_until_ns: int = 0
    is_stopped: bool = False
    exchange: str = ""


NOTHING_SPENT = Spending()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One process and the lease it holds. `lacking` is what its request costs that waits since `waits_since_ns`;
    `told_…` what its `life` said it had paid so far.
    """

    account: str
    to: str
    weight: int
    orders: int
    expires_at_ns: int
    takes_orders: bool
    reads_account: bool
    lacking: int
    waits_since_ns: int
    life: int
    told_weight: int
    told_orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`is_ready` once the memory was read; a damaged one grants nothing for a minute, as if all had been spent."""

    accounts: Mapping[str, Spending] = field(default_factory=dict)
    askers: Mapping[str, Asker] = field(default_factory=dict)
    is_ready: bool = False


def settled(state: State, now_ns: int) -> State:
    """In the windows of now. What a lease that ran out was for counts as spent, until its holder tells."""
    accounts = {name: _in_windows(spending, now_ns) for name, spending in state.accounts.items()}
    askers = dict(state.askers)
    for name, one in state.askers.items():
        if now_ns >= one.expires_at_ns and (one.weight or one.orders):
            weight = one.weight if one.expires_at_ns // MINUTE == now_ns // MINUTE else 0
            orders = one.orders if one.expires_at_ns // ORDERS_WINDOW == now_ns // ORDERS_WINDOW else 0
            accounts[one.account] = _plus(accounts[one.account], weight, orders)
            told_weight, told_orders = one.told_weight + one.weight, one.told_orders + one.orders
            askers[name] = replace(one, weight=0, orders=0, told_weight=told_weight, told_orders=told_orders)
    return replace(state, accounts=accounts, askers=askers)


def told(state: State, wanted: BudgetWanted, name: str, now_ns: int) -> State:
    """A settled state after hearing what this asker spent; what it holds is put back, to be granted anew.

    An asker nobody remembers may have spent what was noted before a restart, which counts already.
    """
    spending = state.accounts.get(wanted.account) or _in_windows(NOTHING_SPENT, now_ns)
    spending = replace(spending, exchange=wanted.exchange)
    held = state.askers.get(name)
    if held is not None and held.life == wanted.life:
        weight, orders = wanted.spent_weight - held.told_weight, wanted.spent_orders - held.told_orders
        spending = _plus(spending, max(0, weight), max(0, orders))
    elif held is not None:  # its process is gone, with what it held
        spending = _plus(spending, held.weight, held.orders)
    askers = {key: one for key, one in state.askers.items() if key != name}
    return replace(state, accounts={**state.accounts, wanted.account: spending}, askers=askers)


def neighbours(state: State, account: str) -> frozenset[str]:
    """It and all accounts at the same exchange: weight and bans are of our address, orders of the account."""
    exchange = state.accounts[account].exchange if account in state.accounts else ""
    there = (name for name, one in state.accounts.items() if exchange and one.exchange == exchange)
    return frozenset((account, *there))


def askers_of(state: State, accounts: frozenset[str]) -> list[Asker]:
    return [one for one in state.askers.values() if one.account in accounts]


def total(state: State, account: str) -> tuple[int, int]:
    """(weight of the address, orders of the account) in the running windows: what was spent, and what is out."""
    near = neighbours(state, account)
    weight = sum(one.weight for one in askers_of(state, near))
    orders = sum(one.orders for one in askers_of(state, frozenset((account,))))
    weight += sum(state.accounts[name].weight for name in near if name in state.accounts)
    return weight, orders + state.accounts.get(account, NOTHING_SPENT).orders


def instances(state: State, accounts: frozenset[str]) -> frozenset[str]:
    """Who shares these accounts, as far as is known: whoever asked lately."""
    return frozenset(name.rpartition(".")[0] for name, one in state.askers.items() if one.account in accounts)


def left_alone_until_ns(state: State, account: str) -> int:
    """Whichever account at this exchange was told to wait."""
    return max((one.backed_off_until_ns for one in _known(state, account)), default=0)


def banned_for_ns(state: State, account: str, now_ns: int) -> int:
    ends = [one.backed_off_until_ns for one in _known(state, account) if one.is_stopped]
    return max(0, max(ends, default=0) - now_ns)


def _known(state: State, account: str) -> list[Spending]:
    return [state.accounts[name] for name in neighbours(state, account) if name in state.accounts]


def _in_windows(spending: Spending, now_ns: int) -> Spending:
    minute, window = now_ns // MINUTE, now_ns // ORDERS_WINDOW
    if spending.minute != minute:
        spending = replace(spending, minute=minute, weight=0)
    if spending.orders_window != window:
        spending = replace(spending, orders_window=window, orders=0)
    is_over = spending.is_stopped and now_ns >= spending.backed_off_until_ns
    return replace(spending, is_stopped=False) if is_over else spending


def _plus(spending: Spending, weight: int, orders: int) -> Spending:
    if not weight and not orders:
        return spending
    return replace(spending, weight=spending.weight + weight, orders=spending.orders + orders)


def is_of_now(observed_at_ns: int, window_ns: int, now_ns: int) -> bool:
    """Whether what was counted then belongs to the window of now for certain."""
    return observed_at_ns // window_ns == now_ns // window_ns and observed_at_ns % window_ns >= SETTLED_NS


def shown(state: State) -> dict[str, object]:
    totals = {name: total(state, name) for name in state.accounts}
    return {
        "accounts": {name: {"weight": weight, "orders": orders} for name, (weight, orders) in totals.items()},
        "askers": len(state.askers),
    }
