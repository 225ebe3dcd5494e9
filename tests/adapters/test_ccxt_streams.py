"""Streams against a stranger: doubled, late and unreadable frames, and how long a stream waits before it dials."""

from __future__ import annotations

import asyncio
import time

import pytest
from adapter_builders import SYMBOL
from loguru import logger
from strange_exchange import StrangeExchange

from adapters.ccxt.access import Access
from adapters.ccxt.exchange import CcxtExchange
from adapters.ccxt.streams import Patience
from engine.messages.exchange import FillReceived, OpenMarketStream, OpenUserStream, StreamLost, StreamOpened
from engine.messages.market import BarClosed, MarkPriceChanged

MINUTE_MS = 60_000


@pytest.fixture
async def stranger():
    made = StrangeExchange()
    await made.start()
    made.said = '{"listenKey": "a-listen-key-of-nobody"}'
    yield made
    await made.stop()


@pytest.fixture
async def pushed(stranger):
    logger.remove()
    heard = []
    access = Access(
        exchange="binanceusdm",
        environment="local",
        key="a-key-of-nobody",
        secret="a-secret",
        redirect_to=stranger.address,
    )
    exchange = CcxtExchange(access, heard.append, lambda usage: None)
    yield heard, exchange
    await exchange.close()


async def until(condition, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def kline(minute, is_closed=True, close="100.5"):
    k = {"t": minute * MINUTE_MS, "o": "100", "h": "101", "l": "99", "c": close, "v": "3", "x": is_closed}
    return {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "s": "BTCUSDT", "k": k}}


def execution(trade_id):
    order = {
        "s": "BTCUSDT", "c": "p0000-1-abcd-1-E1", "S": "BUY", "ot": "MARKET", "q": "1.000", "sp": "0", "x": "TRADE",
        "X": "PARTIALLY_FILLED", "i": 7, "l": "0.010", "z": "0.010", "L": "58000.10", "N": "USDT", "n": "0.29",
        "T": 1_700_000_000_000, "t": trade_id, "m": False, "R": False,
    }  # fmt: skip
    return {"e": "ORDER_TRADE_UPDATE", "T": 1_700_000_000_000, "o": order}


def minutes(heard):
    return [message.bar.open_time_ns // (MINUTE_MS * 1_000_000) for message in heard if isinstance(message, BarClosed)]


async def test_a_bar_that_is_told_twice_or_late_is_pushed_once(stranger, pushed):
    heard, exchange = pushed
    await exchange.perform(OpenMarketStream(symbol=SYMBOL))

    await stranger.say(kline(1), kline(1), kline(2, is_closed=False), kline(3), kline(2), kline(3), kline(4))

    await until(lambda: minutes(heard)[-1:] == [4])
    assert minutes(heard) == [1, 3, 4]


async def test_after_a_new_connection_an_earlier_market_time_is_taken(stranger, pushed):
    heard, exchange = pushed
    await exchange.perform(OpenMarketStream(symbol=SYMBOL))
    await stranger.say(kline(100))
    await until(lambda: minutes(heard) == [100])

    await stranger.sockets[-1].close()
    await until(lambda: len(stranger.sockets) == 2)
    await until(lambda: any(isinstance(message, StreamOpened) for message in heard))
    await stranger.say(kline(5))

    await until(lambda: minutes(heard) == [100, 5])


@pytest.mark.parametrize(
    "frame", ["not json", "[1, 2]", '"text"', '{"e": "ORDER_TRADE_UPDATE", "o": {"s": "BTCUSDT"}}']
)
async def test_a_user_frame_we_cannot_read_ends_the_connection_and_the_next_one_works(stranger, pushed, frame):
    heard, exchange = pushed
    kept = []
    logger.add(kept.append, filter=lambda record: "frame kept" in record["message"])
    await exchange.perform(OpenUserStream(symbol=SYMBOL))

    await stranger.say(frame)
    await until(lambda: len(stranger.sockets) == 2)
    await until(lambda: any(isinstance(message, StreamOpened) for message in heard))
    await stranger.say(execution(1))

    await until(lambda: any(isinstance(message, FillReceived) for message in heard))
    assert [type(message) for message in heard[:2]] == [StreamLost, StreamOpened]
    assert "MalformedMessage" in heard[0].reason
    assert len(kept) == 1


async def test_a_thousand_executions_at_once_are_a_thousand_fills_in_order(stranger, pushed):
    heard, exchange = pushed
    await exchange.perform(OpenUserStream(symbol=SYMBOL))

    await stranger.say(*(execution(number) for number in range(1, 1_001)))

    def told():
        return [int(message.fill.trade_id) for message in heard if isinstance(message, FillReceived)]

    await until(lambda: len(told()) == 1_000)
    assert told() == list(range(1, 1_001))


async def test_unknown_frames_and_answers_say_nothing(stranger, pushed):
    heard, exchange = pushed
    await exchange.perform(OpenMarketStream(symbol=SYMBOL))

    await stranger.say({"result": None, "id": 1}, {"stream": "x", "data": {"e": "somethingNew"}})
    await stranger.say({"stream": "m", "data": {"e": "markPriceUpdate", "p": "58000.10"}})

    await until(lambda: heard)
    assert [type(message) for message in heard] == [MarkPriceChanged]


async def test_the_listen_key_is_in_no_message(stranger, pushed):
    _, exchange = pushed
    stranger.status = 500

    lost = await exchange.perform(OpenUserStream(symbol=SYMBOL))

    assert isinstance(lost, StreamLost)
    assert "nobody" not in lost.reason


def test_waiting_grows_is_bounded_and_is_never_the_same_for_all():
    patience = Patience(silence_s=None)

    delays = [[patience.delay_s(attempt) for _ in range(50)] for attempt in range(30)]

    assert max(delays[0]) <= patience.first_delay_s
    assert all(patience.longest_delay_s / 2 <= delay <= patience.longest_delay_s for delay in delays[-1])
    assert all(len(set(some)) > 1 for some in delays)
