"""The only way to the exchange: budget, gate, adapter. `_send_order` is the one function that sends orders (A5).

It runs on the asyncio thread, so that what the gate sees is read a moment before the request leaves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from actors.shell.budget_keeper import BudgetKeeper, cost_of
from actors.shell.part import AsyncPort
from engine.budget import Cost
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.budget import LeaveAlone
from engine.safety import gate
from engine.safety.gate import Glance
from engine.safety.service_breaker import Phase, Rest, ServiceBreaker, answered, asked, failed, pause_ms

BUDGET_LIMIT_S = 2.0  # a read waits this long for budget before it fails
BUDGET_LOOK_S = 0.02
RETRY_AFTER_MS = 500
BANNED = "banned"
SPARED = (ex.RATE_LIMITED, BANNED)
TOLD_TO_WAIT = (*SPARED, ex.ORDER_LIMIT)
# what is asked again and again; what became of an order (`FindOrder`) is always asked
SERVICES: dict[type[Message], str] = {ex.TakeSnapshot: "account", ex.FetchFills: "fills", ex.FetchBars: "bars"}


class ExchangeDesk:
    """Stands before the exchange adapter of one process. Without a keeper nothing is budgeted."""

    def __init__(
        self,
        exchange: AsyncPort,
        glance: Callable[[bool], Glance],
        keeper: BudgetKeeper | None,
        on_told_to_wait: Callable[[str, int], None],
        on_order: Callable[[], None],
    ) -> None:
        """`on_told_to_wait` is told why (a kind of `TOLD_TO_WAIT`) and for how many ms; `on_order` that an order leaves
        or a moment ago was still leaving."""
        self._on_order = on_order
        self._on_told_to_wait = on_told_to_wait
        self._exchange = exchange
        self._glance = glance
        self._keeper = keeper
        self._rest = Rest()
        self._services = dict.fromkeys(SERVICES.values(), ServiceBreaker())

    async def perform(self, call: Message) -> Message | None:
        if isinstance(call, ex.PlaceOrder):
            return await self._send_order(call)
        service = SERVICES.get(type(call))
        if service is not None and not self._may_ask(service):
            return resting(call, service, pause_ms(self._services[service], self._rest))
        if not await self._pay(cost_of(call)):
            return unpaid(call)
        answer = self._watch(await self._exchange.perform(call))
        if service is not None:
            self._note(service, answer)
        return answer

    def services(self) -> dict[str, object]:
        """How each kind of reading fares, for people: those that are not simply CLOSED."""
        return {name: one.phase.value for name, one in self._services.items() if one.phase is not Phase.CLOSED}

    def _may_ask(self, service: str) -> bool:
        after = asked(self._services[service], self._rest, time.monotonic_ns())
        if after is not None:
            self._services[service] = after
        return after is not None

    def _note(self, service: str, answer: Message | None) -> None:
        """A refusal to spare the exchange (429) is no failure of the service: the budget sees to that."""
        if not isinstance(answer, ex.ExchangeUnavailable):
            self._services[service] = answered()
        elif answer.kind not in SPARED:
            self._services[service] = failed(self._services[service], self._rest, time.monotonic_ns())

    async def leave_alone(self, for_ms: int) -> None:
        """The address is banned, as another process learned: what the adapter sends by itself (streams that dial, a
        connection that is kept warm) would prolong it as well."""
        await self._exchange.perform(LeaveAlone(for_ms=for_ms))

    async def close(self) -> None:
        await self._exchange.close()

    async def _send_order(self, call: ex.PlaceOrder) -> Message | None:
        cost = cost_of(call)
        denial = gate.check(call.order.purpose, self._glance(self._can_pay(cost)))
        if denial is None and not self._pay_now(cost):
            denial = gate.BROKE
        if denial is not None:
            return denied(call, denial)
        self._on_order()
        try:
            return self._watch(await self._exchange.perform(call))
        finally:
            self._on_order()

    def _can_pay(self, cost: Cost) -> bool:
        return self._keeper is None or self._keeper.can_spend(cost)

    def _pay_now(self, cost: Cost) -> bool:
        return self._keeper is None or self._keeper.spend(cost)

    async def _pay(self, cost: Cost) -> bool:
        until = time.monotonic() + BUDGET_LIMIT_S
        while not self._pay_now(cost):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(BUDGET_LOOK_S)
        return True

    def _watch(self, answer: Message | None) -> Message | None:
        if self._keeper is not None and isinstance(answer, ex.ExchangeUnavailable) and answer.kind in TOLD_TO_WAIT:
            if answer.kind == ex.ORDER_LIMIT:
                self._keeper.hold_orders(retry_after_ms=answer.retry_after_ms)
            else:
                self._keeper.back_off(retry_after_ms=answer.retry_after_ms, is_ban=answer.kind == BANNED)
            self._on_told_to_wait(answer.kind, answer.retry_after_ms)
        return answer


def denied(call: ex.PlaceOrder, reason: str) -> ex.OrderRefused:
    return ex.OrderRefused(
        client_order_id=call.order.client_order_id, by_us=True, reason=reason, code="", text="denied at the gate"
    )


def resting(call: Message, service: str, retry_after_ms: int) -> ex.ExchangeUnavailable:
    """Not asked: that reading failed again and again."""
    text = f"reading {service} failed again and again; it rests for {retry_after_ms} ms"
    return ex.ExchangeUnavailable(
        call=type(call).__name__, detail="", kind="resting", text=text, retry_after_ms=retry_after_ms
    )


def unpaid(call: Message) -> Message:
    client_id = str(getattr(call, "client_order_id", ""))
    text = "no request budget; the limiter granted none"
    if isinstance(call, ex.CancelOrder):
        return ex.CancelOutcomeUnknown(client_order_id=client_id, text=f"not sent: {text}")
    return ex.ExchangeUnavailable(
        call=type(call).__name__, detail=client_id, kind=ex.RATE_LIMITED, text=text, retry_after_ms=RETRY_AFTER_MS
    )
