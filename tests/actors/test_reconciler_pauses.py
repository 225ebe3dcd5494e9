"""How long the reconciler waits before it reads again what could not be read."""

import pytest

from actors.reconciler import Reconciler
from engine.machine import WakeAt
from engine.messages import exchange as ex
from engine.safety.limits import Limits
from tests.builders import MS, NOW_NS, SYMBOL, D

LIMITS = Limits()


def pauses_ms(count: int, retry_after_ms: int) -> list[int]:
    """After each of `count` failures in a row."""
    machine = Reconciler(instance="live-1", symbol=SYMBOL, limits=LIMITS, owns_wallet=True, epsilon=D("1e-6"))
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
