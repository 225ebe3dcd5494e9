"""C9: whenever the breaker changes what may be done, the exchange is read again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.messages import control as ct
from engine.messages import events as ev
from engine.safety.limits import Limits
from tests.actors.executor_desk import Desk

PANIC = ct.PanicRaised(scope="instance", reason="a person said so", flatten=False)
FREEZE = ct.FreezeWanted(cause="a test", text="halted")
RESET = ct.ResetBreaker(reason="looked at it", operator="anna")


def asked(desk: Desk) -> int:
    reasons = [one.message.reason for one in desk.sent if isinstance(one.message, ct.ReconcileNow)]
    return reasons.count("breaker changed")


def eases(desk: Desk) -> None:
    desk.run(Limits().quiet_ms + Limits().alarm_window_ms)
    assert desk.events(ev.BreakerEased)


def trips(desk: Desk) -> None:
    for _ in range(Limits().unavailable_yellow):
        desk.tell(ct.ReadingFailed(call="FetchBars", kind="unavailable"))
        desk.run(2_000)
    assert desk.book.breaker.level == "YELLOW"


def freezes(desk: Desk) -> None:
    desk.tell(FREEZE)


def panics(desk: Desk) -> None:
    desk.tell(PANIC)


def is_reset(desk: Desk) -> None:
    desk.tell(RESET)
    assert desk.book.breaker.level == "GREEN"


@pytest.mark.parametrize(
    ("before", "happens"), [(None, trips), (trips, eases), (None, freezes), (None, panics), (freezes, is_reset)]
)
def test_the_exchange_is_read_again_once(
    before: Callable[[Desk], None] | None, happens: Callable[[Desk], None]
) -> None:
    desk = Desk().ready()
    if before:
        before(desk)
    already = asked(desk)

    happens(desk)

    assert asked(desk) == already + 1


def test_what_changes_nothing_asks_for_nothing() -> None:
    desk = Desk().ready()
    panics(desk)
    freezes(desk)
    already = asked(desk)

    panics(desk)
    freezes(desk)
    desk.run(5_000)

    assert asked(desk) == already
