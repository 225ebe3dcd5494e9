"""Request budget: the lease, and the protective reserve that nothing else may touch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine import budget as budgets
from engine.budget import (
    KEPT_FOR_ORDERS,
    ORDERS_BACK_NS,
    RESERVE_ORDERS,
    RESERVE_WEIGHT,
    WEIGHT_BACK_NS,
    Budget,
    Cost,
    reserve_left,
)

SECOND = 1_000_000_000
READ = Cost(weight=5)
ENTRY = Cost(weight=1, orders=1)
STOP = Cost(weight=1, orders=1, is_protective=True)


def leased(weight: int = 10, orders: int = 2) -> Budget:
    return budgets.grant(Budget(), weight=weight, orders=orders, valid_for_ns=3 * SECOND, now_ns=0)


def test_the_lease_pays_until_it_is_spent() -> None:
    budget = budgets.spend(leased(weight=10), READ, 1)
    assert budget is not None
    budget = budgets.spend(budget, READ, 1)
    assert budget is not None

    assert budgets.spend(budget, READ, 1) is None


def test_a_lease_that_ran_out_pays_nothing() -> None:
    assert budgets.spend(leased(), READ, 3 * SECOND) is None


def test_protective_requests_pass_without_any_lease_and_ordinary_ones_do_not() -> None:
    assert budgets.spend(Budget(), ENTRY, 1) is None
    assert budgets.spend(Budget(), STOP, 1) is not None


def test_the_reserve_pays_for_a_stop_an_exit_and_their_cancels_at_once() -> None:
    """What it takes to protect one position and to leave it, with the limiter dead."""
    budget = Budget()
    for _ in ("stop", "exit", "cancel of the stop", "cancel of the entry", "stop again"):
        paid = budgets.spend(budget, STOP, 0)
        assert paid is not None
        budget = paid

    assert budgets.spend(budget, STOP, 0) is None


def test_what_the_reserve_paid_comes_back_after_the_exchanges_window_and_not_before() -> None:
    budget = Budget()
    for at_ns in (0, SECOND):
        for _ in range(9):
            budget = budgets.spend(budget, Cost(weight=1, is_protective=True), at_ns) or budget

    assert reserve_left(budget, WEIGHT_BACK_NS - 1) == (0, RESERVE_ORDERS)
    assert reserve_left(budget, WEIGHT_BACK_NS) == (9, RESERVE_ORDERS)
    assert reserve_left(budget, WEIGHT_BACK_NS + SECOND) == (RESERVE_WEIGHT, RESERVE_ORDERS)


def test_questions_leave_of_the_reserve_what_stops_need() -> None:
    """An order nobody knows of is asked for twice a second; that once left nothing for the stop beside it."""
    question, budget = Cost(weight=2, is_protective=True, leaves=KEPT_FOR_ORDERS), Budget()
    for _ in range(60):
        budget = budgets.spend(budget, question, 0) or budget

    assert reserve_left(budget, 0)[0] == KEPT_FOR_ORDERS
    assert budgets.spend(budget, STOP, 0) is not None


def test_while_backed_off_only_protective_requests_pass() -> None:
    budget = budgets.back_off(leased(), until_ns=SECOND, is_ban=False)

    assert budgets.spend(budget, READ, SECOND - 1) is None
    assert budgets.spend(budget, STOP, SECOND - 1) is not None
    assert budgets.spend(budget, READ, SECOND) is not None


def test_while_banned_nothing_passes() -> None:
    budget = budgets.back_off(leased(), until_ns=SECOND, is_ban=True)

    assert budgets.spend(budget, STOP, SECOND - 1) is None
    assert budgets.spend(budget, STOP, SECOND) is not None


@given(st.lists(st.tuples(st.sampled_from([READ, ENTRY]), st.integers(0, 5 * SECOND)), max_size=50))
def test_ordinary_requests_never_touch_the_reserve(costs: list[tuple[Cost, int]]) -> None:
    budget = leased(weight=100, orders=10)
    for cost, at_ns in costs:
        budget = budgets.spend(budget, cost, at_ns) or budget

    assert budget.paid == ()


@given(st.lists(st.tuples(st.integers(0, 180 * SECOND), st.integers(1, 10)), max_size=120))
def test_in_no_window_the_reserve_pays_more_than_its_size(asked: list[tuple[int, int]]) -> None:
    """Not even in the first minute: a full one that filled up meanwhile once paid twice."""
    budget, paid = Budget(), []
    for at_ns, weight in sorted(asked):
        after = budgets.spend(budget, Cost(weight=weight, orders=1, is_protective=True), at_ns)
        if after is not None:
            budget = after
            paid.append((at_ns, weight))

    for begins_ns, _ in paid:
        within = [(at_ns - begins_ns, weight) for at_ns, weight in paid if at_ns >= begins_ns]
        assert sum(weight for after_ns, weight in within if after_ns < WEIGHT_BACK_NS) <= RESERVE_WEIGHT
        assert sum(after_ns < ORDERS_BACK_NS for after_ns, _ in within) <= RESERVE_ORDERS
