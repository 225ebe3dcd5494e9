"""Request budget: the lease, and the protective reserve that nothing else may touch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine import budget as budgets
from engine.budget import KEPT_FOR_ORDERS, MINUTE_NS, RESERVE_ORDERS, RESERVE_WEIGHT, Budget, Cost

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


def test_the_reserve_ends_and_fills_up_again() -> None:
    budget = Budget()
    for _ in range(RESERVE_ORDERS):
        paid = budgets.spend(budget, STOP, 0)
        assert paid is not None
        budget = paid

    assert budgets.spend(budget, STOP, 0) is None
    assert budgets.spend(budget, STOP, MINUTE_NS // RESERVE_ORDERS) is not None


def test_questions_leave_of_the_reserve_what_stops_need() -> None:
    """An order nobody knows of is asked for twice a second; that once left nothing for the stop beside it."""
    question, budget = Cost(weight=2, is_protective=True, leaves=KEPT_FOR_ORDERS), Budget()
    for _ in range(60):
        budget = budgets.spend(budget, question, 0) or budget

    assert budget.reserve_weight == KEPT_FOR_ORDERS
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

    assert budget.reserve_weight == RESERVE_WEIGHT
    assert budget.reserve_orders == RESERVE_ORDERS


@given(st.lists(st.integers(0, MINUTE_NS), max_size=80))
def test_the_reserve_never_pays_more_than_two_fillings_a_minute(times: list[int]) -> None:
    budget, paid = Budget(), 0
    for at_ns in sorted(times):
        after = budgets.spend(budget, STOP, at_ns)
        paid, budget = (paid + 1, after) if after else (paid, budget)

    assert paid <= 2 * RESERVE_ORDERS
