"""Too many new orders (-1015): entries wait, and nothing else does."""

from __future__ import annotations

import asyncio

from actors.shell.budget_keeper import BudgetKeeper
from actors.shell.exchange_desk import ExchangeDesk
from actors.spending import SECOND
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted, UsageReported
from engine.order import OrderPurpose
from engine.safety.gate import BROKE, Glance
from tests.actors.limiter_desk import START_NS, Limiter
from tests.builders import SYMBOL, an_order

LIMIT = ex.ExchangeUnavailable(call="PlaceOrder", detail="entry", kind="order_limit", text="", retry_after_ms=9_000)
ENTRY = ex.PlaceOrder(order=an_order())
STOP = ex.PlaceOrder(order=an_order("stop", OrderPurpose.STOP))
CANCEL = ex.CancelOrder(client_order_id="entry", symbol=SYMBOL, is_conditional=False)
READ = ex.TakeSnapshot(symbol=SYMBOL, fills_since_ns=0)


class TakesNoOrders:
    """All else it answers."""

    def __init__(self) -> None:
        self.asked: list[Message] = []

    async def perform(self, call: Message) -> Message:
        self.asked.append(call)
        return LIMIT if isinstance(call, ex.PlaceOrder) else ex.CancelDone(client_order_id="entry")

    async def close(self) -> None:
        """Nothing is open."""


class Desk:
    """With budget for everything, before such an exchange."""

    def __init__(self) -> None:
        self.now_ns, self.exchange, self.told = 0, TakesNoOrders(), list[tuple[str, int]]()
        keeper = BudgetKeeper(instance="live-1", account="main", role="executor", now_ns=lambda: self.now_ns)
        keeper.take(BudgetGranted(weight=500, orders=50, valid_for_ns=3_600 * SECOND))
        self._desk = ExchangeDesk(
            self.exchange, self._glance, keeper, lambda *told: self.told.append(told), lambda: None
        )

    def _glance(self, budget_left: bool) -> Glance:
        return Glance(is_panicked=False, guard_lease_left_ns=1, instrument_lease_left_ns=1, budget_left=budget_left)

    def ask(self, *calls: Message) -> list[Message | None]:
        async def in_turn() -> list[Message | None]:
            return [await self._desk.perform(call) for call in calls]

        return asyncio.run(in_turn())


def test_after_too_many_orders_entries_wait_and_stops_cancels_and_readings_go_on() -> None:
    desk = Desk()
    desk.ask(ENTRY)

    [refused, *_] = desk.ask(ENTRY, STOP, CANCEL, READ)

    assert isinstance(refused, ex.OrderRefused)
    assert refused.reason == BROKE
    assert desk.exchange.asked == [ENTRY, STOP, CANCEL, READ]
    assert desk.told == [("order_limit", 9_000)] * 2


def test_entries_go_on_when_the_time_is_over() -> None:
    desk = Desk()
    desk.ask(ENTRY)
    desk.now_ns = 9 * SECOND

    desk.ask(ENTRY)

    assert desk.exchange.asked == [ENTRY, ENTRY]


def test_the_limiter_grants_no_orders_to_anybody_in_that_window_and_weight_as_ever() -> None:
    limiter = Limiter()
    limiter.now_ns += 5 * SECOND
    spent = UsageReported(
        account="main", observed_at_ns=limiter.now_ns, used_weight=0, order_count=1_000_000, retry_after_ms=0
    )

    limiter.tell(spent)

    granted = limiter.ask("live-1")
    assert (granted.weight, granted.orders) == (50, 0)
    limiter.now_ns = START_NS + 10 * SECOND
    assert limiter.ask("live-1").orders == 5
