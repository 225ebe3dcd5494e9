"""The only way to the exchange: budget, gate, adapter. `_send_order` is the one function that sends orders (A5).

It runs on the asyncio thread, so that what the gate sees is read a moment before the request leaves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from actors.shell.budget_keeper import BudgetKeeper, cost_of
from actors.shell.part import AsyncPort
from engine import gate
from engine.budget import Cost
from engine.gate import Glance
from engine.messages import exchange as ex
from engine.messages.base import Message

BUDGET_LIMIT_S = 2.0  # a read waits this long for budget before it fails
BUDGET_LOOK_S = 0.02
RETRY_AFTER_MS = 500


class ExchangeDesk:
    """Stands before the exchange adapter of one process. Without a keeper nothing is budgeted."""

    def __init__(
        self,
        exchange: AsyncPort,
        glance: Callable[[bool], Glance],
        keeper: BudgetKeeper | None,
        on_backed_off: Callable[[int], None],
    ) -> None:
        """`on_backed_off` is told for how many ms the exchange wants to be left alone."""
        self._on_backed_off = on_backed_off
        self._exchange = exchange
        self._glance = glance
        self._keeper = keeper

    async def perform(self, call: Message) -> Message | None:
        if isinstance(call, ex.PlaceOrder):
            return await self._send_order(call)
        if not await self._pay(cost_of(call)):
            return unpaid(call)
        return self._watch(await self._exchange.perform(call))

    async def close(self) -> None:
        await self._exchange.close()

    async def _send_order(self, call: ex.PlaceOrder) -> Message | None:
        cost = cost_of(call)
        denial = gate.check(call.order.purpose, self._glance(self._can_pay(cost)))
        if denial is None and not self._pay_now(cost):
            denial = "no request budget left"
        if denial is not None:
            return denied(call, denial)
        return self._watch(await self._exchange.perform(call))

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
        if self._keeper is not None and isinstance(answer, ex.ExchangeUnavailable):
            is_ban = answer.kind == "banned"
            if is_ban or answer.kind == "rate_limited":
                self._keeper.back_off(retry_after_ms=answer.retry_after_ms, is_ban=is_ban)
                self._on_backed_off(answer.retry_after_ms)
        return answer


def denied(call: ex.PlaceOrder, reason: str) -> ex.OrderRefused:
    return ex.OrderRefused(
        client_order_id=call.order.client_order_id, by_us=True, reason=reason, code="", text="denied at the gate"
    )


def unpaid(call: Message) -> Message:
    client_id = str(getattr(call, "client_order_id", ""))
    text = "no request budget; the limiter granted none"
    if isinstance(call, ex.CancelOrder):
        return ex.CancelOutcomeUnknown(client_order_id=client_id, text=f"not sent: {text}")
    return ex.ExchangeUnavailable(
        call=type(call).__name__, detail=client_id, kind="rate_limited", text=text, retry_after_ms=RETRY_AFTER_MS
    )
