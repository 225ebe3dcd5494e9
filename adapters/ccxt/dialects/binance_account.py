"""Binance's account: its set-up, what the wallet and the position are, and what funding it paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.ccxt.dialects.binance_translate import only_position
from adapters.ccxt.dialects.dialect import unless_so
from adapters.ccxt.translate import MS, Raw, amount, flag, mapping, positive_or_none, rows, size, text, time_ns
from engine.messages.funding import FundingPayment

FUNDING_PAGE = 1_000  # of three payments a day
LOOK_BACK_MS = 24 * 3_600_000  # a payment may be listed after a fill that came later
FOLLOWED_MS = 60_000  # the list may be behind the wallet for so long
PAID_WITHIN_MS = 300_000  # after a funding time


async def set_up(client: Any, market_id: str, leverage: int) -> None:
    """One-way mode, isolated margin and the leverage; what is so already is left alone."""
    mode = await client.fapiPrivateGetAccountConfig()  # asking for the mode alone costs six times as much
    if flag(mode, "dualSidePosition"):
        await unless_so(client.fapiPrivatePostPositionSideDual({"dualSidePosition": "false"}))
    configured = rows(await client.fapiPrivateGetSymbolConfig({"symbol": market_id}))
    now = mapping(configured[0]) if configured else {}
    if str(now.get("marginType", "")).upper() != "ISOLATED":
        await unless_so(client.fapiPrivatePostMarginType({"symbol": market_id, "marginType": "ISOLATED"}))
    if str(now.get("leverage")) != str(leverage):
        await client.fapiPrivatePostLeverage({"symbol": market_id, "leverage": str(leverage)})


def wallet_of(account: Raw, settle: str) -> Raw:
    """The settlement currency's row; an account that never held any has none."""
    found = (raw for raw in map(mapping, rows(account.get("assets"))) if text(raw, "asset") == settle)
    return next(found, {"walletBalance": "0", "availableBalance": "0"})


def held(positions: Any, market_id: str) -> dict[str, Any]:
    """What an AccountSnapshot says of the position; an instrument without one has no row."""
    position = only_position([row for row in rows(positions) if text(mapping(row), "symbol") == market_id])
    if position is None:
        return {"position_quantity": Decimal(0), "entry_price": Decimal(0), "liquidation_price": None}
    return {
        "position_quantity": amount(position, "positionAmt"),
        "entry_price": size(position, "entryPrice"),
        "liquidation_price": positive_or_none(position, "liquidationPrice"),
    }


class FundingReader:
    """Reads funding payments. The list is dear (30 of the weight where all the rest of a snapshot takes 18). Payments
    are made at funding times, to who holds something, and none leaves the wallet as it was: so it is asked once at
    first, for a while after the wallet changed near a funding time, and else not at all. That a time has passed is seen
    by the next one being another.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._wallet: Decimal | None = None
        self._next_time = ""
        self._changed_at_ns = self._passed_at_ns = self._held_at_ns = 0
        self._known: tuple[FundingPayment, ...] | None = None

    async def since(
        self, symbol: str, market_id: str, since_ns: int, *, wallet: Decimal, next_time: str, holds: bool, now_ns: int
    ) -> tuple[FundingPayment, ...]:
        """Payments of `symbol` since then, oldest first; `wallet` and `next_time` are the balance and the next funding
        time just read, `holds` whether there is a position, or was one since the last reading."""
        self._note(wallet, next_time, holds, now_ns)
        if self._known is None or self._may_be_paid(now_ns):
            self._known = await self._asked(symbol, market_id, since_ns)
        return self._known

    def _note(self, wallet: Decimal, next_time: str, holds: bool, now_ns: int) -> None:
        if holds:
            self._held_at_ns = now_ns
        if wallet != self._wallet:
            self._wallet, self._changed_at_ns = wallet, now_ns
        if next_time != self._next_time:
            # who came just now does not know when the last one was; what is older than a moment is listed
            ago_ms = 0 if self._next_time else PAID_WITHIN_MS - FOLLOWED_MS
            self._next_time, self._passed_at_ns = next_time, now_ns - ago_ms * MS

    def _may_be_paid(self, now_ns: int) -> bool:
        is_near = now_ns - self._passed_at_ns < PAID_WITHIN_MS * MS
        is_new = now_ns - self._changed_at_ns < FOLLOWED_MS * MS
        return is_near and is_new and now_ns - self._held_at_ns < PAID_WITHIN_MS * MS

    async def _asked(self, symbol: str, market_id: str, since_ns: int) -> tuple[FundingPayment, ...]:
        asked = {
            "symbol": market_id,
            "incomeType": "FUNDING_FEE",
            "startTime": since_ns // MS - LOOK_BACK_MS,
            "limit": FUNDING_PAGE,
        }
        return tuple(_payment(mapping(raw), symbol) for raw in rows(await self._client.fapiPrivateGetIncome(asked)))


def _payment(raw: Raw, symbol: str) -> FundingPayment:
    return FundingPayment(
        payment_id=f"funding-{text(raw, 'tranId')}",
        symbol=symbol,
        amount=amount(raw, "income"),
        asset=text(raw, "asset"),
        occurred_at_ns=time_ns(raw, "time"),
    )
