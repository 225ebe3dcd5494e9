"""What twenty instances spend together, leases and protective reserves: never more than the exchange takes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from actors.rate_limiter import RateLimiter
from actors.shell.budget_keeper import LISTENS_NS, BudgetKeeper
from actors.shell.purse import PurseFile
from actors.spending import MINUTE, SECOND, RateLimits
from engine.budget import ORDERS_BACK_NS, RESERVE_ORDERS, RESERVE_WEIGHT, WEIGHT_BACK_NS, Cost
from engine.machine import Send
from engine.messages.budget import BudgetGranted, UsageReported
from engine.messages.control import JournalRead, Woken

BINANCE_WEIGHT_A_MINUTE, BINANCE_ORDERS_IN_TEN_SECONDS, BINANCE_ORDERS_A_MINUTE = 2_400, 300, 1_200
STOP = Cost(weight=1, orders=1, is_protective=True)
ENTRY = Cost(weight=1, orders=1)
LOOK = Cost(weight=1, is_protective=True)
READ = Cost(weight=1)
START_NS = 1_000 * MINUTE
ROLES = ("executor", "reconciler")


class Account:
    """A limiter and the processes of so many instances, whose purses lie in `folder`, in virtual time."""

    def __init__(self, folder: Path, instances: int) -> None:
        self.now_ns = START_NS
        self.folder = folder
        self.machine = RateLimiter()
        self.state, _ = self.machine.start(self.now_ns)
        self.state, _ = self.machine.receive(self.state, JournalRead(events=()), self.now_ns)
        self.is_limiter_alive = True
        self.seats = [(f"live-{number}", role) for number in range(instances) for role in ROLES]
        self.keepers: dict[tuple[str, str], BudgetKeeper] = {}
        self.paid: list[tuple[int, Cost]] = []
        for seat in self.seats:
            self.restart(seat)

    def restart(self, seat: tuple[str, str]) -> None:
        """A new life, which knows nothing but what is on disk."""
        instance, role = seat
        purse = PurseFile(self.folder / f"{instance}-{role}", lambda: self.now_ns)
        self.keepers[seat] = BudgetKeeper(
            instance=instance, account="main", role=role, now_ns=lambda: self.now_ns, purse=purse
        )

    def pass_time(self, ns: int) -> None:
        self.now_ns += ns
        self.state, _ = self.machine.receive(self.state, Woken(label="tick"), self.now_ns)
        for keeper in self.keepers.values() if self.is_limiter_alive else ():
            self._renew(keeper)

    def _renew(self, keeper: BudgetKeeper) -> None:
        wanted = keeper.renewal()
        if wanted is not None:
            self.state, effects = self.machine.receive(self.state, wanted, self.now_ns)
            for one in effects:
                if isinstance(one, Send) and isinstance(one.message, BudgetGranted):
                    keeper.take(one.message)

    def report_a_ban(self, for_ms: int) -> None:
        """One process met a 418, and told the limiter as its shell does."""
        report = UsageReported(
            account="main",
            observed_at_ns=self.now_ns,
            used_weight=0,
            order_count=0,
            retry_after_ms=for_ms,
            is_ban=True,
        )
        self.state, effects = self.machine.receive(self.state, report, self.now_ns)
        for one in effects:
            if isinstance(one, Send) and isinstance(one.message, BudgetGranted):
                instance, _, role = one.to.partition(".")
                self.keepers[instance, role].take(one.message)

    def pay(self, seat: tuple[str, str], cost: Cost) -> bool:
        is_paid = self.keepers[seat].spend(cost)
        if is_paid:
            self.paid.append((self.now_ns, cost))
        return is_paid

    def spend_all(self) -> None:
        """Everybody asks until nobody can pay: leases first, then every reserve."""
        for seat in self.seats:
            costs = (ENTRY, STOP, READ, LOOK) if seat[1] == "executor" else (READ, LOOK)
            for cost in costs:
                while self.pay(seat, cost):
                    pass

    def most(self, window_ns: int, what: str) -> int:
        """In any window of the clock, as the exchange counts."""
        sums: dict[int, int] = {}
        for at_ns, cost in self.paid:
            sums[at_ns // window_ns] = sums.get(at_ns // window_ns, 0) + int(getattr(cost, what))
        return max(sums.values(), default=0)

    def must_be_within_the_exchanges_limits(self) -> None:
        assert self.most(MINUTE, "weight") <= BINANCE_WEIGHT_A_MINUTE
        assert self.most(10 * SECOND, "orders") <= RateLimits().orders_per_ten_seconds < BINANCE_ORDERS_IN_TEN_SECONDS
        assert self.most(MINUTE, "orders") <= BINANCE_ORDERS_A_MINUTE


@pytest.mark.parametrize("instances", [1, 20, 26])
def test_leases_and_reserves_together_stay_within_the_limit_however_greedy_all_are(
    tmp_path: Path, instances: int
) -> None:
    """Reserves of ten orders for each of twenty once added up to 200, where 50 were withheld: 350 in ten seconds."""
    account = Account(tmp_path, instances)
    for _ in range(20):
        account.pass_time(SECOND // 10)
    for _ in range(150):
        account.pass_time(SECOND)
        account.spend_all()

    account.must_be_within_the_exchanges_limits()


def test_processes_that_are_started_again_and_again_do_not_begin_rich(tmp_path: Path) -> None:
    account, chance = Account(tmp_path, 20), Random(7)
    for beat in range(140):
        account.pass_time(SECOND)
        account.spend_all()
        for seat in account.seats if beat % 30 == 0 else chance.sample(account.seats, 8):
            account.restart(seat)

    account.must_be_within_the_exchanges_limits()


def test_without_a_limiter_each_of_twenty_places_stop_exit_and_cancels_at_once(tmp_path: Path) -> None:
    account = Account(tmp_path, 20)
    account.is_limiter_alive = False
    account.pass_time(10 * SECOND)

    for instance in range(20):
        for _ in ("stop", "exit", "cancel of the stop", "cancel of the entry"):
            assert account.pay((f"live-{instance}", "executor"), STOP)


def test_no_protective_request_waits_behind_those_who_took_all_leases(tmp_path: Path) -> None:
    account = Account(tmp_path, 20)
    for _ in range(30):
        account.pass_time(SECOND)
        for seat in account.seats:
            while account.pay(seat, ENTRY if seat[1] == "executor" else READ):
                pass

    assert all(account.pay((f"live-{instance}", "executor"), STOP) for instance in range(20) for _ in range(3))
    account.must_be_within_the_exchanges_limits()


def test_what_is_withheld_is_what_twenty_reserves_add_up_to_and_more_for_more() -> None:
    limits = RateLimits()

    assert limits.usable_weight(20) + 20 * len(ROLES) * RESERVE_WEIGHT == limits.weight_per_minute
    assert limits.usable_orders(20) + 20 * RESERVE_ORDERS == limits.orders_per_ten_seconds
    assert limits.usable_weight(1) == limits.usable_weight(20)
    assert limits.usable_weight(30) + 30 * len(ROLES) * RESERVE_WEIGHT == limits.weight_per_minute
    assert limits.usable_orders(40) == 0


# --- a ban -----------------------------------------------------------------------------------------------------------


def payers(account: Account) -> list[tuple[str, str]]:
    """Who can pay for something that protects."""
    return [seat for seat, keeper in account.keepers.items() if keeper.can_spend(LOOK)]


def test_a_ban_that_one_process_meets_stops_the_reserves_of_all_until_it_is_over(tmp_path: Path) -> None:
    """It is of the address: nineteen others once went on, and each request makes it longer."""
    account = Account(tmp_path, 20)
    account.pass_time(SECOND)
    assert payers(account) == account.seats

    account.report_a_ban(for_ms=5_000)

    assert payers(account) == []
    account.pass_time(5 * SECOND)
    assert payers(account) == account.seats


def test_a_process_that_starts_under_a_ban_hears_of_it_before_it_spends_anything(tmp_path: Path) -> None:
    account = Account(tmp_path, 2)
    account.report_a_ban(for_ms=120_000)
    account.restart(account.seats[0])
    assert account.seats[0] not in payers(account)

    account.pass_time(SECOND // 10)
    account.now_ns += 60 * SECOND

    assert payers(account) == []


def test_where_no_limiter_speaks_a_process_does_not_listen_for_long(tmp_path: Path) -> None:
    account = Account(tmp_path, 1)
    account.is_limiter_alive = False
    account.pass_time(LISTENS_NS)

    assert payers(account) == account.seats


# --- the purse -------------------------------------------------------------------------------------------------------


def keeper_of(file: Path, now_ns: int, wall_ns: int) -> BudgetKeeper:
    """A new life; the limiter is there and has nothing to give."""
    purse = PurseFile(file, lambda: wall_ns)
    keeper = BudgetKeeper(instance="live-1", account="main", role="executor", now_ns=lambda: now_ns, purse=purse)
    keeper.take(BudgetGranted(weight=0, orders=0, valid_for_ns=SECOND))
    return keeper


def stops_paid(keeper: BudgetKeeper) -> int:
    return sum(keeper.spend(STOP) for _ in range(50))


def test_the_next_life_finds_what_the_one_before_left_even_after_the_machine_was_started_again(tmp_path: Path) -> None:
    """Which sets the monotonic clock back, and not the one on the wall."""
    wall_ns = 9_000 * MINUTE
    assert stops_paid(keeper_of(tmp_path / "purse", 700 * MINUTE, wall_ns)) == RESERVE_ORDERS

    after_ns = wall_ns + ORDERS_BACK_NS
    assert stops_paid(keeper_of(tmp_path / "purse", SECOND, after_ns - 1)) == 0
    assert stops_paid(keeper_of(tmp_path / "purse", SECOND, after_ns)) == RESERVE_ORDERS


def test_a_clock_that_was_set_back_keeps_nothing_from_coming_back(tmp_path: Path) -> None:
    stops_paid(keeper_of(tmp_path / "purse", SECOND, 9_000 * MINUTE))
    again = keeper_of(tmp_path / "purse", now_ns=SECOND, wall_ns=8_000 * MINUTE)

    assert again.can_spend(STOP) is False
    assert all(SECOND - one.at_ns == 0 for one in again._budget.paid)


def test_a_damaged_purse_counts_as_spent_just_now(tmp_path: Path) -> None:
    (tmp_path / "purse").write_text("[[1,")

    assert stops_paid(keeper_of(tmp_path / "purse", SECOND, WEIGHT_BACK_NS)) == 0


def test_a_purse_that_cannot_be_written_keeps_no_stop_from_going_out(tmp_path: Path) -> None:
    assert stops_paid(keeper_of(tmp_path / "no such folder" / "purse", SECOND, WEIGHT_BACK_NS)) == RESERVE_ORDERS
