"""Bybit's account: its set-up, and lists that come in pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from adapters.ccxt.dialects.bybit_translate import CATEGORY, listed, result
from adapters.ccxt.dialects.dialect import unless_so
from adapters.ccxt.translate import Raw, amount, text
from engine.errors import MalformedMessage

MOST_PAGES = 200  # more than an account may have of anything we read


async def set_up(client: Any, market_id: str, leverage: int) -> None:
    """One-way mode, isolated margin (of the whole account) and the leverage; what is so already is left alone."""
    asked = {"category": CATEGORY, "symbol": market_id}
    held = listed(await client.privateGetV5PositionList(asked))
    if any(str(row.get("positionIdx", 0)) != "0" for row in held):
        await unless_so(client.privatePostV5PositionSwitchMode(asked | {"mode": 0}))
    if text(result(await client.privateGetV5AccountInfo()), "marginMode") != "ISOLATED_MARGIN":
        await unless_so(client.privatePostV5AccountSetMarginMode({"setMarginMode": "ISOLATED_MARGIN"}))
    if not held or amount(held[0], "leverage") != Decimal(leverage):
        sides = {"buyLeverage": str(leverage), "sellLeverage": str(leverage)}
        await unless_so(client.privatePostV5PositionSetLeverage(asked | sides))


async def paged(ask: Callable[[dict[str, Any]], Awaitable[Any]], asked: dict[str, Any]) -> tuple[Raw, ...]:
    """All rows of a list with cursors. Raises MalformedMessage for a list that does not end."""
    found: list[Raw] = []
    cursors: set[str] = {""}
    cursor = ""
    for _ in range(MOST_PAGES):
        answer = await ask({**asked, "cursor": cursor} if cursor else asked)
        found += listed(answer)
        cursor = str(result(answer).get("nextPageCursor") or "")
        if not cursor:
            return tuple(found)
        if cursor in cursors:
            break
        cursors.add(cursor)
    raise MalformedMessage(f"a list that does not end: {len(found)} rows and still a cursor")
