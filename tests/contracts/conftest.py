"""What every exchange contract test is given: an exchange, an adapter of a fresh account, and what was pushed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from local_exchange import LocalExchange
from loguru import logger

from adapters.access import Access
from adapters.ccxt_exchange import CcxtExchange
from engine.messages.base import Message
from engine.messages.exchange import PrepareInstrument, UsageObserved

SYMBOL = "BTC/USDT:USDT"
logger.remove()  # every request would be shown beside a failing test


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """One local exchange for all tests; time stands still unless a test lets it go."""
    exchange = LocalExchange(tmp_path_factory.mktemp("exchange"), "--weight-limit", "0", "--order-limit", "0")
    exchange.control("POST", "pause")
    yield exchange
    exchange.stop()


@pytest.fixture
def venue(running):
    yield running
    running.heal()


class Subject:
    """An adapter under test, with what it pushed and what usage it reported."""

    def __init__(self, venue: LocalExchange, **changes: Any) -> None:
        self.venue, self.account = venue, venue.new_account()
        given = {
            "exchange": "binanceusdm",
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

    async def until(self, condition: Callable[[], Any], timeout_s: float = 5.0) -> Any:
        deadline = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < deadline, f"it did not happen; pushed: {self.pushed[-5:]}"
            await asyncio.sleep(0.01)
        return found


@pytest.fixture
async def subject(venue):
    made = Subject(venue)
    yield await made.prepared()
    await made.exchange.close()
