"""C14: what the exchange fails to answer is counted whoever asked; what was never asked is not."""

from __future__ import annotations

import pytest

from actors import data
from actors.reconciler import Reconciler
from engine.machine import Send
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.safety.limits import Limits
from tests.actors.executor_desk import Desk
from tests.builders import NOW_NS, SYMBOL

FAILED = ct.ReadingFailed(call="TakeSnapshot", kind="unavailable")


def refusal(call: str, kind: str) -> ex.ExchangeUnavailable:
    return ex.ExchangeUnavailable(call=call, detail="", kind=kind, text="502", retry_after_ms=0)


def told_by_the_reconciler(message: Message) -> list[Message]:
    machine = Reconciler(instance="live-1", symbol=SYMBOL, limits=Limits(), owns_wallet=True)
    _, effects = machine.receive(machine.start(NOW_NS)[0], message, NOW_NS)
    return [e.message for e in effects if isinstance(e, Send) and e.to == "executor"]


def told_by_data(message: Message) -> list[Message]:
    machine = data.Data(symbol=SYMBOL, timeframe="1m")
    _, effects = machine.receive(machine.start(NOW_NS)[0], message, NOW_NS)
    return [e.message for e in effects if isinstance(e, Send) and e.to == "executor"]


@pytest.mark.parametrize("kind", ["unavailable", "refused", "access_denied"])
def test_who_reads_tells_the_executor_of_each_reading_that_failed(kind):
    for call in ("FetchBars", "OpenMarketStream"):
        assert told_by_data(refusal(call, kind)) == [ct.ReadingFailed(call=call, kind=kind)]
    assert told_by_the_reconciler(refusal("TakeSnapshot", kind)) == [ct.ReadingFailed(call="TakeSnapshot", kind=kind)]


@pytest.mark.parametrize("kind", ["resting", ex.RATE_LIMITED])
def test_what_the_exchange_was_never_asked_it_has_not_failed(kind):
    assert told_by_data(refusal("FetchBars", kind)) == []
    assert told_by_the_reconciler(refusal("TakeSnapshot", kind)) == []


def test_readings_that_fail_now_and_then_make_yellow_and_a_quiet_while_ends_it():
    desk = Desk().ready()
    for _ in range(Limits().unavailable_yellow):
        assert desk.book.breaker.level == "GREEN"
        desk.tell(FAILED)
        desk.run(5_000)

    assert (desk.book.breaker.level, desk.book.breaker.cause) == ("YELLOW", "calls failed")

    desk.run(Limits().quiet_ms + 30_000)

    assert desk.book.breaker.level == "GREEN"


def test_an_exchange_that_is_away_for_half_a_minute_is_not_red_for_that():
    desk = Desk().ready()
    for _ in range(300):
        desk.tell(FAILED)
        desk.run(100)

    assert desk.book.breaker.level == "YELLOW"
