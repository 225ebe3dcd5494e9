"""How long the reconciler waits before it reads again, and who pays for its reading."""

from dataclasses import replace
from itertools import pairwise

import pytest

from actors.reconciler import ROUNDS_TO_BELIEVE, Reconciler, State
from actors.shell.budget_keeper import cost_of
from engine.machine import Effect, Request, WakeAt
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.safety.limits import Limits
from tests.actors.keepers import keeper_without_a_limiter
from tests.builders import MS, NOW_NS, SYMBOL, D

LIMITS = Limits()


def reconciler() -> Reconciler:
    return Reconciler(instance="live-1", symbol=SYMBOL, limits=LIMITS, owns_wallet=True, epsilon=D("1e-6"))


def pauses_ms(count: int, retry_after_ms: int) -> list[int]:
    """After each of `count` failures in a row."""
    machine = reconciler()
    state, _ = machine.start(NOW_NS)
    failed = ex.ExchangeUnavailable(
        call="TakeSnapshot", detail="", kind="unavailable", text="a test", retry_after_ms=retry_after_ms
    )
    found = []
    for _ in range(count):
        state, effects = machine.receive(state, failed, NOW_NS)
        found.append([(e.at_ns - NOW_NS) // MS for e in effects if isinstance(e, WakeAt)][-1])
    return found


def test_an_exchange_that_does_not_answer_is_asked_less_and_less_but_as_often_as_one_that_does():
    assert pauses_ms(6, retry_after_ms=0) == [2_000, 4_000, 5_000, 5_000, 5_000, 5_000]


@pytest.mark.parametrize(("told_ms", "waited_ms"), [(500, 500), (3_000, 3_000), (120_000, LIMITS.reconcile_every_ms)])
def test_who_says_when_to_come_back_is_asked_again_then(told_ms, waited_ms):
    """Without budget it is half a second: a limiter that was away for a moment must not cost the next half minute."""
    assert pauses_ms(5, retry_after_ms=told_ms) == [waited_ms] * 5


def rounds_begun(requests: list[tuple[int, int]]) -> list[int]:
    """When rounds begin (ms) if these are asked for: (at ms, what it settles in), and alarms ring."""
    machine = reconciler()
    state, _ = machine.start(NOW_NS)
    state = replace(state, is_urgent=False)
    alarm_ms, begun = 100_000, []
    for at_ms in range(0, 3_000, 50):
        messages: list[Message] = [ct.ReconcileNow(reason="", settles_ms=ms) for at, ms in requests if at == at_ms]
        messages += [ct.Woken(label="round")] if at_ms >= alarm_ms else []
        for message in messages:
            state, effects = machine.receive(state, message, NOW_NS + at_ms * MS)
            begun += [at_ms for e in effects if isinstance(e, Request)]
            alarm_ms = next(((e.at_ns - NOW_NS) // MS for e in effects if isinstance(e, WakeAt)), alarm_ms)
    return begun


@pytest.mark.parametrize(
    ("requests", "begun"),
    [
        ([(0, 0)], [0]),
        ([(0, 500)], [500]),
        ([(0, 500), (200, 500), (400, 500)], [500]),
        ([(at, 500) for at in range(0, 1_500, 100)], [500]),
        ([(0, 500), (200, 0)], [200]),
    ],
)
def test_a_fill_is_looked_after_when_its_stop_can_be_there_and_many_fills_put_nothing_off(requests, begun):
    """The round that began is never answered here, so whatever comes later waits for its end."""
    assert rounds_begun(requests)[: len(begun)] == begun
    assert not [at for at in rounds_begun(requests) if begun[-1] < at < begun[-1] + 2_000]


def a_snapshot(number: int, position: str = "0") -> ex.AccountSnapshot:
    return ex.AccountSnapshot(
        symbol=SYMBOL, started_at_ns=number, finished_at_ns=number, wallet_balance=D(1), available_balance=D(1),
        position_quantity=D(position), entry_price=D(1), mark_price=D(1), liquidation_price=None, open_orders=(),
        fills=(),
    )  # fmt: skip


def a_view(number: int) -> ct.ViewReported:
    return ct.ViewReported(
        snapshot_started_at_ns=number, position_quantity=D(0), open_orders=(), wallet_expected=None, in_flight=True,
        fills_since_ns=0,
    )  # fmt: skip


def looks_while_in_flight_ms(for_ms: int) -> list[int]:
    """When the exchange is read, in ms, while the two differ and an order is on its way."""
    machine, now_ns, looks = reconciler(), NOW_NS, []
    state, effects = machine.start(now_ns)
    while now_ns < NOW_NS + for_ms * MS:
        now_ns = next(e.at_ns for e in effects if isinstance(e, WakeAt))
        state, _ = machine.receive(state, ct.Woken(label="round"), now_ns)
        looks.append((now_ns - NOW_NS) // MS)
        state, _ = machine.receive(state, ex.SnapshotTaken(snapshot=a_snapshot(len(looks), "1")), now_ns)
        state, effects = machine.receive(state, a_view(len(looks)), now_ns)
    return looks


def test_the_longer_an_order_is_on_its_way_the_rarer_the_exchange_is_read():
    """Three times a second for twenty seconds used up what an account may ask for in a minute (a chaos run): who had to
    recover then could not read what it held."""
    looks = looks_while_in_flight_ms(LIMITS.reconciliation_valid_ms - LIMITS.reconcile_every_ms)

    assert looks[:4] == [0, 300, 600, 900]
    assert len(looks) < 15
    assert all(later - sooner <= LIMITS.reconcile_every_ms for sooner, later in pairwise(looks))
    assert len([one for one in looks if one < 2_000]) > ROUNDS_TO_BELIEVE


def asked(effects: tuple[Effect, ...]) -> ex.TakeSnapshot:
    return next(e.call for e in effects if isinstance(e, Request) and isinstance(e.call, ex.TakeSnapshot))


def read_once(machine: Reconciler, state: State) -> State:
    for message in (ct.Woken(label="round"), ex.SnapshotTaken(snapshot=a_snapshot(1)), a_view(1)):
        state, _ = machine.receive(state, message, NOW_NS)
    return state


def test_who_begins_or_recovers_reads_the_exchange_out_of_the_reserve_and_nobody_else():
    machine = reconciler()
    state, _ = machine.start(NOW_NS)
    _, first = machine.receive(state, ct.Woken(label="round"), NOW_NS)
    state = read_once(machine, state)
    _, later = machine.receive(state, ct.Woken(label="round"), NOW_NS)
    _, curious = machine.receive(state, ct.ReconcileNow(reason="a fill"), NOW_NS)
    _, recovering = machine.receive(state, ct.ReconcileNow(reason="started", is_urgent=True), NOW_NS)
    without_lease = keeper_without_a_limiter("reconciler")

    payable = [without_lease.can_spend(cost_of(asked(effects))) for effects in (first, later, curious, recovering)]
    assert payable == [True, False, False, True]


def test_who_recovers_while_an_ordinary_reading_is_on_its_way_is_read_for_all_the_same():
    """The answer to that one says too little, on a crowded account, to begin with (simulated seed 8075)."""
    machine = reconciler()
    state = replace(read_once(machine, machine.start(NOW_NS)[0]), share=54, full_at_ns=NOW_NS)
    state, ordinary = machine.receive(state, ct.Woken(label="round"), NOW_NS)
    state, _ = machine.receive(state, ct.ReconcileNow(reason="started", is_urgent=True), NOW_NS)
    for message in (ex.SnapshotTaken(snapshot=a_snapshot(2)), a_view(2)):
        state, _ = machine.receive(state, message, NOW_NS)
    _, urgent = machine.receive(state, ct.Woken(label="round"), NOW_NS)

    assert [(asked(one).is_urgent, asked(one).is_light) for one in (ordinary, urgent)] == [(False, True), (True, False)]
