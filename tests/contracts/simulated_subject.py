"""The simulated exchange as contract tests want it: asked like an adapter, books shown as the local one's are.

It passes what the contract says of orders of both kinds, amendments, lists, fills, the account, funding, the time, the
user stream's events and refusals. It lacks on purpose, and the tests of these are marked `over_a_network`:

- requests and answers that get lost, late or doubled, dropped streams, 429: whoever drives it does that on the way to
  it and back (`actors.simulator.network`), and the laws of `tests.simulation` judge what comes of it; a request that
  was lost is UNKNOWN to its sender there as here. An exchange that isn't reached, or by a wrong key, is none there.
- bars and mark prices, which the simulated world's market has; a log; pages of lists (a list is always whole); usage.
- depth: a driver says that the book is thin or shallow. Margin modes, liquidation and auto-deleveraging.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from order_builders import SYMBOL
from subjects import Face, Subject

from adapters.simulated_exchange import SimulatedExchange, Wallet
from engine.instrument import Instrument
from engine.messages.base import Message
from engine.order import Order, OrderKind, OrderPurpose, Side

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
    is_simulated=True,
)


BALANCE, FUNDING_RATE, EIGHT_HOURS = Decimal(100_000), Decimal("0.0001"), 480  # of candles


class SimulatedMarket:
    """What tests do to the market."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange

    def price(self, price: str) -> None:
        self._exchange.move(Decimal(price), time.time_ns())

    def control(self, _verb: str, path: str, **told: Any) -> None:
        """As the local exchange's control API, as far as tests need it."""
        match path.rsplit("/", maxsplit=1)[-1]:
            case "clock-skew":
                self._exchange.clock_offset_ns = told["skew_ms"] * 1_000_000
            case "BTCUSDT":
                self._exchange.symbol_status = told["status"].replace("TRADING", "")
            case "jump":
                for _ in range(told["candles"] // EIGHT_HOURS):
                    self._exchange.pay_funding(FUNDING_RATE, time.time_ns())
            case "close":
                self._exchange.place_foreign(_closing(self._exchange), time.time_ns())
            case _:
                raise AssertionError(f"the simulated exchange has no {path}")


def _closing(exchange: SimulatedExchange) -> Order:
    held = exchange.position.quantity
    return Order(
        client_order_id="web-1", symbol=SYMBOL, side=Side.SELL if held > 0 else Side.BUY, kind=OrderKind.MARKET,
        purpose=OrderPurpose.EXIT, quantity=abs(held), trade_number=0, bar_open_time_ns=0, is_reduce_only=True,
    )  # fmt: skip


class SimulatedSubject(Subject):
    """One account with 100,000 at a price of 60,000."""

    def __init__(self) -> None:
        self.simulated = SimulatedExchange(RULES, Wallet(balance=BALANCE), Decimal(60_000))
        self.venue, self.face, self.account = SimulatedMarket(self.simulated), SIMULATED, "simulated"  # type: ignore[assignment]
        self.pushed, self.usage = self.simulated.pushed, []

    async def perform(self, call: Message) -> Any:
        return self.simulated.perform(call, time.time_ns())

    def truth(self) -> Any:
        held = self.simulated.position
        orders = list(self.simulated.orders.values())
        resting = [one for one in orders if one.is_working]
        leverage = self.simulated.leverage
        position = {"quantity": str(held.quantity), "entry_price": str(held.entry_price), "leverage": leverage}
        fees, funding = (
            sum(fill.fee for fill in self.simulated.fills),
            sum(one.amount for one in self.simulated.funding),
        )
        return {
            "balance": str(self.simulated.wallet_balance),
            "fees": str(fees),
            "funding": str(funding),
            "realized_pnl": str(self.simulated.wallet_balance - BALANCE + fees - funding),
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
