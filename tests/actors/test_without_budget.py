"""An account without request budget: what is held is read and protected all the same, and nothing is opened."""

from __future__ import annotations

import pytest

from actors.reconciler import Reconciler, State
from actors.shell.budget_keeper import cost_of
from actors.shell.exchange_desk import unpaid
from engine.budget import KEPT_FOR_ORDERS, RESERVE_WEIGHT
from engine.machine import Effect, Request
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.order import OrderPurpose
from engine.safety.limits import Limits
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import holding
from tests.actors.keepers import keeper_without_a_limiter
from tests.builders import MS, NOW_NS, SYMBOL, D

ENTRY, STOP = OrderPurpose.ENTRY, OrderPurpose.STOP
LIMITS = Limits()
VALID_NS = LIMITS.reconciliation_valid_ms * MS


def reconciler_at_rest(*, held: str) -> tuple[Reconciler, State]:
    """It has read everything just now, and the executor holds so much."""
    machine = Reconciler(instance="live-1", symbol=SYMBOL, limits=LIMITS, owns_wallet=True)
    state, _ = machine.start(NOW_NS)
    snapshot = ex.AccountSnapshot(
        symbol=SYMBOL, started_at_ns=NOW_NS, finished_at_ns=NOW_NS, wallet_balance=D(1), available_balance=D(1),
        position_quantity=D(held), entry_price=D(1), mark_price=D(1), liquidation_price=None, open_orders=(), fills=(),
    )  # fmt: skip
    view = ct.ViewReported(
        snapshot_started_at_ns=NOW_NS, position_quantity=D(held), open_orders=(), wallet_expected=None,
        in_flight=False, fills_since_ns=0,
    )  # fmt: skip
    for message in (ct.Woken(label="round"), ex.SnapshotTaken(snapshot=snapshot), view):
        state, _ = machine.receive(state, message, NOW_NS)
    return machine, state


def reading(effects: tuple[Effect, ...]) -> tuple[bool, bool]:
    """Whether it is light, and whether it is urgent."""
    [call] = [e.call for e in effects if isinstance(e, Request) and isinstance(e.call, ex.TakeSnapshot)]
    return call.is_light, call.is_urgent


@pytest.mark.parametrize(
    ("held", "after_ns", "is_urgent"),
    [("0.1", 0, False), ("0.1", VALID_NS - 1, False), ("0.1", VALID_NS, True), ("0", VALID_NS, False)],
)
def test_who_could_not_pay_reads_lightly_and_out_of_the_reserve_once_blind_with_a_position(held, after_ns, is_urgent):
    """Simulated seed 5575: its stop had been taken away, and for forty seconds nobody could look."""
    machine, state = reconciler_at_rest(held=held)
    state, _ = machine.receive(state, ct.Woken(label="round"), NOW_NS)
    state, _ = machine.receive(state, unpaid(ex.TakeSnapshot(symbol=SYMBOL, fills_since_ns=0)), NOW_NS)

    _, effects = machine.receive(state, ct.Woken(label="round"), NOW_NS + after_ns)

    assert reading(effects) == (True, is_urgent)


def test_an_exchange_that_fails_in_another_way_is_read_as_before():
    machine, state = reconciler_at_rest(held="0.1")
    down = ex.ExchangeUnavailable(call="TakeSnapshot", detail="", kind="unavailable", text="502", retry_after_ms=0)
    for message in (ct.Woken(label="round"), down):
        state, _ = machine.receive(state, message, NOW_NS)

    _, effects = machine.receive(state, ct.Woken(label="round"), NOW_NS + VALID_NS)

    assert reading(effects) == (False, False)


def recovering_with_light_readings() -> Desk:
    """Its process died while it held a long; what the new one can read is position and orders only."""
    desk = holding()
    desk.reconcile()
    desk.crash()
    desk.reads_light = True
    return desk


def test_a_recovering_executor_protects_what_it_holds_after_a_light_reading():
    desk = recovering_with_light_readings()
    [stop] = [order for order in desk.exchange.orders.values() if order.purpose is STOP and order.is_working]
    desk.exchange.cancel_foreign(stop.client_order_id, desk.now_ns)

    desk.run(6_000)

    working = [order for order in desk.exchange.orders.values() if order.purpose is STOP and order.is_working]
    assert [order.quantity for order in working] == [D("0.1")]
    assert not desk.state.ready.has_snapshot


def test_and_opens_nothing_before_a_whole_one():
    desk = Desk()
    desk.reconcile()
    desk.crash()
    desk.reads_light = True
    desk.run(3_000)
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)
    assert desk.placed(ENTRY) == []

    desk.reads_light = False
    desk.run(2_000)
    assert len(desk.placed(ENTRY)) == 1


def test_what_an_order_filled_is_asked_for_out_of_the_reserve_but_not_with_what_a_stop_needs():
    cost = cost_of(ex.FetchFills(symbol=SYMBOL, since_ns=0))
    keeper = keeper_without_a_limiter("executor")

    paid = [keeper.spend(cost) for _ in range(5)]

    assert paid.count(True) == (RESERVE_WEIGHT - KEPT_FOR_ORDERS) // cost.weight
