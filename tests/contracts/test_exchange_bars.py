"""Bars from the exchange: closed ones only, contiguous, by time or the newest, whatever the page."""

from __future__ import annotations

from itertools import pairwise

import pytest
from order_builders import SYMBOL

from engine.market import MINUTE_NS
from engine.messages.exchange import BarsFetched, FetchBars

pytestmark = pytest.mark.processes


def bars(from_ns=None, until_ns=None, limit=10):
    return FetchBars(symbol=SYMBOL, timeframe="1m", from_open_time_ns=from_ns, until_open_time_ns=until_ns, limit=limit)


async def fetched(subject, *window, **options):
    answer = await subject.perform(bars(*window, **options))
    assert isinstance(answer, BarsFetched)
    return answer.bars


def newest_closed_ns(venue):
    return venue.control("GET", "status")["symbols"]["BTCUSDT"]["last_closed_open_time_ms"] * 1_000_000


async def test_the_newest_bars_are_closed_ones_contiguous_and_end_with_the_last_closed(subject, venue):
    found = await fetched(subject, limit=7)

    assert len(found) == 7
    assert found[-1].open_time_ns == newest_closed_ns(venue)
    assert {b.open_time_ns - a.open_time_ns for a, b in pairwise(found)} == {MINUTE_NS}


async def test_a_range_is_half_open_and_the_unfinished_bar_is_never_in_it(subject, venue):
    last = newest_closed_ns(venue)

    inside = await fetched(subject, last - 3 * MINUTE_NS, last, limit=100)
    beyond = await fetched(subject, last - 3 * MINUTE_NS, last + 10 * MINUTE_NS, limit=100)
    first_two = await fetched(subject, last - 3 * MINUTE_NS, None, limit=2)

    assert [bar.open_time_ns for bar in inside] == [last - n * MINUTE_NS for n in (3, 2, 1)]
    assert beyond[-1].open_time_ns == last
    assert len(beyond) == 4
    assert first_two == inside[:2]


async def test_more_bars_than_a_page_are_read_in_both_directions(subject, venue, monkeypatch):
    from adapters.ccxt import bars as ccxt_bars

    whole = await fetched(subject, limit=50)
    monkeypatch.setattr(ccxt_bars, "PAGE", 7)

    assert await fetched(subject, limit=50) == whole
    assert await fetched(subject, whole[0].open_time_ns, None, limit=50) == whole
    assert await fetched(subject, None, whole[30].open_time_ns, limit=20) == whole[10:30]
