"""Binance USDT-M futures: which endpoints say what we need. All requests go through ccxt's implicit methods.

Conditional orders have endpoints, ids and lists of their own (`algoOrder`); whoever reads only the ordinary ones does
not see the stops.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapters.ccxt.dialects.binance_account import FundingReader, held, set_up, wallet_of
from adapters.ccxt.dialects.binance_fills import FillsReader
from adapters.ccxt.dialects.binance_market import BinanceMarket
from adapters.ccxt.dialects.binance_translate import (
    ALGO_PREFIX,
    algo_report,
    algo_request,
    amend_request,
    market_events,
    must_be_cancelled,
    order_report,
    order_request,
    produced_by,
    produced_order_id,
    stream_events,
)
from adapters.ccxt.dialects.dialect import Profile, must_name, must_name_what_was_asked
from adapters.ccxt.errors import reason_of
from adapters.ccxt.streams import Line, Patience, StreamEnded
from adapters.ccxt.translate import Raw, amount, mapping, positive, rows, text
from engine.errors import RequestRefused
from engine.fill import Fill
from engine.messages.base import Message
from engine.messages.exchange import AccountSnapshot, CancelOrder, FindOrder, OrderReport, TakeSnapshot
from engine.messages.market import BarClosed, MarkPriceChanged
from engine.order import Order, OrderKind, OrderStatus

HOSTS = {
    "production": frozenset({"fapi.binance.com", "fstream.binance.com"}),
    "demo": frozenset({"demo-fapi.binance.com", "fstream.binancefuture.com"}),
    "local": frozenset[str](),
}
STREAM_HOST = {"production": "fstream.binance.com", "local": "fstream.binance.com", "demo": "fstream.binancefuture.com"}
LISTEN_KEY_RENEWAL_S = 20 * 60  # it lives 60 minutes
REPORTED_AS_OPEN = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


class Binance(BinanceMarket):
    """The calls of one account on Binance USDT-M futures (ccxt's `binanceusdm`)."""

    renewal_s: float | None = LISTEN_KEY_RENEWAL_S

    def __init__(self, client: Any, environment: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        super().__init__(client, now_ns)
        self._stream_host = STREAM_HOST[environment]
        self._fills = FillsReader(client)
        self._funding = FundingReader(client)
        self._full: dict[str, AccountSnapshot] = {}  # the last by symbol: a light one has its balances

    async def close(self) -> None:
        """Close ccxt's own resources (the session is closed by its owner)."""
        await self._client.close()

    async def set_up(self, symbol: str, leverage: int) -> None:
        """One-way mode, isolated margin and the leverage; what is so already is left alone."""
        await set_up(self._client, (await self.market(symbol)).market_id, leverage)

    # --- orders --------------------------------------------------------------------------------------------------

    async def place(self, order: Order) -> OrderReport:
        """Send one order, once."""
        market_id = (await self.market(order.symbol)).market_id
        if order.kind.is_conditional:
            answer = await self._client.fapiPrivatePostAlgoOrder(algo_request(order, market_id))
            return must_name(algo_report(answer, order.symbol), order.client_order_id)
        answer = await self._client.fapiPrivatePostOrder(order_request(order, market_id))
        report = must_name(order_report(answer, order.symbol), order.client_order_id)
        self._fills.know(report.venue_order_id, report.client_order_id)
        return report

    async def amend(self, order: Order) -> None:
        """A resting limit order only: the exchange amends no conditional ones."""
        if order.kind is not OrderKind.LIMIT:
            raise RequestRefused(f"{order.kind} orders can't be amended here", code="", reason="not_amendable")
        market_id = (await self.market(order.symbol)).market_id
        answer = await self._client.fapiPrivatePutOrder(amend_request(order, market_id))
        must_name(order_report(answer, order.symbol), order.client_order_id)

    async def cancel(self, asked: CancelOrder) -> None:
        """Cancel by either id. An answer that does not say so is MalformedMessage."""
        name, number = asked.client_order_id, asked.venue_order_id.removeprefix(ALGO_PREFIX)
        if asked.is_conditional:
            which = {"clientAlgoId": name} if name else {"algoId": number}
            answer = await self._client.fapiPrivateDeleteAlgoOrder(which)
        else:
            which = {"origClientOrderId": name} if name else {"orderId": number}
            market_id = (await self.market(asked.symbol)).market_id
            answer = await self._client.fapiPrivateDeleteOrder({"symbol": market_id, **which})
        must_be_cancelled(answer, asked)

    async def find(self, asked: FindOrder) -> OrderReport:
        """The order as it stands; a triggered conditional one with what its ordinary order came to."""
        if not asked.is_conditional:
            return await self._ordinary(asked)
        asked = replace(asked, venue_order_id=asked.venue_order_id.removeprefix(ALGO_PREFIX))
        name = {"clientAlgoId": asked.client_order_id}
        if not asked.client_order_id:
            name = {"algoId": asked.venue_order_id}
        answer = mapping(await self._client.fapiPrivateGetAlgoOrder(name))
        must_name_what_was_asked(answer, asked, ("clientAlgoId", "algoId"))
        return await self._with_outcome(algo_report(answer, asked.symbol), produced_order_id(answer))

    async def _ordinary(self, asked: FindOrder) -> OrderReport:
        market_id = (await self.market(asked.symbol)).market_id
        name = {"origClientOrderId": asked.client_order_id}
        if not asked.client_order_id:
            name = {"orderId": asked.venue_order_id}
        answer = mapping(await self._client.fapiPrivateGetOrder({"symbol": market_id, **name}))
        must_name_what_was_asked(answer, asked, ("clientOrderId", "orderId"))
        return order_report(answer, asked.symbol)

    async def _with_outcome(self, report: OrderReport, order_id: str) -> OrderReport:
        if not order_id:
            return report
        self._fills.know(order_id, report.client_order_id)
        market_id = (await self.market(report.symbol)).market_id
        asked = {"symbol": market_id, "orderId": order_id}
        try:
            became = order_report(await self._client.fapiPrivateGetOrder(asked), report.symbol)
        except Exception as error:  # ccxt's classes are loaded late; our table knows them
            if reason_of(error) == "unknown_order":
                return report  # not shown yet: that the conditional order exists is certain all the same
            raise
        is_over = became.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
        status = became.status if is_over else OrderStatus.TRIGGERED  # its fills say the rest
        return replace(report, status=status, filled_quantity=became.filled_quantity)

    async def open_orders(self, symbol: str) -> tuple[OrderReport, ...]:
        """Ordinary and conditional ones; both endpoints answer everything open in one page."""
        asked = {"symbol": (await self.market(symbol)).market_id}
        ordinary, conditional = await asyncio.gather(
            self._client.fapiPrivateGetOpenOrders(asked), self._client.fapiPrivateGetOpenAlgoOrders(asked)
        )
        reports = [self._attributed(order_report(raw, symbol)) for raw in rows(ordinary)]
        reports += [algo_report(raw, symbol) for raw in rows(conditional)]
        return tuple(report for report in reports if report.status in REPORTED_AS_OPEN)

    def _attributed(self, report: OrderReport) -> OrderReport:
        client_order_id = self._fills.owners.get(report.venue_order_id, report.client_order_id)
        return replace(report, client_order_id=client_order_id)

    # --- fills, account, bars ------------------------------------------------------------------------------------

    async def fills(self, symbol: str, since_ns: int) -> tuple[Fill, ...]:
        """Executions since then, oldest first, all pages, each with the client id of its order."""
        market_id = (await self.market(symbol)).market_id
        return await self._fills.since(symbol, market_id, since_ns, self._now_ns())

    async def snapshot(self, asked: TakeSnapshot) -> AccountSnapshot:
        """Balances, position, open orders and fills, read side by side."""
        full = self._full.get(asked.symbol)
        if asked.is_light and full is not None:
            return await self._light(full)
        self._full[asked.symbol] = full = await self._whole(asked.symbol, asked.fills_since_ns)
        return full

    async def _light(self, full: AccountSnapshot) -> AccountSnapshot:
        """Position and open orders: 7 of the weight where all of it takes 18."""
        market, started_at_ns = await self.market(full.symbol), self._now_ns()
        positions, open_orders = await asyncio.gather(
            self._client.fapiPrivateV3GetPositionRisk({"symbol": market.market_id}), self.open_orders(full.symbol)
        )
        times = {"started_at_ns": started_at_ns, "finished_at_ns": self._now_ns()}
        now = {**times, **held(positions, market.market_id), "open_orders": open_orders}
        return replace(full, **now, fills=(), funding=(), is_light=True)

    async def _whole(self, symbol: str, fills_since_ns: int) -> AccountSnapshot:
        market = await self.market(symbol)
        asked, started_at_ns = {"symbol": market.market_id}, self._now_ns()
        account, positions, premium, symbol_status, open_orders, fills = await asyncio.gather(
            self._client.fapiPrivateV3GetAccount(),
            self._client.fapiPrivateV3GetPositionRisk(asked),
            self._client.fapiPublicGetPremiumIndex(asked),
            self.symbol_status(symbol),
            self.open_orders(symbol),
            self.fills(symbol, fills_since_ns),
        )
        wallet = wallet_of(mapping(account), market.ccxt_market["settle"])
        balance, next_time = amount(wallet, "walletBalance"), text(mapping(premium), "nextFundingTime")
        position = held(positions, market.market_id)
        funding = await self._funding.since(
            symbol, market.market_id, fills_since_ns,
            wallet=balance, next_time=next_time, holds=bool(position["position_quantity"] or fills),
            now_ns=self._now_ns(),
        )  # fmt: skip
        return AccountSnapshot(
            symbol=symbol,
            started_at_ns=started_at_ns,
            finished_at_ns=self._now_ns(),
            wallet_balance=balance,
            available_balance=amount(wallet, "availableBalance"),
            mark_price=positive(mapping(premium), "markPrice"),
            **position,
            open_orders=open_orders,
            fills=fills,
            funding=funding,
            symbol_status=symbol_status,
        )

    # --- streams -------------------------------------------------------------------------------------------------

    async def user_line(self) -> Line:
        """The account's events; asking extends the listen key or makes a new one."""
        answer = mapping(await self._client.fapiPrivatePostListenKey())
        return Line(url=f"wss://{self._stream_host}/private/ws?listenKey={text(answer, 'listenKey')}")

    async def renew_user_stream(self) -> None:
        """To be called every `renewal_s`."""
        await self._client.fapiPrivatePutListenKey()

    async def market_line(self, symbol: str, timeframe: str) -> Line:
        """Bars and mark prices of one instrument."""
        name = (await self.market(symbol)).market_id.lower()
        streams = f"{name}@kline_{timeframe}/{name}@markPrice@1s"
        return Line(url=f"wss://{self._stream_host}/market/stream?streams={streams}")

    def events_of(self, frame: Raw, symbol: str) -> tuple[Message, ...]:
        """What a user stream event says of our instrument (whose market was read)."""
        event = mapping(frame.get("data", frame))
        if event.get("e") == "listenKeyExpired":
            raise StreamEnded("the listen key expired")
        if event.get("e") == "ALGO_UPDATE":
            self._remember(mapping(event.get("o")))
        return stream_events(event, symbol, self._markets[symbol].market_id, self._fills.owners)

    def market_events_of(self, frame: Raw, observed_at_ns: int) -> tuple[BarClosed | MarkPriceChanged, ...]:
        """What a market stream frame says: a bar that closed, a mark price, or nothing we need."""
        return market_events(mapping(frame.get("data", frame)), observed_at_ns)

    def _remember(self, raw: Raw) -> None:
        if order_id := produced_by(raw):
            self._fills.know(order_id, text(raw, "caid"))


def used(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """(weight used in this minute, orders in these ten seconds: the windows in which the limiter counts), as the
    headers (names in small letters) tell.
    """
    weight, orders = headers.get("x-mbx-used-weight-1m", ""), headers.get("x-mbx-order-count-10s", "")
    return int(weight) if weight.isdigit() else None, int(orders) if orders.isdigit() else None


PROFILE = Profile(
    hosts=HOSTS,
    dialect=Binance,
    usage=used,
    user_patience=Patience(silence_s=None),  # it may be silent for hours
    market_patience=Patience(silence_s=10.0),  # mark prices come every second
    error_families=("linear",),
)
