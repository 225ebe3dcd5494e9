"""Binance's market: what it lists and under which rules, its clock, its bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.ccxt.clock import measured_clock
from adapters.ccxt.translate import Raw, amount, bar, instrument, mapping, rows, text, time_ns
from engine.errors import RequestRefused
from engine.instrument import Instrument
from engine.market import Bar

STATUS_VALID_NS = 60_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """An instrument as ccxt and Binance name it, with Binance's filters."""

    symbol: str
    market_id: str
    ccxt_market: Raw
    filters: dict[str, Raw]


class BinanceMarket:
    """The public half of the dialect."""

    def __init__(self, client: Any, now_ns: Callable[[], int]) -> None:
        self._client, self._now_ns = client, now_ns
        self._markets: dict[str, Market] = {}
        self._statuses: dict[str, tuple[int, str]] = {}

    async def ping(self) -> None:
        """The cheapest request there is."""
        await self._client.fapiPublicGetPing()

    async def market(self, symbol: str) -> Market:
        """What the exchange lists under `symbol`; read once."""
        if symbol not in self._markets:
            answer = mapping(await self._client.fapiPublicGetExchangeInfo())
            self._markets[symbol] = self._listed(rows(answer.get("symbols")), symbol)
        return self._markets[symbol]

    def _listed(self, listed: Any, symbol: str) -> Market:
        base = symbol.partition("/")[0]
        for raw in (raw for raw in listed if str(raw.get("baseAsset", "")).upper() == base.upper()):
            parsed = self._client.parse_market(raw)
            if parsed and parsed["symbol"] == symbol:
                filters = {text(row, "filterType"): row for row in raw.get("filters", [])}
                return Market(symbol=symbol, market_id=parsed["id"], ccxt_market=parsed, filters=filters)
        raise RequestRefused(f"{symbol} is not listed here", code="", reason="unknown_symbol")

    async def instrument(self, symbol: str) -> Instrument:
        """The exchange's rules for `symbol`, with this account's fees."""
        market = await self.market(symbol)
        fees = await self._client.fapiPrivateGetCommissionRate({"symbol": market.market_id})
        taker, maker = amount(fees, "takerCommissionRate"), amount(fees, "makerCommissionRate")
        return instrument(market.ccxt_market, market.filters, (taker, maker))

    async def symbol_status(self, symbol: str) -> str:
        """Empty while the exchange takes new positions in it, else its own word for why not.

        It is told in one long list of everything only, so that is read once a minute. A refusal says it at once.
        """
        read_at_ns, status = self._statuses.get(symbol, (0, ""))
        if self._now_ns() - read_at_ns >= STATUS_VALID_NS:
            market_id = (await self.market(symbol)).market_id
            listed = rows(mapping(await self._client.fapiPublicGetExchangeInfo()).get("symbols"))
            found = [text(mapping(raw), "status") for raw in listed if mapping(raw).get("symbol") == market_id]
            status = "not listed any more" if not found else "" if found[0] == "TRADING" else found[0]
            self._statuses[symbol] = (self._now_ns(), status)
        return status

    async def list_instrument(self, symbol: str) -> None:
        """Learn how the exchange names `symbol`; raises RequestRefused when it does not list it."""
        await self.market(symbol)

    async def measure_clock(self) -> tuple[int, int]:
        """(exchange clock minus ours, shortest round trip), in ns; every signature uses the first from now on."""
        return await measured_clock(self._client, self._server_time_ns, self._now_ns)

    async def _server_time_ns(self) -> int:
        return time_ns(mapping(await self._client.fapiPublicGetTime()), "serverTime")

    async def klines(self, symbol: str, timeframe: str, **window: int) -> list[Bar]:
        """Bars as the exchange has them, the newest of them unfinished."""
        asked = {"symbol": (await self.market(symbol)).market_id, "interval": timeframe, **window}
        return [bar(row) for row in rows(await self._client.fapiPublicGetKlines(asked))]
