"""Streams: every event once, the market's bars once, and coming back from every way to end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from order_builders import SYMBOL, a_stop, an_entry, an_exit, find, number_of, place
from subjects import Subject

from adapters.ccxt import subscriptions as ccxt_subscriptions
from adapters.ccxt.streams import Patience
from engine.market import MINUTE_NS
from engine.messages.exchange import (
    FetchFills,
    FillReceived,
    OpenMarketStream,
    OpenUserStream,
    OrderUpdated,
    StreamLost,
    StreamOpened,
    TakeSnapshot,
)
from engine.messages.market import BarClosed, MarkPriceChanged
from engine.order import OrderStatus

pytestmark = pytest.mark.processes
SIMULATED_TOO = True
S = OrderStatus


@pytest.fixture
async def listening(subject):
    assert await subject.perform(OpenUserStream(symbol=SYMBOL)) == StreamOpened(stream="user")
    return subject


async def mark_price(subject):
    answer = await subject.perform(TakeSnapshot(symbol=SYMBOL, fills_since_ns=time.time_ns()))
    return answer.snapshot.mark_price


def reports(subject, order):
    told = [seen.report for seen in subject.seen(OrderUpdated)]
    return [report for report in told if report.client_order_id == order.client_order_id]


def statuses(subject, order):
    return [report.status for report in reports(subject, order)]


async def test_an_order_s_events_come_in_order_with_the_fill_before_its_status(listening):
    order = an_entry()
    placed = await listening.perform(place(order))

    await listening.until(lambda: statuses(listening, order) == [S.ACCEPTED, S.FILLED])

    [fill] = [seen.fill for seen in listening.seen(FillReceived)]
    [real] = listening.truth()["trades"]
    assert (fill.client_order_id, fill.venue_order_id) == (order.client_order_id, placed.venue_order_id)
    assert (number_of(fill.trade_id), fill.quantity, fill.price, fill.fee, fill.fee_asset, fill.sign) == (
        real["trade_id"], Decimal(real["quantity"]), Decimal(real["price"]), Decimal(real["fee"]), "USDT", 1,
    )  # fmt: skip
    kinds = [type(message) for message in listening.pushed]
    assert kinds.index(FillReceived) < len(kinds) - 1 - kinds[::-1].index(OrderUpdated)


@pytest.mark.over_a_network
async def test_an_order_filled_in_parts_is_as_many_fills_as_the_exchange_made(listening):
    order = an_entry(quantity=Decimal(8))
    answer = await listening.perform(place(order))

    await listening.until(lambda: statuses(listening, order)[-1:] == [S.FILLED])

    fills = [seen.fill for seen in listening.seen(FillReceived)]
    assert len(fills) == len(listening.truth()["trades"]) > 1
    assert sum(fill.quantity for fill in fills) == (await listening.settled(answer, find(order))).filled_quantity == 8
    assert len({fill.trade_id for fill in fills}) == len(fills)
    assert S.PARTIALLY_FILLED in statuses(listening, order)


async def test_the_stream_and_the_list_tell_the_same_fill(listening):
    await listening.perform(place(an_entry()))
    [heard] = await listening.until(lambda: listening.seen(FillReceived))

    asked = await listening.perform(FetchFills(symbol=SYMBOL, since_ns=time.time_ns() - 60 * 10**9))

    assert asked.fills == (heard.fill,)


async def test_a_triggered_stop_is_reported_under_its_own_id_and_filled_only_by_a_fill(listening, venue):
    await listening.perform(place(an_entry()))
    mark = await mark_price(listening)
    stop = a_stop((mark * Decimal("0.99")).quantize(Decimal("0.1")))
    await listening.perform(place(stop))

    venue.price(str((mark * Decimal("0.98")).quantize(Decimal("0.1"))))
    await listening.until(lambda: S.FILLED in statuses(listening, stop))

    seen = reports(listening, stop)
    assert seen[0].status is S.ACCEPTED
    assert {report.status for report in seen} == {S.ACCEPTED, S.TRIGGERED, S.FILLED}
    assert all(report.is_conditional for report in seen)
    fill = listening.seen(FillReceived)[-1].fill
    assert (fill.client_order_id, fill.sign, fill.quantity) == (stop.client_order_id, -1, stop.quantity)
    assert seen[-1].venue_order_id == fill.venue_order_id
    venue.price(str(mark))


async def test_a_position_closed_by_hand_is_heard_of_as_a_fill_of_nobody_s_order(listening, venue):
    await listening.perform(place(an_entry()))
    venue.control("POST", f"accounts/{listening.account}/close", symbol="BTCUSDT")

    await listening.until(lambda: len(listening.seen(FillReceived)) == 2)

    foreign = listening.seen(FillReceived)[-1].fill
    assert (foreign.sign, foreign.is_liquidation) == (-1, False)
    assert not foreign.client_order_id.startswith("p0000-")


@pytest.mark.over_a_network
@pytest.mark.parametrize(("hand", "given"), [("liquidate", {}), ("adl", {"symbol": "BTCUSDT"})])
async def test_a_position_the_exchange_closed_by_force_is_heard_of_and_listed_as_such(listening, venue, hand, given):
    await listening.perform(place(an_entry()))
    venue.control("POST", f"accounts/{listening.account}/{hand}", **given)

    await listening.until(lambda: len(listening.seen(FillReceived)) == 2)
    own, forced = (seen.fill for seen in listening.seen(FillReceived))
    listed = (await listening.perform(FetchFills(symbol=SYMBOL, since_ns=time.time_ns() - 60 * 10**9))).fills

    assert (own.is_liquidation, forced.is_liquidation) == (False, True)
    assert listed == (own, forced)


@pytest.mark.over_a_network
@pytest.mark.parametrize("kind", ["stream_drop", "stream_abort"])
async def test_a_dropped_stream_is_told_comes_back_and_what_was_missed_can_be_read(listening, venue, kind):
    venue.fault(kind, account=listening.account)
    order = an_entry()
    await listening.perform(place(order))

    await listening.until(lambda: listening.seen(StreamOpened))
    fills = (await listening.perform(FetchFills(symbol=SYMBOL, since_ns=time.time_ns() - 60 * 10**9))).fills

    changes = [type(seen) for seen in listening.pushed if isinstance(seen, (StreamLost, StreamOpened))]
    assert changes == [StreamLost, StreamOpened]
    assert [fill.client_order_id for fill in fills] == [order.client_order_id]
    other = an_exit()
    await listening.perform(place(other))
    await listening.until(lambda: statuses(listening, other)[-1:] == [S.FILLED])


@pytest.mark.over_a_network
@pytest.mark.parametrize("face", ["binanceusdm"], indirect=True)  # Bybit gives none
async def test_an_expired_listen_key_is_replaced_and_the_stream_goes_on(listening, venue):
    venue.control("POST", f"accounts/{listening.account}/expire-listen-key")

    await listening.until(lambda: listening.seen(StreamOpened))
    order = an_entry()
    await listening.perform(place(order))

    assert "listen key expired" in listening.seen(StreamLost)[0].reason
    await listening.until(lambda: S.FILLED in statuses(listening, order))


@pytest.mark.over_a_network
async def test_a_mute_user_stream_is_noticed_by_the_order_it_does_not_mention(listening, venue, monkeypatch):
    monkeypatch.setattr(ccxt_subscriptions, "ECHO_S", 0.2)
    venue.fault("stream_silence", account=listening.account, delay_ms=0)
    await listening.perform(place(an_entry()))

    lost = (await listening.until(lambda: listening.seen(StreamLost)))[0]

    assert "mute" in lost.reason
    await listening.until(lambda: listening.seen(StreamOpened))


@pytest.mark.over_a_network
async def test_a_stream_that_mentions_every_order_is_never_called_mute(listening, venue, monkeypatch):
    monkeypatch.setattr(ccxt_subscriptions, "ECHO_S", 0.2)
    mark = await mark_price(listening)

    for order in (an_entry(), a_stop((mark * Decimal("0.9")).quantize(Decimal("0.1"))), an_exit()):
        await listening.perform(place(order))
    await listening.perform(place(an_entry(quantity=Decimal("0.0105"))))  # refused: there is nothing to mention
    await asyncio.sleep(0.5)

    assert listening.seen(StreamLost) == []


@pytest.mark.over_a_network
async def test_a_dropped_stream_is_not_called_mute_for_what_it_missed(listening, venue, monkeypatch):
    monkeypatch.setattr(ccxt_subscriptions, "ECHO_S", 0.5)
    venue.fault("stream_abort", account=listening.account)
    await listening.perform(place(an_entry()))

    await listening.until(lambda: listening.seen(StreamOpened))
    await asyncio.sleep(0.7)

    assert len(listening.seen(StreamLost)) == 1


async def test_opening_twice_is_one_stream(listening):
    assert await listening.perform(OpenUserStream(symbol=SYMBOL)) == StreamOpened(stream="user")
    order = an_entry()
    await listening.perform(place(order))

    await listening.until(lambda: S.FILLED in statuses(listening, order))
    await asyncio.sleep(0.1)

    assert statuses(listening, order) == [S.ACCEPTED, S.FILLED]


@pytest.mark.over_a_network
async def test_a_stream_nobody_answers_is_lost_and_dialled_until_somebody_does(venue, face):
    alone = Subject(venue, face, redirect_to="http://127.0.0.1:9")

    answer = await alone.perform(OpenUserStream(symbol=SYMBOL))
    await asyncio.sleep(0.5)

    assert isinstance(answer, StreamLost)
    assert alone.pushed == []  # told once
    await alone.exchange.close()


# --- the market ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def watching(subject):
    assert await subject.perform(OpenMarketStream(symbol=SYMBOL)) == StreamOpened(stream="market")
    yield subject
    subject.venue.control("POST", "pause")


@pytest.mark.over_a_network
async def test_every_closed_bar_comes_once_in_order_and_is_what_the_list_says(watching, venue):
    venue.control("POST", "speed", speed=1_200)
    venue.control("POST", "resume")
    await watching.until(lambda: len(watching.seen(BarClosed)) >= 30)
    venue.control("POST", "pause")
    await asyncio.sleep(0.2)

    times = [seen.bar.open_time_ns for seen in watching.seen(BarClosed)]
    assert times == [times[0] + index * MINUTE_NS for index in range(len(times))]
    from engine.messages.exchange import FetchBars

    call = FetchBars(symbol=SYMBOL, timeframe="1m", from_open_time_ns=times[0], until_open_time_ns=None, limit=2_000)
    listed = (await watching.perform(call)).bars
    assert [seen.bar for seen in watching.seen(BarClosed)] == list(listed)
    venue.control("POST", "speed", speed=60)


@pytest.mark.over_a_network
async def test_mark_prices_keep_coming_with_our_clock(watching, venue):
    venue.control("POST", "resume")

    await watching.until(lambda: len(watching.seen(MarkPriceChanged)) >= 2)

    mark = watching.seen(MarkPriceChanged)[-1].mark
    assert mark.price > 0
    assert abs(time.time_ns() - mark.observed_at_ns) < 2_000_000_000


@pytest.mark.over_a_network
async def test_a_silent_market_stream_is_dialled_again(subject, venue, monkeypatch):
    connection = subject.exchange._connection
    hasty = replace(connection.profile, market_patience=Patience(silence_s=0.3))
    monkeypatch.setattr(connection, "profile", hasty)

    await subject.perform(OpenMarketStream(symbol=SYMBOL))
    venue.fault("stream_silence", stream="btcusdt", delay_ms=0)

    lost = (await subject.until(lambda: subject.seen(StreamLost)))[0]
    assert "silent" in lost.reason
    await subject.until(lambda: subject.seen(StreamOpened))
