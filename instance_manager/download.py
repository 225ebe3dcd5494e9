"""Downloading candles: page after page of closed bars from an exchange into the store, politely."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from loguru import logger

from adapters.candles.store import CandleStore
from adapters.ccxt.access import Access
from adapters.ccxt.exchange import CcxtExchange
from engine.candles import candles_of
from engine.errors import ConfigurationError
from engine.market import Bar, timeframe_ns
from engine.messages.exchange import BarsFetched, ExchangeUnavailable, FetchBars
from instance_manager.errors import ExchangeUnreachable
from instance_manager.settings import Exchange, LocalExchange
from instance_manager.venue_process import answers

PAGE_BARS = 1_500
PAUSE_S = 0.25  # 40 requests of weight 10 in ten seconds: a fifth of what Binance allows an address
TRIES = 5
MOST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which candles. Without `from_ns`: the newest `bars`; `until_ns` is excluded."""

    symbol: str
    timeframe: str
    from_ns: int | None
    until_ns: int | None
    bars: int


def download(store: CandleStore, name: str, exchange: Exchange, wish: Wish, on_progress: Callable[[int], None]) -> int:
    """How many bars were new to the store. Raises ExchangeUnreachable, ConfigurationError for an unknown symbol."""
    if isinstance(exchange, LocalExchange) and answers(exchange.host, exchange.port) is None:
        raise ExchangeUnreachable(
            f"the local exchange {name!r} does not answer at {exchange.host}:{exchange.port}; "
            "start it with `predator venue start`"
        )
    return asyncio.run(_download(store, name, exchange, wish, on_progress))


def one_bar(access: Access, name: str, symbol: str, timeframe: str) -> None:
    """Does the exchange answer, and know this instrument? Raises as `download` does, after one try."""
    wish = Wish(symbol=symbol, timeframe=timeframe, from_ns=None, until_ns=None, bars=1)

    async def ask() -> None:
        source = CcxtExchange(access, lambda _: None, lambda _: None)
        try:
            await _page(source, name, wish, None, 1, tries=1)
        finally:
            await source.close()

    logger.disable("adapters")  # the error says it all
    try:
        asyncio.run(ask())
    finally:
        logger.enable("adapters")


def public_access(exchange: Exchange) -> Access:
    """Market data needs no key, so none is given."""
    if isinstance(exchange, LocalExchange):
        return Access(
            exchange=exchange.speaks, environment="local", redirect_to=f"http://{exchange.host}:{exchange.port}"
        )
    return Access(exchange=exchange.kind, environment="production")


async def _download(
    store: CandleStore, name: str, exchange: Exchange, wish: Wish, on_progress: Callable[[int], None]
) -> int:
    source = CcxtExchange(public_access(exchange), lambda _: None, lambda _: None)
    try:
        if wish.from_ns is None:
            return _keep(store, name, wish, await _page(source, name, wish, None, wish.bars))
        return await _forwards(source, store, name, wish, wish.from_ns, on_progress)
    finally:
        await source.close()


async def _forwards(
    source: CcxtExchange, store: CandleStore, name: str, wish: Wish, from_ns: int, on_progress: Callable[[int], None]
) -> int:
    added = read = 0
    while bars := await _page(source, name, wish, from_ns, PAGE_BARS):
        added += _keep(store, name, wish, bars)
        read += len(bars)
        on_progress(read)
        from_ns = bars[-1].open_time_ns + timeframe_ns(wish.timeframe)
        await asyncio.sleep(PAUSE_S)
    return added


async def _page(
    source: CcxtExchange, name: str, wish: Wish, from_ns: int | None, limit: int, tries: int = TRIES
) -> tuple[Bar, ...]:
    """Tried again while the exchange says wait; its no is final."""
    call = FetchBars(
        symbol=wish.symbol,
        timeframe=wish.timeframe,
        from_open_time_ns=from_ns,
        until_open_time_ns=wish.until_ns,
        limit=limit,
    )
    for tries_left in reversed(range(tries)):
        answer = await source.perform(call)
        if isinstance(answer, BarsFetched):
            return answer.bars
        assert isinstance(answer, ExchangeUnavailable), answer
        if answer.kind == "refused":
            raise ConfigurationError(f"{name} refuses {wish.symbol} {wish.timeframe}: {answer.text}")
        if not tries_left or answer.kind not in ("rate_limited", "unavailable"):
            raise ExchangeUnreachable(f"{name} does not answer ({answer.text}); check the network and its status page")
        await asyncio.sleep(min(MOST_WAIT_S, max(1.0, answer.retry_after_ms / 1000)))
    raise AssertionError("unreachable")


def _keep(store: CandleStore, name: str, wish: Wish, bars: tuple[Bar, ...]) -> int:
    return store.append(name, candles_of(wish.symbol, wish.timeframe, bars)) if bars else 0
