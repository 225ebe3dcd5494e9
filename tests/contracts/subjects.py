"""What contract tests are about: an adapter of a fresh account on the local exchange, and how each exchange says it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_exchange import LocalExchange
from order_builders import SYMBOL

from adapters.ccxt.access import Access
from adapters.ccxt.exchange import CcxtExchange
from engine.messages.base import Message
from engine.messages.exchange import FindOrder, OrderPlaced, OrderReport, PrepareInstrument, UsageObserved


@dataclass(frozen=True)
class Face:
    """How an exchange says what the contract says, for tests that aim at a request or name a code.

    `too_precise` is (our reason, its code) for a quantity between two lots, `throttled` our word for its being too
    busy, `gone` its answer (a pattern) to the cancel of an order that is over. `acknowledges_only`: the answer to an
    order does not say what became of it. `amends_stops`: conditional orders can be amended. `is_simulated`: readings
    take no time, and there are no margin modes and no liquidations.
    """

    exchange: str
    order: Mapping[str, str]
    reading: Mapping[str, str]
    cancelling: Mapping[str, str]
    stop: Mapping[str, str]
    codes: Mapping[str, str]
    too_precise: tuple[str, str]
    throttled: str
    gone: str
    acknowledges_only: bool = False
    amends_stops: bool = False
    is_simulated: bool = False


BINANCE = Face(
    exchange="binanceusdm",
    order={"method": "POST", "endpoint": "/fapi/v1/order$"},
    stop={"method": "POST", "endpoint": "/fapi/v1/algoOrder$"},
    cancelling={"method": "DELETE", "endpoint": "/fapi/v1/order$"},
    reading={"method": "GET", "endpoint": "/fapi/v3/account"},
    too_precise=("precision", "-1111"),
    throttled="unavailable",
    gone="-> 400 .*-2011",
    codes={"minimum_notional": "-4164", "insufficient_margin": "-2019", "reduce_only": "-2022"},
)  # fmt: skip
BYBIT = Face(
    exchange="bybit",
    order={"method": "POST", "endpoint": "/v5/order/create$"},
    stop={"method": "POST", "endpoint": "/v5/order/create$"},
    cancelling={"method": "POST", "endpoint": "/v5/order/cancel$"},
    reading={"method": "GET", "endpoint": "/v5/account/wallet-balance"},
    too_precise=("precision", "10001"),
    throttled="rate_limited",
    gone="-> 200 .*110001",
    codes={"minimum_notional": "110094", "insufficient_margin": "110007", "reduce_only": "110017"},
    acknowledges_only=True,
    amends_stops=True,
)  # fmt: skip
FACES = {face.exchange: face for face in (BINANCE, BYBIT)}


class Subject:
    """An adapter under test, with what it pushed and what usage it reported."""

    def __init__(self, venue: LocalExchange, face: Face = BINANCE, **changes: Any) -> None:
        self.venue, self.account, self.face = venue, venue.new_account(), face
        given = {
            "exchange": face.exchange,
            "environment": "local",
            "key": f"key-{self.account}",
            "secret": f"secret-{self.account}",
            "redirect_to": venue.address,
        }
        self.pushed: list[Message] = []
        self.usage: list[UsageObserved] = []
        self.exchange = CcxtExchange(Access(**(given | changes)), self.pushed.append, self.usage.append)

    async def perform(self, call: Message) -> Any:
        return await self.exchange.perform(call)

    async def prepared(self) -> Subject:
        await self.perform(PrepareInstrument(symbol=SYMBOL, leverage=5))
        return self

    def truth(self) -> Any:
        return self.venue.account(self.account)

    def seen(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.pushed if isinstance(message, kind)]

    async def settled(self, placed: OrderPlaced, call: FindOrder) -> OrderReport:
        """What came of an order that was placed, whether the answer said it or it must be asked for."""
        report = (await self.perform(call)).report
        if not self.face.acknowledges_only:
            assert (report.status, report.filled_quantity) == (placed.status, placed.filled_quantity)
        return report

    async def until(self, condition: Callable[[], Any], timeout_s: float = 5.0) -> Any:
        deadline = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < deadline, f"it did not happen; pushed: {self.pushed[-5:]}"
            await asyncio.sleep(0.01)
        return found
