"""Bybit's market: what it lists and under which rules, its clock, its bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.ccxt.clock import measured_clock
from adapters.ccxt.dialects.bybit_translate import CATEGORY, instrument, listed, result
from adapters.ccxt.translate import Raw, bar, positive, rows, text
from engine.errors import MalformedMessage, RequestRefused
from engine.instrument import Instrument
from engine.market import Bar

INTERVAL = {
    "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240", "6h": "360",
    "12h": "720", "1d": "D", "1w": "W",
}  # fmt: skip
LISTED_PAGE = 1_000
MOST_PAGES = 50


class BybitMarket:
    """The public half of the dialect."""

    def __init__(self, client: Any, now_ns: Callable[[], int]) -> None:
        self._client, self._now_ns = client, now_ns
        self._ids: dict[str, str] = {}

    async def ping(self) -> None:
        """The cheapest request there is."""
        await self._client.publicGetV5MarketTime()

    async def list_instrument(self, symbol: str) -> None:
        """Learn how the exchange names `symbol`; raises RequestRefused when it does not list it."""
        if symbol not in self._ids:
            self._ids[symbol] = text(await self._listed(symbol), "symbol")

    async def market_id(self, symbol: str) -> str:
        """The exchange's name of `symbol`."""
        await self.list_instrument(symbol)
        return self._ids[symbol]

    async def instrument(self, symbol: str) -> Instrument:
        """The exchange's rules for `symbol`, with this account's fees."""
        asked = {"category": CATEGORY, "symbol": await self.market_id(symbol)}
        raw = await self._rules(symbol)
        fees = listed(await self._client.privateGetV5AccountFeeRate(asked))
        if len(fees) != 1:
            raise MalformedMessage(f"fees of one instrument were asked for, {len(fees)} came")
        return instrument(raw, symbol, fees[0])

    async def symbol_status(self, symbol: str) -> str:
        """Empty while the exchange takes new positions in it, else its own word for why not."""
        status = text(await self._rules(symbol), "status")
        return "" if status == "Trading" else status

    async def _rules(self, symbol: str) -> Raw:
        asked = {"category": CATEGORY, "symbol": await self.market_id(symbol)}
        found = listed(await self._client.publicGetV5MarketInstrumentsInfo(asked))
        if len(found) != 1 or found[0].get("symbol") != asked["symbol"]:
            raise MalformedMessage(f"asked for {asked['symbol']}, answered {str(found)[:200]}")
        return found[0]

    async def _listed(self, symbol: str) -> Raw:
        cursor = ""
        for _ in range(MOST_PAGES):
            asked = {"category": CATEGORY, "baseCoin": symbol.partition("/")[0], "limit": LISTED_PAGE}
            answer = await self._client.publicGetV5MarketInstrumentsInfo(asked | ({"cursor": cursor} if cursor else {}))
            found = next((raw for raw in listed(answer) if _symbol_of(raw) == symbol), None)
            if found is not None:
                return found
            cursor = str(result(answer).get("nextPageCursor") or "")
            if not cursor:
                break
        raise RequestRefused(f"{symbol} is not listed here", code="", reason="unknown_symbol")

    async def measure_clock(self) -> tuple[int, int]:
        """(exchange clock minus ours, shortest round trip), in ns; every signature uses the first from now on."""
        return await measured_clock(self._client, self._server_time_ns, self._now_ns)

    async def _server_time_ns(self) -> int:
        return int(positive(result(await self._client.publicGetV5MarketTime()), "timeNano"))

    async def klines(self, symbol: str, timeframe: str, **window: int) -> list[Bar]:
        """Bars oldest first, the newest of them unfinished.

        Of a span that holds more than `limit` bars the exchange answers the last ones; asked from a start, we want the
        first ones, so the span is cut to what one page holds.
        """
        limit, start, end = window["limit"], window.get("startTime"), window.get("endTime")
        if start is not None:
            page_end = start + limit * self._client.parse_timeframe(timeframe) * 1_000 - 1
            end = page_end if end is None else min(end, page_end)
        asked = {"category": CATEGORY, "symbol": await self.market_id(symbol), "interval": INTERVAL[timeframe]}
        times = {name: value for name, value in (("start", start), ("end", end)) if value is not None}
        answer = await self._client.publicGetV5MarketKline({**asked, **times, "limit": limit})
        return [bar(row) for row in reversed(rows(result(answer).get("list")))]


def _symbol_of(raw: Raw) -> str:
    """Our name of a perpetual; empty for anything else."""
    if raw.get("contractType") != "LinearPerpetual":
        return ""
    return f"{raw.get('baseCoin')}/{raw.get('quoteCoin')}:{raw.get('settleCoin')}"
