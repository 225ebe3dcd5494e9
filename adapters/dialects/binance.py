"""Binance USDT-M futures: which endpoints say what we need. All requests go through ccxt's implicit methods.

Conditional orders have endpoints, ids and lists of their own (`algoOrder`); whoever reads only the ordinary ones does
not see the stops.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from adapters.ccxt_errors import reason_of
from adapters.ccxt_streams import StreamEnded
from adapters.ccxt_translate import (
    MS,
    Raw,
    amount,
    bar,
    flag,
    instrument,
    mapping,
    positive,
    positive_or_none,
    rows,
    size,
    text,
)
from adapters.dialects.binance_fills import FillsReader
from adapters.dialects.binance_translate import (
    algo_report,
    algo_request,
    market_event,
    must_be_cancelled,
    must_name,
    only_position,
    order_report,
    order_request,
    produced_by,
    produced_order_id,
    stream_events,
)
from engine.errors import RequestRefused
from engine.fill import Fill
from engine.instrument import Instrument
from engine.market import Bar
from engine.messages.base import Message
from engine.messages.exchange import AccountSnapshot, OrderReport
from engine.messages.market import BarClosed, MarkPriceChanged
from engine.order import Order, OrderStatus

HOSTS = {
    "production": frozenset({"fapi.binance.com", "fstream.binance.com"}),
    "demo": frozenset({"demo-fapi.binance.com", "fstream.binancefuture.com"}),
    "local": frozenset[str](),
}
STREAM_HOST = {"production": "fstream.binance.com", "local": "fstream.binance.com", "demo": "fstream.binancefuture.com"}
ERROR_FAMILIES = ("linear",)
LISTEN_KEY_RENEWAL_S = 20 * 60  # it lives 60 minutes
REPORTED_AS_OPEN = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """An instrument as ccxt and Binance name it, with Binance's filters."""

    symbol: str
    market_id: str
    ccxt_market: Raw
    filters: dict[str, Raw]


class Binance:
    """The calls of one account on Binance USDT-M futures (ccxt's `binanceusdm`)."""

    def __init__(self, client: Any, environment: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._client = client
        self._stream_host = STREAM_HOST[environment]
        self._now_ns = now_ns
        self._markets: dict[str, Market] = {}
        self._fills = FillsReader(client)

    async def close(self) -> None:
        """Close ccxt's own resources (the session is closed by its owner)."""
        await self._client.close()

    async def ping(self) -> None:
        """The cheapest request there is."""
        await self._client.fapiPublicGetPing()

    # --- instrument and clock ------------------------------------------------------------------------------------

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

    async def measure_clock(self) -> int:
        """Exchange clock minus ours, in ns; used for every signature from now on."""
        offsets = [await self._clock_sample() for _ in range(3)]
        offset_ns = min(offsets)[1]
        self._client.options["timeDifference"] = -offset_ns // MS
        return offset_ns

    async def _clock_sample(self) -> tuple[int, int]:
        sent = self._now_ns()
        answer = mapping(await self._client.fapiPublicGetTime())
        took = self._now_ns() - sent
        return took, int(positive(answer, "serverTime")) * MS - (sent + took // 2)

    # --- account set-up ------------------------------------------------------------------------------------------

    async def set_up(self, symbol: str, leverage: int) -> None:
        """One-way mode, isolated margin and the leverage; what is so already is left alone."""
        market_id = (await self.market(symbol)).market_id
        mode = await self._client.fapiPrivateGetPositionSideDual()
        if flag(mode, "dualSidePosition"):
            await _unless_so(self._client.fapiPrivatePostPositionSideDual({"dualSidePosition": "false"}))
        configured = rows(await self._client.fapiPrivateGetSymbolConfig({"symbol": market_id}))
        now = mapping(configured[0]) if configured else {}
        if str(now.get("marginType", "")).upper() != "ISOLATED":
            await _unless_so(self._client.fapiPrivatePostMarginType({"symbol": market_id, "marginType": "ISOLATED"}))
        if str(now.get("leverage")) != str(leverage):
            await self._client.fapiPrivatePostLeverage({"symbol": market_id, "leverage": str(leverage)})

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

    async def cancel(self, client_order_id: str, symbol: str, is_conditional: bool) -> None:
        """Cancel by client order id. An answer that does not say so is MalformedMessage."""
        if is_conditional:
            answer = await self._client.fapiPrivateDeleteAlgoOrder({"clientAlgoId": client_order_id})
            must_be_cancelled(answer, client_order_id, is_conditional=True)
            return
        asked = {"symbol": (await self.market(symbol)).market_id, "origClientOrderId": client_order_id}
        answer = await self._client.fapiPrivateDeleteOrder(asked)
        must_be_cancelled(answer, client_order_id, is_conditional=False)

    async def find(self, client_order_id: str, symbol: str, is_conditional: bool) -> OrderReport:
        """The order as it stands; a triggered conditional one with what its ordinary order came to."""
        if not is_conditional:
            market_id = (await self.market(symbol)).market_id
            asked = {"symbol": market_id, "origClientOrderId": client_order_id}
            answer = await self._client.fapiPrivateGetOrder(asked)
            return must_name(order_report(answer, symbol), client_order_id)
        answer = mapping(await self._client.fapiPrivateGetAlgoOrder({"clientAlgoId": client_order_id}))
        report = must_name(algo_report(answer, symbol), client_order_id)
        return await self._with_outcome(report, produced_order_id(answer))

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

    async def snapshot(self, symbol: str, fills_since_ns: int) -> AccountSnapshot:
        """Balances, position, open orders and fills, read side by side."""
        market = await self.market(symbol)
        asked, started_at_ns = {"symbol": market.market_id}, self._now_ns()
        account, positions, premium, open_orders, fills = await asyncio.gather(
            self._client.fapiPrivateV3GetAccount(),
            self._client.fapiPrivateV3GetPositionRisk(asked),
            self._client.fapiPublicGetPremiumIndex(asked),
            self.open_orders(symbol),
            self.fills(symbol, fills_since_ns),
        )
        position = only_position([row for row in rows(positions) if mapping(row).get("symbol") == market.market_id])
        wallet = _wallet(mapping(account), market.ccxt_market["settle"])
        return AccountSnapshot(
            symbol=symbol,
            started_at_ns=started_at_ns,
            finished_at_ns=self._now_ns(),
            wallet_balance=amount(wallet, "walletBalance"),
            available_balance=amount(wallet, "availableBalance"),
            position_quantity=Decimal(0) if position is None else amount(position, "positionAmt"),
            entry_price=Decimal(0) if position is None else size(position, "entryPrice"),
            mark_price=positive(mapping(premium), "markPrice"),
            liquidation_price=None if position is None else positive_or_none(position, "liquidationPrice"),
            open_orders=open_orders,
            fills=fills,
        )

    async def klines(self, symbol: str, timeframe: str, **window: int) -> list[Bar]:
        """Bars as the exchange has them, the newest of them unfinished."""
        asked = {"symbol": (await self.market(symbol)).market_id, "interval": timeframe, **window}
        return [bar(row) for row in rows(await self._client.fapiPublicGetKlines(asked))]

    # --- streams -------------------------------------------------------------------------------------------------

    async def user_stream_url(self) -> str:
        """Address of the account's events; asking extends the listen key or makes a new one."""
        answer = mapping(await self._client.fapiPrivatePostListenKey())
        return f"wss://{self._stream_host}/private/ws?listenKey={text(answer, 'listenKey')}"

    async def renew_user_stream(self) -> None:
        """To be called every LISTEN_KEY_RENEWAL_S."""
        await self._client.fapiPrivatePutListenKey()

    async def market_stream_url(self, symbol: str, timeframe: str) -> str:
        """Address of bars and mark prices of one instrument."""
        name = (await self.market(symbol)).market_id.lower()
        return f"wss://{self._stream_host}/market/stream?streams={name}@kline_{timeframe}/{name}@markPrice@1s"

    def events_of(self, frame: Raw, symbol: str) -> tuple[Message, ...]:
        """What a user stream event says of our instrument (whose market was read)."""
        event = mapping(frame.get("data", frame))
        if event.get("e") == "listenKeyExpired":
            raise StreamEnded("the listen key expired")
        if event.get("e") == "ALGO_UPDATE":
            self._remember(mapping(event.get("o")))
        return stream_events(event, symbol, self._markets[symbol].market_id, self._fills.owners)

    def market_events_of(self, frame: Raw, observed_at_ns: int) -> BarClosed | MarkPriceChanged | None:
        """What a market stream frame says: a bar that closed, a mark price, or nothing we need."""
        return market_event(mapping(frame.get("data", frame)), observed_at_ns)

    def _remember(self, raw: Raw) -> None:
        if order_id := produced_by(raw):
            self._fills.know(order_id, text(raw, "caid"))


def _wallet(account: Raw, settle: str) -> Raw:
    """The settlement currency's row; an account that never held any has none."""
    found = (raw for raw in map(mapping, rows(account.get("assets"))) if raw.get("asset") == settle)
    return next(found, {"walletBalance": "0", "availableBalance": "0"})


async def _unless_so(call: Awaitable[Any]) -> None:
    """Perform a change of settings; that nothing needed changing is success."""
    try:
        await call
    except Exception as error:  # ccxt's classes are loaded late; our table knows them
        if reason_of(error) != "no_change":
            raise
