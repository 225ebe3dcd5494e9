"""The simulated exchange as contract tests want it: asked like an adapter, books shown as the local one's are."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from order_builders import SYMBOL
from subjects import Face, Subject

from adapters.simulated_exchange import SimulatedExchange, Wallet
from engine.errors import InvariantViolated
from engine.instrument import Instrument
from engine.messages.base import Message
from engine.messages.exchange import AmendOrder
from engine.order import Order, OrderKind

RULES = Instrument(
    symbol=SYMBOL,
    tick_size=Decimal("0.10"),
    lot_size=Decimal("0.001"),
    minimum_quantity=Decimal("0.001"),
    minimum_notional=Decimal(100),
)
SIMULATED = Face(
    exchange="simulated",
    order={},
    reading={},
    cancelling={},
    stop={},
    codes={"minimum_notional": "-4164", "insufficient_margin": "-2019", "reduce_only": "-2022"},
    too_precise=("precision", "-1111"),
    throttled="",
    gone="",
    amends_stops=True,
)


class SimulatedMarket:
    """What tests do to the market."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange

    def price(self, price: str) -> None:
        self._exchange.move(Decimal(price), time.time_ns())

    def control(self, _verb: str, _path: str, *, skew_ms: int) -> None:
        self._exchange.clock_offset_ns = skew_ms * 1_000_000


class SimulatedSubject(Subject):
    """One account with 100,000 at a price of 60,000."""

    def __init__(self) -> None:
        self.simulated = SimulatedExchange(RULES, Wallet(balance=Decimal(100_000)), Decimal(60_000))
        self.venue, self.face, self.account = SimulatedMarket(self.simulated), SIMULATED, "simulated"  # type: ignore[assignment]
        self.pushed, self.usage = self.simulated.pushed, []

    async def perform(self, call: Message) -> Any:
        if isinstance(call, AmendOrder) and not call.order.is_reduce_only:
            raise InvariantViolated("may open risk")
        return self.simulated.perform(call, time.time_ns())

    def truth(self) -> Any:
        held = self.simulated.position
        orders = list(self.simulated.orders.values())
        resting = [one for one in orders if one.is_working]
        position = {"quantity": str(held.quantity), "entry_price": str(held.entry_price)}
        return {
            "balance": str(self.simulated.wallet_balance),
            "positions": [] if held.is_flat else [position],
            "orders": [_order(one) for one in orders if not one.kind.is_conditional],
            "open_orders": [_order(one) for one in resting if not one.kind.is_conditional],
            "open_algo_orders": [_algo(one) for one in resting if one.kind.is_conditional],
            "trades": [
                {"trade_id": int(fill.trade_id), "quantity": str(fill.quantity), "price": str(fill.price),
                 "fee": str(fill.fee), "is_maker": fill.is_maker, "side": "BUY" if fill.sign > 0 else "SELL"}
                for fill in self.simulated.fills
            ],
        }  # fmt: skip


def _order(one: Order) -> dict[str, Any]:
    return {
        "client_order_id": one.client_order_id, "order_id": int(one.venue_order_id or 0), "price": str(one.price or 0),
        "quantity": str(one.quantity), "status": "CANCELED" if one.status == "cancelled" else one.status.upper(),
    }  # fmt: skip


def _algo(one: Order) -> dict[str, Any]:
    assert one.kind is not OrderKind.LIMIT
    return {
        "client_algo_id": one.client_order_id, "reduce_only": one.is_reduce_only, "working_type": "MARK_PRICE",
        "trigger_price": str(one.trigger_price), "quantity": str(one.quantity),
    }  # fmt: skip
