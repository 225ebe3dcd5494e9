"""Bybit v5, linear perpetuals of a unified account: which endpoints say what we need, by ccxt's implicit methods.

An order is only acknowledged; what becomes of it is told by the stream or asked for. Ordinary and conditional orders
are one list with one kind of id. Everything refused comes with HTTP status 200 and a `retCode`.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson

from adapters.ccxt.dialects.bybit_account import paged, set_up
from adapters.ccxt.dialects.bybit_market import INTERVAL, BybitMarket
from adapters.ccxt.dialects.bybit_translate import (
    CATEGORY,
    acknowledged,
    amend_request,
    balances,
    closed_bars,
    executions,
    listed,
    only_position,
    order_report,
    order_request,
    result,
    settlement_of,
    signed_quantity,
    stream_events,
)
from adapters.ccxt.dialects.dialect import Profile, must_name_what_was_asked, no_usage
from adapters.ccxt.streams import Line, Patience, StreamEnded
from adapters.ccxt.translate import MS, Raw, mapping, positive, positive_or_none, size, text
from engine.errors import OutcomeUnknown, RequestRefused
from engine.fill import Fill
from engine.market import MarkPrice
from engine.messages.base import Message
from engine.messages.exchange import AccountSnapshot, CancelOrder, FindOrder, FundingPayment, OrderReport, TakeSnapshot
from engine.messages.market import BarClosed, MarkPriceChanged
from engine.order import Order, OrderStatus

HOSTS = {
    "production": frozenset({"api.bybit.com", "stream.bybit.com"}),
    "demo": frozenset({"api-demo.bybit.com", "stream-demo.bybit.com", "stream.bybit.com"}),  # public data is the real
    "local": frozenset[str](),
}
USER_HOST = {"production": "stream.bybit.com", "local": "stream.bybit.com", "demo": "stream-demo.bybit.com"}
MARKET_HOST = "stream.bybit.com"
LOGIN_VALID_MS = 10_000
ORDERS_PAGE, EXECUTIONS_PAGE = 50, 100
WINDOW_MS = 7 * 24 * 3_600_000 - 1  # the longest span execution/list answers
OLDEST_MS = 729 * 24 * 3_600_000  # it keeps two years
AHEAD_MS = 60_000  # its clock may be ahead of ours
CONFIRM_WAITS_S = (0.0, 0.05, 0.1, 0.2, 0.4)
PING = '{"op":"ping"}'
REPORTED_AS_OPEN = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


class Bybit(BybitMarket):
    """The calls of one account on Bybit's linear perpetuals."""

    renewal_s: float | None = None

    def __init__(self, client: Any, environment: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        super().__init__(client, now_ns)
        self._user_host = USER_HOST[environment]
        self._mark: Decimal | None = None

    async def close(self) -> None:
        """Close ccxt's own resources (the session is closed by its owner)."""
        await self._client.close()

    async def set_up(self, symbol: str, leverage: int) -> None:
        """One-way mode, isolated margin and the leverage; what is so already is left alone."""
        await set_up(self._client, await self.market_id(symbol), leverage)

    # --- orders --------------------------------------------------------------------------------------------------

    async def place(self, order: Order) -> OrderReport:
        """Send one order, once. The exchange acknowledges and says no more."""
        request = order_request(order, await self.market_id(order.symbol))
        return acknowledged(await self._client.privatePostV5OrderCreate(request), order, self._now_ns())

    async def amend(self, order: Order) -> None:
        """Any resting order; acknowledged like a new one."""
        request = amend_request(order, await self.market_id(order.symbol))
        acknowledged(await self._client.privatePostV5OrderAmend(request), order, self._now_ns())

    async def cancel(self, asked: CancelOrder) -> None:
        """Cancel by either id. The answer is an acknowledgement too, so the order is asked for until it is over.

        Raises OutcomeUnknown while it is not, RequestRefused when it was filled instead.
        """
        named = FindOrder(
            client_order_id=asked.client_order_id,
            symbol=asked.symbol,
            is_conditional=asked.is_conditional,
            venue_order_id=asked.venue_order_id,
        )
        request = {"category": CATEGORY, "symbol": await self.market_id(asked.symbol), **_name_of(named)}
        must_name_what_was_asked(result(await self._client.privatePostV5OrderCancel(request)), named, LINK_OR_ID)
        await self._until_over(named)

    async def _until_over(self, named: FindOrder) -> None:
        status = OrderStatus.UNKNOWN
        for wait_s in CONFIRM_WAITS_S:
            await asyncio.sleep(wait_s)
            try:
                status = (await self.find(named)).status
            except Exception as error:  # whatever it was, the cancel before it was sent
                raise OutcomeUnknown(f"cancelled, and not confirmed: {error}") from error
            if status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED):
                return
            if status not in REPORTED_AS_OPEN:
                raise RequestRefused(f"{_name_of(named)} is {status}", code="", reason="unknown_order")
        raise OutcomeUnknown(f"the cancel of {_name_of(named)} was acknowledged and the order is still {status}")

    async def find(self, asked: FindOrder) -> OrderReport:
        """The order as it stands: among the open and newest ones, else in the history."""
        name = _name_of(asked)
        question = {"category": CATEGORY, "symbol": await self.market_id(asked.symbol), **name}
        found = listed(await self._client.privateGetV5OrderRealtime(question))
        found = found or listed(await self._client.privateGetV5OrderHistory(question))
        if not found:
            raise RequestRefused(f"no order {name}", code="", reason="unknown_order")
        must_name_what_was_asked(found[0], asked, LINK_OR_ID)
        report = order_report(found[0], asked.symbol)
        filled = report.is_conditional and report.status is OrderStatus.FILLED
        return replace(report, status=OrderStatus.TRIGGERED) if filled else report  # its fills say the rest

    async def open_orders(self, symbol: str) -> tuple[OrderReport, ...]:
        """Ordinary and conditional ones, all pages."""
        asked = {"category": CATEGORY, "symbol": await self.market_id(symbol), "openOnly": 0, "limit": ORDERS_PAGE}
        raws = await paged(self._client.privateGetV5OrderRealtime, asked)
        reports = {report.venue_order_id: report for report in (order_report(raw, symbol) for raw in raws)}
        return tuple(report for report in reports.values() if report.status in REPORTED_AS_OPEN)

    # --- fills, account ------------------------------------------------------------------------------------------

    async def fills(self, symbol: str, since_ns: int) -> tuple[Fill, ...]:
        """Executions since then, oldest first, all pages."""
        return tuple(one for one in await self._executions(symbol, since_ns) if isinstance(one, Fill))

    async def _executions(self, symbol: str, since_ns: int) -> tuple[Fill | FundingPayment, ...]:
        end_ms = self._now_ns() // MS + AHEAD_MS
        start_ms = max(since_ns // MS, end_ms - OLDEST_MS)
        asked = {"category": CATEGORY, "symbol": await self.market_id(symbol), "limit": EXECUTIONS_PAGE}
        found: dict[str, Raw] = {}
        while start_ms <= end_ms:
            window = {"startTime": start_ms, "endTime": start_ms + WINDOW_MS}
            page = await paged(self._client.privateGetV5ExecutionList, {**asked, **window})
            found |= {text(raw, "execId"): raw for raw in page}
            start_ms += WINDOW_MS + 1
        return executions(tuple(found.values()), symbol)

    async def snapshot(self, wanted: TakeSnapshot) -> AccountSnapshot:
        """Balances, position, open orders and fills, read side by side; each has a limit of its own, so never light."""
        symbol = wanted.symbol
        asked = {"category": CATEGORY, "symbol": await self.market_id(symbol)}
        started_at_ns = self._now_ns()
        wallets, positions, tickers, symbol_status, open_orders, happened = await asyncio.gather(
            self._client.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"}),
            self._client.privateGetV5PositionList(asked),
            self._client.publicGetV5MarketTickers(asked),
            self.symbol_status(symbol),
            self.open_orders(symbol),
            self._executions(symbol, wanted.fills_since_ns),
        )
        position = only_position(listed(positions))
        [ticker] = listed(tickers)
        wallet, available = balances(wallets, settlement_of(symbol))
        return AccountSnapshot(
            symbol=symbol,
            started_at_ns=started_at_ns,
            finished_at_ns=self._now_ns(),
            wallet_balance=wallet,
            available_balance=available,
            position_quantity=Decimal(0) if position is None else signed_quantity(position),
            entry_price=Decimal(0) if position is None else size(position, "avgPrice"),
            mark_price=positive(ticker, "markPrice"),
            liquidation_price=None if position is None else positive_or_none(position, "liqPrice"),
            open_orders=open_orders,
            fills=tuple(one for one in happened if isinstance(one, Fill)),
            funding=tuple(one for one in happened if isinstance(one, FundingPayment)),
            symbol_status=symbol_status,
        )

    # --- streams -------------------------------------------------------------------------------------------------

    async def user_line(self) -> Line:
        """The account's events: log in, then subscribe."""
        expires = int(self._client.nonce()) + LOGIN_VALID_MS
        signed = self._client.hmac(f"GET/realtime{expires}".encode(), self._client.secret.encode(), hashlib.sha256)
        login = {"op": "auth", "args": [self._client.apiKey, expires, signed]}
        topics = {"op": "subscribe", "args": ["order.linear", "execution.linear"]}
        return _line(f"wss://{self._user_host}/v5/private", login, topics)

    async def renew_user_stream(self) -> None:
        """There is nothing to renew."""

    async def market_line(self, symbol: str, timeframe: str) -> Line:
        """Bars and mark prices of one instrument."""
        market_id, self._mark = await self.market_id(symbol), None
        topics = {"op": "subscribe", "args": [f"kline.{INTERVAL[timeframe]}.{market_id}", f"tickers.{market_id}"]}
        return _line(f"wss://{MARKET_HOST}/v5/public/linear", topics)

    def events_of(self, frame: Raw, symbol: str) -> tuple[Message, ...]:
        """What a user stream event says of our instrument (which was listed before)."""
        return stream_events(frame, symbol, self._ids[symbol])

    def market_events_of(self, frame: Raw, observed_at_ns: int) -> tuple[BarClosed | MarkPriceChanged, ...]:
        """Bars that closed and mark prices. A ticker tells only what changed; that it came says the rest holds."""
        topic = str(frame.get("topic", "")).partition(".")[0]
        if topic == "kline":
            return tuple(BarClosed(bar=one, observed_at_ns=observed_at_ns) for one in closed_bars(frame))
        if topic != "tickers":
            return ()
        told = mapping(frame.get("data"))
        if "markPrice" in told:
            self._mark = positive(told, "markPrice")
        if self._mark is None:
            return ()
        return (MarkPriceChanged(mark=MarkPrice(price=self._mark, observed_at_ns=observed_at_ns)),)


LINK_OR_ID = ("orderLinkId", "orderId")


def _line(url: str, *greetings: dict[str, Any]) -> Line:
    texts = tuple(orjson.dumps(greeting).decode() for greeting in greetings)
    return Line(url=url, greetings=texts, answers=_is_yes, beat=PING)


def _is_yes(data: bytes | str) -> bool:
    """Whether a frame says yes to a login or subscription. Raises StreamEnded when it says no."""
    frame = mapping(orjson.loads(data))
    if frame.get("op") not in ("auth", "subscribe"):
        return False
    if frame.get("success") is not True:
        raise StreamEnded(f"{frame.get('op')} refused: {frame.get('ret_msg')}")
    return True


PROFILE = Profile(
    hosts=HOSTS,
    dialect=Bybit,
    usage=no_usage,
    user_patience=Patience(silence_s=50.0),  # each beat is answered
    market_patience=Patience(silence_s=10.0),  # tickers come ten times a second
)


def _name_of(asked: FindOrder | CancelOrder) -> dict[str, str]:
    return {"orderLinkId": asked.client_order_id} if asked.client_order_id else {"orderId": asked.venue_order_id}
