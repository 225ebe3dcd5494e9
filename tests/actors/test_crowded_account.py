"""An account that many instances share: budget in useful pieces, light rounds, a pace that all can keep.

Twenty instances once held so many small leases that none could pay for one reading of the exchange; all halted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import pace
from actors.rate_limiter import RateLimiter
from actors.shell.budget_keeper import BudgetKeeper, cost_of
from actors.spending import MINUTE, SECOND, RateLimits, total
from engine.budget import AMPLE_SHARE, FULL_READING, Cost
from engine.machine import Send
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.budget import BudgetGranted, BudgetWanted
from engine.safety.limits import Limits
from tests.builders import MS, SYMBOL

LIMITS = Limits()
CROWDED = 55  # twenty instances of one Binance account
ROLES = ("executor", "reconciler", "data")
START_NS = 1_000 * MINUTE


# --- limiter and keepers together ------------------------------------------------------------------------------------


class Account:
    """A limiter and the processes of `count` instances, in virtual time."""

    def __init__(self, count: int) -> None:
        self.now_ns = START_NS
        self.machine = RateLimiter()
        self.state, _ = self.machine.start(self.now_ns)
        self.state, _ = self.machine.receive(self.state, ct.JournalRead(events=()), self.now_ns)
        self.keepers = {
            (f"live-{number}", role): BudgetKeeper(
                instance=f"live-{number}", account="main", role=role, now_ns=lambda: self.now_ns
            )
            for number in range(count)
            for role in ROLES
        }
        self.readings: Counter[str] = Counter()
        self.spent: Counter[int] = Counter()

    def beat(self) -> None:
        self.now_ns += SECOND // 10
        self.state, _ = self.machine.receive(self.state, ct.Woken(label="tick"), self.now_ns)
        for keeper in self.keepers.values():
            wanted = keeper.renewal()
            if wanted is not None:
                self.state, effects = self.machine.receive(self.state, wanted, self.now_ns)
                keeper.take(next(e.message for e in effects if isinstance(e, Send)))  # type: ignore[arg-type]

    def read(self, name: str, weight: int) -> bool:
        """Whether this reconciler could pay for a reading."""
        is_paid = self.keepers[name, "reconciler"].spend(Cost(weight=weight))
        self.readings[name] += is_paid
        self.spent[self.now_ns // MINUTE] += weight * is_paid
        return is_paid


@pytest.mark.parametrize("count", [1, 4, 20, 30])
def test_everybody_reads_equally_often_however_many_they_are_and_however_greedy(count: int) -> None:
    account, ordinary = Account(count), RateLimits().ordinary_weight(count)
    for beat in range(1_800):
        if beat == 600:  # in the first minute they learn how many they are
            account.readings.clear()
        account.beat()
        for number in range(count):
            account.read(f"live-{number}", FULL_READING)

    least, most = min(account.readings.values()), max(account.readings.values())
    assert most - least <= 3
    assert sum(account.readings.values()) * FULL_READING >= 2 * 0.95 * ordinary
    assert max(account.spent.values()) <= ordinary


def test_twenty_who_keep_the_pace_read_within_ten_seconds_each() -> None:
    account, latest, longest_ns = Account(20), dict[str, int](), 0
    due = {f"live-{number}": START_NS + number * SECOND // 4 for number in range(20)}
    full = dict.fromkeys(due, START_NS)
    for _ in range(10 * 240):
        account.beat()
        for name, due_ns in due.items():
            now_ns = account.now_ns
            is_light = pace.may_be_light(CROWDED, (now_ns - full[name]) // MS)
            call = ex.TakeSnapshot(symbol=SYMBOL, fills_since_ns=0, is_light=is_light)
            if now_ns < due_ns or not account.read(name, cost_of(call).weight):
                continue
            longest_ns = max(longest_ns, now_ns - latest.get(name, now_ns))
            latest[name], due[name] = now_ns, now_ns + pace.every_ms(CROWDED, 5_000) * MS
            full[name] = full[name] if is_light else now_ns

    assert longest_ns <= 10 * SECOND


def test_the_share_falls_with_each_instance_and_is_told_with_each_grant() -> None:
    shares = []
    for count in (1, 5, 20):
        account = Account(count)
        for _ in range(50):
            account.beat()
        shares.append(account.machine.receive(account.state, asked("live-0"), account.now_ns)[1])

    told = [next(e.message for e in effects if isinstance(e, Send)) for effects in shares]
    assert [one.share for one in told if isinstance(one, BudgetGranted)] == [1_118, 223, CROWDED]


def asked(instance: str, weight: int = 0, least: int = 0, role: str = "reconciler") -> BudgetWanted:
    return BudgetWanted(
        instance=instance,
        account="main",
        role=role,
        reply_to=role,
        weight=weight,
        orders=0,
        least_weight=least,
    )


def granted(account: Account, wanted: BudgetWanted) -> int:
    account.state, effects = account.machine.receive(account.state, wanted, account.now_ns)
    [answer] = [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, BudgetGranted)]
    return answer.weight


def test_what_waits_is_paid_in_full_or_not_at_all() -> None:
    account = Account(0)
    for number in range(60):
        granted(account, asked("other", weight=26, role=f"process-{number}"))
    left = RateLimits().usable_weight(1) - total(account.state, "main")[0]

    assert granted(account, asked("live-1", weight=FULL_READING)) < FULL_READING  # an equal part is too little
    assert granted(account, asked("live-1", weight=FULL_READING, least=FULL_READING)) == FULL_READING
    assert granted(account, asked("live-2", weight=left, least=left)) == 0


def test_who_has_to_protect_comes_before_all_who_wait() -> None:
    account = Account(0)
    for number in range(84):
        granted(account, asked("other", weight=20, least=20, role=f"process-{number}"))
    assert granted(account, asked("waits", weight=FULL_READING, least=FULL_READING)) == 0
    granted(account, asked("other", role="process-0"))  # it needs nothing any more

    pressing = replace(asked("protects", weight=FULL_READING, least=FULL_READING), is_urgent=True)
    assert granted(account, pressing) == FULL_READING
    assert granted(account, asked("waits", weight=FULL_READING, least=FULL_READING)) == 0


def test_the_last_tenth_of_a_minute_is_for_who_has_to_protect() -> None:
    """Who died twice in a minute has nothing left of his reserve, and readings had all the rest (seed 870)."""
    account = Account(0)
    for number in range(200):
        granted(account, asked("other", weight=20, least=20, role=f"process-{number}"))
    recovers = replace(asked("protects", weight=FULL_READING, least=FULL_READING), is_urgent=True)

    assert granted(account, asked("reads", weight=1, least=1)) <= 1
    assert [granted(account, replace(recovers, role=f"life-{number}")) for number in range(9)] == [FULL_READING] * 9
    assert total(account.state, "main")[0] <= RateLimits().usable_weight(3)


def test_only_executors_hold_orders_and_idle_readers_of_a_crowded_account_hold_nothing() -> None:
    account = Account(20)
    for _ in range(100):
        account.beat()

    held = {role: [account.keepers[f"live-{n}", role]._budget for n in range(20)] for role in ROLES}
    assert {budget.orders for budget in held["executor"]} <= {2, 3}
    assert {budget.weight for budget in held["executor"]} == {3}
    for role in ("reconciler", "data"):
        assert {(budget.weight, budget.orders) for budget in held[role]} == {(0, 0)}


# --- the pace --------------------------------------------------------------------------------------------------------


def test_an_ample_share_changes_nothing() -> None:
    for share in (0, AMPLE_SHARE, 1_360):
        assert pace.every_ms(share, 5_000) == 5_000
        assert not pace.may_be_light(share, 0)


@pytest.mark.parametrize(("share", "every_s"), [(CROWDED, 9.5), (90, 5.3), (36, 16.8), (10, 30.0)])
def test_a_small_one_makes_the_rounds_rarer(share: int, every_s: float) -> None:
    assert pace.every_ms(share, 5_000) / 1_000 == pytest.approx(every_s, abs=0.1)


@pytest.mark.parametrize(
    ("share", "since_ms", "rest_ms"),
    [(CROWDED, 0, 2_000), (CROWDED, 500, 1_500), (CROWDED, 2_000, 0), (CROWDED, -3_600_000, 0), (AMPLE_SHARE, 0, 0)],
)
def test_out_of_turn_nobody_waits_longer_than_two_seconds_whatever_the_clock_does(
    share: int, since_ms: int, rest_ms: int
) -> None:
    assert pace.rest_ms(share, since_ms) == rest_ms


@given(st.integers(36, 2_000), st.integers(5_000, 30_000))
def test_the_pace_never_costs_more_than_the_share(share: int, usual_ms: int) -> None:
    every_ms = pace.every_ms(share, usual_ms)
    full_ones = min(60_000 / every_ms, 60_000 / pace.FULL_EVERY_MS)
    light_ones = 60_000 / every_ms - full_ones

    assert every_ms >= usual_ms
    assert full_ones * FULL_READING + light_ones * 7 <= max(share, 25) + 1 or every_ms == usual_ms
