"""Binance's JSON of USDT-M futures <-> our messages. Pure; every field that money depends on is checked here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.ccxt.translate import (
    ZERO,
    Raw,
    amount,
    bar,
    choice,
    flag,
    mapping,
    plain,
    positive,
    positive_or_none,
    size,
    text,
    time_ns,
)
from engine.errors import InvariantViolated, MalformedMessage
from engine.fill import Fill
from engine.market import MarkPrice
from engine.messages.base import Message
from engine.messages.exchange import CancelOrder, FillReceived, OrderReport, OrderUpdated
from engine.messages.market import BarClosed, MarkPriceChanged
from engine.order import Order, OrderKind, OrderStatus, Side

STATUS: Mapping[str, OrderStatus] = {
    "NEW": OrderStatus.ACCEPTED,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
    "NEW_INSURANCE": OrderStatus.ACCEPTED,  # liquidation, taken by the insurance fund
    "NEW_ADL": OrderStatus.ACCEPTED,  # auto-deleveraging
}
ALGO_STATUS: Mapping[str, OrderStatus] = {
    "NEW": OrderStatus.ACCEPTED,
    "TRIGGERING": OrderStatus.TRIGGERED,
    "TRIGGERED": OrderStatus.TRIGGERED,
    "FINISHED": OrderStatus.TRIGGERED,  # filled or cancelled: the ordinary order says which
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
}
SIDE: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
CONDITIONAL_TYPES = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
BY_FORCE = ("autoclose-", "adl_autoclose", "settlement_autoclose-")  # how ids of the exchange's own orders begin
ALGO_PREFIX = "algo-"  # conditional orders count in a number space of their own


# --- requests --------------------------------------------------------------------------------------------------------


def order_request(order: Order, market_id: str) -> dict[str, str]:
    """Parameters of POST /fapi/v1/order for a market or limit order."""
    request = {
        "symbol": market_id,
        "side": order.side.value.upper(),
        "type": order.kind.value.upper(),
        "quantity": plain(order.quantity),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "RESULT",
    }
    if order.kind is OrderKind.LIMIT:
        request |= {"price": plain(_given(order.price, order)), "timeInForce": "GTC"}
    return request | _reduce_only(order)


def amend_request(order: Order, market_id: str) -> dict[str, str]:
    """Parameters of PUT /fapi/v1/order: quantity and price together, both as they shall be."""
    return {
        "symbol": market_id,
        "side": order.side.value.upper(),
        "quantity": plain(order.quantity),
        "price": plain(_given(order.price, order)),
        "origClientOrderId": order.client_order_id,
    }


def algo_request(order: Order, market_id: str) -> dict[str, str]:
    """Parameters of POST /fapi/v1/algoOrder for a stop or take-profit, triggered by the mark price."""
    return {
        "algoType": "CONDITIONAL",
        "symbol": market_id,
        "side": order.side.value.upper(),
        "type": order.kind.value.upper(),
        "quantity": plain(order.quantity),
        "triggerPrice": plain(_given(order.trigger_price, order)),
        "workingType": "MARK_PRICE",
        "clientAlgoId": order.client_order_id,
    } | _reduce_only(order)


def _reduce_only(order: Order) -> dict[str, str]:
    return {"reduceOnly": "true"} if order.is_reduce_only else {}


def _given(price: Decimal | None, order: Order) -> Decimal:
    if price is None or price <= 0:
        raise InvariantViolated(f"{order.kind} order {order.client_order_id} without its price: {price}")
    return price


# --- REST answers ----------------------------------------------------------------------------------------------------


def order_report(value: Any, symbol: str) -> OrderReport:
    """An ordinary order, from the order endpoints."""
    raw = mapping(value)
    client_order_id = text(raw, "clientOrderId")
    return OrderReport(
        client_order_id=client_order_id,
        venue_order_id=text(raw, "orderId"),
        symbol=symbol,
        is_conditional=False,
        side=choice(raw, "side", SIDE),
        status=choice(raw, "status", STATUS),
        quantity=size(raw, "origQty"),
        filled_quantity=size(raw, "executedQty"),
        trigger_price=positive_or_none(raw, "stopPrice"),
        is_reduce_only=flag(raw, "reduceOnly"),
        event_at_ns=time_ns(raw, "updateTime"),
    )


def algo_report(value: Any, symbol: str) -> OrderReport:
    """A conditional order, from the algo endpoints. What its ordinary order filled is not said here."""
    raw = mapping(value)
    client_order_id = text(raw, "clientAlgoId")
    return OrderReport(
        client_order_id=client_order_id,
        venue_order_id=produced_order_id(raw) or f"{ALGO_PREFIX}{text(raw, 'algoId')}",
        symbol=symbol,
        is_conditional=True,
        side=choice(raw, "side", SIDE),
        status=choice(raw, "algoStatus", ALGO_STATUS),
        quantity=size(raw, "quantity"),
        filled_quantity=ZERO,
        trigger_price=positive_or_none(raw, "triggerPrice"),
        is_reduce_only=flag(raw, "reduceOnly"),
        event_at_ns=time_ns(raw, "updateTime"),
    )


def must_be_cancelled(value: Any, asked: CancelOrder) -> None:
    """Raises MalformedMessage unless the answer says that exactly this order is cancelled."""
    raw = mapping(value)
    by_client, by_number = ("clientAlgoId", "algoId") if asked.is_conditional else ("clientOrderId", "orderId")
    named = text(raw, by_client if asked.client_order_id else by_number)
    wanted = asked.client_order_id or asked.venue_order_id.removeprefix(ALGO_PREFIX)
    done = str(raw.get("code")) == "200" if asked.is_conditional else raw.get("status") == "CANCELED"
    if named != wanted or not done:
        raise MalformedMessage(f"asked to cancel {wanted}, answered {str(dict(raw))[:300]}")


def produced_order_id(raw: Raw) -> str:
    """The ordinary order a conditional one became; empty before."""
    value = str(raw.get("actualOrderId") or "")
    return "" if value == "0" else value


def fill(value: Any, symbol: str) -> Fill:
    """One row of userTrades, which does not repeat the client order id."""
    raw = mapping(value)
    return Fill(
        trade_id=text(raw, "id"),
        symbol=symbol,
        venue_order_id=text(raw, "orderId"),
        client_order_id="",
        sign=choice(raw, "side", SIDE).sign,
        quantity=positive(raw, "qty"),
        price=positive(raw, "price"),
        fee=amount(raw, "commission"),
        fee_asset=text(raw, "commissionAsset"),
        is_maker=flag(raw, "maker"),
        occurred_at_ns=time_ns(raw, "time"),
    )


def is_by_force(client_order_id: str) -> bool:
    """Whether the exchange itself sent that order: liquidation, auto-deleveraging, settlement."""
    return client_order_id.startswith(BY_FORCE)


def only_position(value: Any) -> Raw | None:
    """The one-way position of positionRisk; None when flat. Hedge mode's two sides are refused."""
    held = [mapping(row) for row in value if amount(mapping(row), "positionAmt") != 0]
    if len(held) > 1 or any(row.get("positionSide", "BOTH") != "BOTH" for row in held):
        raise MalformedMessage(f"positions of hedge mode in a one-way account: {str(held)[:300]}")
    return held[0] if held else None


# --- stream events ---------------------------------------------------------------------------------------------------


def stream_events(event: Raw, symbol: str, market_id: str, owners: Mapping[str, str]) -> tuple[Message, ...]:
    """What a user stream event says of our instrument. `owners`: order ids whose client id we know better."""
    kind = event.get("e")
    if kind not in ("ORDER_TRADE_UPDATE", "ALGO_UPDATE"):
        return ()
    raw = mapping(event.get("o"))
    if raw.get("s") != market_id:
        return ()
    if kind == "ALGO_UPDATE":
        return (OrderUpdated(report=_algo_event(raw, event, symbol)),)
    report = _order_event(raw, event, symbol, owners)
    updated = OrderUpdated(report=report)
    if raw.get("x") in ("TRADE", "CALCULATED") and amount(raw, "l") != 0:
        return FillReceived(fill=_execution(raw, symbol, report.client_order_id)), updated
    return (updated,)


def _order_event(raw: Raw, event: Raw, symbol: str, owners: Mapping[str, str]) -> OrderReport:
    venue_order_id = text(raw, "i")
    client_order_id = owners.get(venue_order_id) or text(raw, "c")
    is_conditional = raw.get("ot") in CONDITIONAL_TYPES
    status = choice(raw, "X", STATUS)
    if is_conditional and status is OrderStatus.ACCEPTED:
        status = OrderStatus.TRIGGERED  # it rests as what a conditional order became
    return OrderReport(
        client_order_id=client_order_id,
        venue_order_id=venue_order_id,
        symbol=symbol,
        is_conditional=is_conditional,
        side=choice(raw, "S", SIDE),
        status=status,
        quantity=size(raw, "q"),
        filled_quantity=size(raw, "z"),
        trigger_price=positive_or_none(raw, "sp"),
        is_reduce_only=flag(raw, "R"),
        event_at_ns=time_ns(event, "T"),
    )


def _algo_event(raw: Raw, event: Raw, symbol: str) -> OrderReport:
    client_order_id = text(raw, "caid")
    return OrderReport(
        client_order_id=client_order_id,
        venue_order_id=produced_by(raw) or f"{ALGO_PREFIX}{text(raw, 'aid')}",
        symbol=symbol,
        is_conditional=True,
        side=choice(raw, "S", SIDE),
        status=choice(raw, "X", ALGO_STATUS),
        quantity=size(raw, "q"),
        filled_quantity=size(raw, "aq") if raw.get("aq") else ZERO,
        trigger_price=positive_or_none(raw, "tp"),
        is_reduce_only=flag(raw, "R"),
        event_at_ns=time_ns(event, "T"),
    )


def produced_by(raw: Raw) -> str:
    """The ordinary order's id in an ALGO_UPDATE; empty before the trigger."""
    value = str(raw.get("ai") or "")
    return "" if value == "0" else value


def _execution(raw: Raw, symbol: str, client_order_id: str) -> Fill:
    return Fill(
        trade_id=text(raw, "t"),
        symbol=symbol,
        venue_order_id=text(raw, "i"),
        client_order_id=client_order_id,
        sign=choice(raw, "S", SIDE).sign,
        quantity=positive(raw, "l"),
        price=positive(raw, "L"),
        fee=amount(raw, "n") if raw.get("n") else ZERO,
        fee_asset=str(raw.get("N") or "USDT"),
        is_maker=flag(raw, "m"),
        occurred_at_ns=time_ns(raw, "T"),
        is_liquidation=is_by_force(client_order_id),
    )


def market_events(event: Raw, observed_at_ns: int) -> tuple[BarClosed | MarkPriceChanged, ...]:
    """A kline that is closed, a mark price, or nothing."""
    if event.get("e") == "markPriceUpdate":
        return (MarkPriceChanged(mark=MarkPrice(price=positive(event, "p"), observed_at_ns=observed_at_ns)),)
    if event.get("e") == "kline" and mapping(event.get("k")).get("x") is True:
        row = event["k"]
        closed = bar([row.get(name) for name in ("t", "o", "h", "l", "c", "v")])
        return (BarClosed(bar=closed, observed_at_ns=observed_at_ns),)
    return ()
