"""The desk before the exchange: a failing reading rests, and orders, cancels and questions for orders never do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.shell import exchange_desk
from actors.shell.exchange_desk import ExchangeDesk
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.safety.gate import Glance
from tests.builders import SYMBOL, an_order

SNAPSHOT = ex.TakeSnapshot(symbol=SYMBOL, fills_since_ns=0)
BARS = ex.FetchBars(symbol=SYMBOL, timeframe="1m", from_open_time_ns=None, until_open_time_ns=None, limit=1)
FIND = ex.FindOrder(client_order_id="x", symbol=SYMBOL, is_conditional=False)


class Broken:
    """Whatever is asked fails, in this way, until `heals`."""

    def __init__(self, kind: str = "unavailable") -> None:
        self.kind, self.heals, self.asked = kind, False, list[Message]()

    async def perform(self, call: Message) -> Message:
        self.asked.append(call)
        if self.heals:
            return ex.BarsFetched(bars=())
        name = type(call).__name__
        return ex.ExchangeUnavailable(call=name, detail="", kind=self.kind, text="502", retry_after_ms=0)

    async def close(self) -> None:
        """Nothing is open."""


def desk_before(exchange: Broken) -> ExchangeDesk:
    glance = Glance(is_panicked=False, guard_lease_left_ns=1, instrument_lease_left_ns=1, budget_left=True)
    return ExchangeDesk(exchange, lambda _: glance, None, lambda *_: None, lambda: None)


def ask(desk: ExchangeDesk, *calls: Message) -> list[Any]:
    async def all_of_them() -> list[Any]:
        return [await desk.perform(call) for call in calls]

    return asyncio.run(all_of_them())


@pytest.fixture
def clock(monkeypatch) -> list[int]:
    """Time, in ns, as the desk sees it."""
    now = [0]
    monkeypatch.setattr(exchange_desk.time, "monotonic_ns", lambda: now[0])
    return now


def test_after_five_failures_a_reading_rests_and_the_others_do_not(clock):
    exchange = Broken()
    desk = desk_before(exchange)

    answers = ask(desk, *[SNAPSHOT] * 7, BARS, FIND, ex.PlaceOrder(order=an_order()))

    assert [one.kind for one in answers[:7]] == ["unavailable"] * 5 + ["resting"] * 2
    assert "rests for 500 ms" in answers[6].text
    assert [type(call) for call in exchange.asked[5:]] == [ex.FetchBars, ex.FindOrder, ex.PlaceOrder]
    assert desk.services() == {"account": "OPEN"}


def test_one_attempt_after_the_pause_decides(clock):
    exchange = Broken()
    desk = desk_before(exchange)
    ask(desk, *[BARS] * 5)

    clock[0] += 500_000_000
    assert [one.kind for one in ask(desk, BARS, BARS)] == ["unavailable", "resting"]
    clock[0] += 1_000_000_000
    exchange.heals = True
    assert ask(desk, BARS, BARS) == [ex.BarsFetched(bars=())] * 2
    assert desk.services() == {}


@pytest.mark.parametrize("kind", ["rate_limited", "banned"])
def test_being_told_to_wait_is_no_failure_of_the_service(clock, kind):
    desk = desk_before(Broken(kind))

    answers = ask(desk, *[SNAPSHOT] * 9)

    assert {one.kind for one in answers} == {kind}
