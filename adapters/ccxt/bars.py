"""Closed bars only, decided by the exchange's own newest bar and never by our clock.

The newest bar an exchange lists is the one still being made. It is asked for before the range: a bar older than it was
finished by then, so what is read afterwards is final, however fast market time runs.
"""

from __future__ import annotations

from typing import Protocol

from adapters.ccxt.translate import MS
from engine.market import Bar
from engine.messages.exchange import FetchBars

PAGE = 1_000  # the most of the exchanges we know that answers the fewest


class Klines(Protocol):
    """Bars oldest first; `window` is any of limit, startTime and endTime (ms)."""

    async def klines(self, symbol: str, timeframe: str, **window: int) -> list[Bar]: ...


async def closed_bars(source: Klines, call: FetchBars) -> tuple[Bar, ...]:
    """At most `call.limit` closed bars, oldest first: the first ones of the range, or (without a start) its newest."""
    newest = await source.klines(call.symbol, call.timeframe, limit=1)
    if not newest:
        return ()
    until_ns = min(call.until_open_time_ns or newest[-1].open_time_ns, newest[-1].open_time_ns)
    if call.from_open_time_ns is None:
        return await _backwards(source, call, until_ns)
    return await _forwards(source, call, call.from_open_time_ns, until_ns)


async def _forwards(source: Klines, call: FetchBars, from_ns: int, until_ns: int) -> tuple[Bar, ...]:
    found: list[Bar] = []
    while from_ns < until_ns and len(found) < call.limit:
        page = await source.klines(
            call.symbol,
            call.timeframe,
            startTime=from_ns // MS,
            endTime=until_ns // MS - 1,
            limit=min(PAGE, call.limit - len(found)),
        )
        if not page:
            break
        found += page
        from_ns = page[-1].open_time_ns + MS
    return _within(found, until_ns)[: call.limit]


async def _backwards(source: Klines, call: FetchBars, until_ns: int) -> tuple[Bar, ...]:
    found: list[Bar] = []
    end_ns = until_ns
    while len(found) < call.limit:
        wanted = min(PAGE, call.limit - len(found))
        page = await source.klines(call.symbol, call.timeframe, endTime=end_ns // MS - 1, limit=wanted)
        if not page:
            break
        found = page + found
        end_ns = page[0].open_time_ns
    return _within(found, until_ns)[-call.limit :]


def _within(bars: list[Bar], until_ns: int) -> tuple[Bar, ...]:
    return tuple(bar for bar in bars if bar.open_time_ns < until_ns)
