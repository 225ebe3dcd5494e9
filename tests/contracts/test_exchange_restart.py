"""The exchange dies and comes back: nothing is claimed, nothing is lost, and everything goes on by itself."""

from __future__ import annotations

import time

import pytest
from local_exchange import LocalExchange
from order_builders import SYMBOL, an_entry, an_exit, place, snapshot
from subjects import Subject

from engine.messages.exchange import (
    ExchangeUnavailable,
    FetchFills,
    FillReceived,
    OpenMarketStream,
    OpenUserStream,
    OrderPlaced,
    StreamLost,
    StreamOpened,
)
from engine.messages.market import BarClosed

pytestmark = pytest.mark.processes


async def test_an_exchange_killed_and_started_again(tmp_path, face):
    options = ("--state-file", str(tmp_path / "state.json"))
    first = LocalExchange(tmp_path, *options, speed="600")
    subject = await Subject(first, face).prepared()
    await subject.perform(OpenUserStream(symbol=SYMBOL))
    await subject.perform(OpenMarketStream(symbol=SYMBOL))
    entry = an_entry()
    await subject.perform(place(entry))
    await subject.until(lambda: subject.seen(FillReceived) and subject.seen(BarClosed))

    first.kill()
    await subject.until(lambda: len(subject.seen(StreamLost)) == 2)
    away = await subject.perform(place(an_exit()))

    assert isinstance(away, ExchangeUnavailable)
    assert away.text.startswith("not_sent")

    second = LocalExchange(tmp_path, *options, speed="600", port=first.port)
    subject.venue = second
    bars_before = len(subject.seen(BarClosed))
    await subject.until(lambda: len(subject.seen(StreamOpened)) == 2, timeout_s=15)
    fills = (await subject.perform(FetchFills(symbol=SYMBOL, since_ns=time.time_ns() - 60 * 10**9))).fills

    assert [fill.client_order_id for fill in fills] == [entry.client_order_id]
    assert (await snapshot(subject)).position_quantity == entry.quantity
    assert isinstance(await subject.perform(place(an_exit())), OrderPlaced)
    await subject.until(lambda: len(subject.seen(FillReceived)) == 2)
    await subject.until(lambda: len(subject.seen(BarClosed)) > bars_before)
    await subject.exchange.close()
    second.stop()
