"""Binance's executions, all pages, each attributed to the order of ours it belongs to.

`userTrades` names only the order id of the exchange. What a triggered stop sold belongs to an ordinary order whose id
we may never have been told (the stream was down); without attribution it would look like somebody else's. So order ids
we do not know are looked up once, in the lists of ordinary and of conditional orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.ccxt.dialects.binance_translate import fill, is_by_force, produced_order_id
from adapters.ccxt.translate import MS, mapping, rows, text
from engine.errors import MalformedMessage
from engine.fill import Fill
from engine.ids import is_ours

PAGE = 1_000
WINDOW_MS = 7 * 24 * 3_600_000 - 1  # the longest span userTrades answers
OLDEST_MS = 89 * 24 * 3_600_000  # it keeps about three months
AHEAD_MS = 60_000  # its clock may be ahead of ours
MOST_OWNERS = 10_000


class FillsReader:
    """Reads executions; remembers which client id an order id belongs to."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._owners: dict[str, str] = {}

    @property
    def owners(self) -> Mapping[str, str]:
        """Order id -> client order id; for what a conditional order became, the conditional order's."""
        return self._owners

    def know(self, order_id: str, client_order_id: str) -> None:
        """Learned from a stream event or another answer."""
        self._owners[order_id] = client_order_id
        while len(self._owners) > MOST_OWNERS:
            del self._owners[next(iter(self._owners))]

    async def since(self, symbol: str, market_id: str, since_ns: int, now_ns: int) -> tuple[Fill, ...]:
        """Executions since then (at most three months back), oldest first."""
        end_ms = now_ns // MS + AHEAD_MS
        start_ms = max(since_ns // MS, end_ms - OLDEST_MS)
        found: dict[str, Fill] = {}
        while start_ms <= end_ms:
            page = await self._page(symbol, market_id, start_ms)
            found |= {one.trade_id: one for one in page}
            start_ms = _next_start(page, start_ms)
        names = await self._names(market_id, {one.venue_order_id for one in found.values()})
        named = (_named(one, names.get(one.venue_order_id, "")) for one in found.values())
        return tuple(sorted(named, key=lambda one: (one.occurred_at_ns, int(one.trade_id))))

    async def _page(self, symbol: str, market_id: str, start_ms: int) -> list[Fill]:
        asked = {"symbol": market_id, "startTime": start_ms, "endTime": start_ms + WINDOW_MS, "limit": PAGE}
        return [fill(raw, symbol) for raw in rows(await self._client.fapiPrivateGetUserTrades(asked))]

    async def _names(self, market_id: str, order_ids: set[str]) -> Mapping[str, str]:
        """Order id -> client order id. Strangers' are looked up again each time: a list may lag behind the fills."""
        unknown = sorted(int(order_id) for order_id in order_ids - self._owners.keys())
        if not unknown:
            return self._owners
        ordinary, conditional = await asyncio.gather(
            self._ordinary(market_id, unknown[0], unknown[-1]),
            self._client.fapiPrivateGetAllAlgoOrders({"symbol": market_id, "limit": PAGE}),
        )
        became = {order_id: text(raw, "clientAlgoId") for raw in rows(conditional) if (order_id := _became(raw))}
        for order_id, client_order_id in {**ordinary, **became}.items():
            if order_id in became or is_ours(client_order_id):
                self.know(order_id, client_order_id)
        return {**ordinary, **self._owners}

    async def _ordinary(self, market_id: str, first: int, last: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while first <= last:
            asked = {"symbol": market_id, "orderId": first, "limit": PAGE}
            page = [mapping(raw) for raw in rows(await self._client.fapiPrivateGetAllOrders(asked))]
            found |= {text(raw, "orderId"): text(raw, "clientOrderId") for raw in page}
            first = max((int(text(raw, "orderId")) for raw in page), default=last) + 1
        return found


def _named(one: Fill, client_order_id: str) -> Fill:
    return replace(one, client_order_id=client_order_id, is_liquidation=is_by_force(client_order_id))


def _became(value: Any) -> str:
    return produced_order_id(mapping(value))


def _next_start(page: list[Fill], start_ms: int) -> int:
    if len(page) < PAGE:
        return start_ms + WINDOW_MS + 1
    last_ms = max(one.occurred_at_ns for one in page) // MS
    if last_ms == start_ms:
        raise MalformedMessage(f"{PAGE} executions within the same millisecond {last_ms}: some can't be read")
    return last_ms  # again from the last millisecond, which may hold more; repeated ones are recognised
