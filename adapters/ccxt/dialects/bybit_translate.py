"""Bybit's JSON of v5 linear perpetuals <-> our messages. Pure; every field that money depends on is checked here.

An order keeps its id from placing to the end, also when it is conditional and triggers.
"""

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
    rows,
    size,
    text,
    time_ns,
)
from engine.errors import InvariantViolated, MalformedMessage
from engine.fill import Fill
from engine.instrument import Instrument
from engine.market import Bar
from engine.messages.base import Message
from engine.messages.exchange import FillReceived, FundingPayment, OrderReport, OrderUpdated
from engine.order import Order, OrderKind, OrderStatus, Side

CATEGORY = "linear"
STATUS: Mapping[str, OrderStatus] = {
    "Created": OrderStatus.ACCEPTED,
    "New": OrderStatus.ACCEPTED,
    "Untriggered": OrderStatus.ACCEPTED,
    "Triggered": OrderStatus.TRIGGERED,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "PartiallyFilledCanceled": OrderStatus.CANCELLED,
    "Deactivated": OrderStatus.CANCELLED,  # a conditional order that never triggered
    "Rejected": OrderStatus.REJECTED,
}
AT_WORK = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
EXPIRED_BECAUSE = frozenset({"EC_NoImmediateQtyToFill", "EC_PostOnlyWillTakeLiquidity"})
SIDE: Mapping[str, Side] = {"Buy": Side.BUY, "Sell": Side.SELL}
SIDE_WORD = {side: word for word, side in SIDE.items()}
RISES, FALLS = 1, 2
BY_FORCE = frozenset({"BustTrade", "AdlTrade"})
TRADES = BY_FORCE | {"Trade", "BlockTrade", "MovePosition"}
FUNDING = "Funding"


def result(answer: Any) -> Raw:
    """What an answer is about."""
    return mapping(mapping(answer).get("result"))


def listed(answer: Any) -> tuple[Raw, ...]:
    """The rows of an answer that is a list."""
    return tuple(mapping(row) for row in rows(result(answer).get("list")))


# --- requests --------------------------------------------------------------------------------------------------------


def order_request(order: Order, market_id: str) -> dict[str, Any]:
    """Body of POST /v5/order/create. Conditional orders are triggered by the mark price and close what they find."""
    request: dict[str, Any] = {
        "category": CATEGORY,
        "symbol": market_id,
        "side": SIDE_WORD[order.side],
        "orderType": "Limit" if order.kind is OrderKind.LIMIT else "Market",
        "qty": plain(order.quantity),
        "orderLinkId": order.client_order_id,
        "positionIdx": 0,
        "reduceOnly": order.is_reduce_only,
    }
    if order.kind is OrderKind.LIMIT:
        return request | {"price": plain(_given(order.price, order)), "timeInForce": "GTC"}
    return request | (_trigger(order) if order.kind.is_conditional else {})


def _trigger(order: Order) -> dict[str, Any]:
    falls = (order.kind is OrderKind.STOP_MARKET) == (order.side is Side.SELL)
    return {
        "triggerPrice": plain(_given(order.trigger_price, order)),
        "triggerDirection": FALLS if falls else RISES,
        "triggerBy": "MarkPrice",
        "closeOnTrigger": order.is_reduce_only,
    }


def amend_request(order: Order, market_id: str) -> dict[str, Any]:
    """Body of POST /v5/order/amend: quantity, and price or trigger, as they shall be."""
    request = {
        "category": CATEGORY,
        "symbol": market_id,
        "orderLinkId": order.client_order_id,
        "qty": plain(order.quantity),
    }
    if order.kind is OrderKind.LIMIT:
        return request | {"price": plain(_given(order.price, order))}
    return request | {"triggerPrice": plain(_given(order.trigger_price, order)), "triggerBy": "MarkPrice"}


def _given(price: Decimal | None, order: Order) -> Decimal:
    if price is None or price <= 0:
        raise InvariantViolated(f"{order.kind} order {order.client_order_id} without its price: {price}")
    return price


# --- orders ----------------------------------------------------------------------------------------------------------


def acknowledged(answer: Any, order: Order, now_ns: int) -> OrderReport:
    """A new order as its acknowledgement has it: taken, and no more is said."""
    said = result(answer)
    if text(said, "orderLinkId") != order.client_order_id:
        raise MalformedMessage(f"asked for {order.client_order_id}, answered {said.get('orderLinkId')}")
    return OrderReport(
        client_order_id=order.client_order_id,
        venue_order_id=text(said, "orderId"),
        symbol=order.symbol,
        is_conditional=order.kind.is_conditional,
        side=order.side,
        status=OrderStatus.ACCEPTED,
        quantity=order.quantity,
        filled_quantity=ZERO,
        trigger_price=order.trigger_price,
        is_reduce_only=order.is_reduce_only,
        event_at_ns=now_ns,
    )


def order_report(raw: Raw, symbol: str) -> OrderReport:
    """An order of either kind, from a list or the stream. A stranger's may have no client id."""
    trigger_price = positive_or_none(raw, "triggerPrice")
    is_conditional = trigger_price is not None
    return OrderReport(
        client_order_id=str(raw.get("orderLinkId") or ""),
        venue_order_id=text(raw, "orderId"),
        symbol=symbol,
        is_conditional=is_conditional,
        side=choice(raw, "side", SIDE),
        status=_status(raw, is_conditional),
        quantity=size(raw, "qty"),
        filled_quantity=size(raw, "cumExecQty"),
        trigger_price=trigger_price,
        is_reduce_only=flag(raw, "reduceOnly"),
        event_at_ns=time_ns(raw, "updatedTime"),
    )


def _status(raw: Raw, is_conditional: bool) -> OrderStatus:
    status: OrderStatus = choice(raw, "orderStatus", STATUS)
    if is_conditional and status in AT_WORK and raw["orderStatus"] != "Untriggered":
        return OrderStatus.TRIGGERED  # its fills say the rest
    if status is OrderStatus.CANCELLED and raw.get("rejectReason") in EXPIRED_BECAUSE:
        return OrderStatus.EXPIRED
    return status


# --- executions ------------------------------------------------------------------------------------------------------


def executions(raws: tuple[Raw, ...], symbol: str) -> tuple[Fill | FundingPayment, ...]:
    """What changed position or wallet, oldest first. A kind we don't know is refused: it may have moved money."""
    ordered = sorted(raws, key=lambda raw: (time_ns(raw, "execTime"), int(size(raw, "seq")) if raw.get("seq") else 0))
    return tuple(_execution(raw, symbol) for raw in ordered)


def _execution(raw: Raw, symbol: str) -> Fill | FundingPayment:
    kind = text(raw, "execType")
    if kind == FUNDING:
        return funding(raw, symbol)
    if kind not in TRADES:
        raise MalformedMessage(f"an execution of a kind we don't know, {kind!r}: {str(dict(raw))[:300]}")
    return Fill(
        trade_id=text(raw, "execId"),
        symbol=symbol,
        venue_order_id=text(raw, "orderId"),
        client_order_id=str(raw.get("orderLinkId") or ""),
        sign=choice(raw, "side", SIDE).sign,
        quantity=positive(raw, "execQty"),
        price=positive(raw, "execPrice"),
        fee=amount(raw, "execFee"),
        fee_asset=str(raw.get("feeCurrency") or settlement_of(symbol)),
        is_maker=flag(raw, "isMaker"),
        occurred_at_ns=time_ns(raw, "execTime"),
        is_liquidation=kind in BY_FORCE,
    )


def funding(raw: Raw, symbol: str) -> FundingPayment:
    """An execution of type Funding: its fee is what was paid (negative: received)."""
    return FundingPayment(
        payment_id=text(raw, "execId"),
        symbol=symbol,
        amount=-amount(raw, "execFee"),
        asset=str(raw.get("feeCurrency") or settlement_of(symbol)),
        occurred_at_ns=time_ns(raw, "execTime"),
    )


def settlement_of(symbol: str) -> str:
    """`BTC/USDT:USDT` settles in USDT."""
    return symbol.partition(":")[2]


# --- account ---------------------------------------------------------------------------------------------------------


def only_position(raws: tuple[Raw, ...]) -> Raw | None:
    """The one-way position of position/list; None when flat. Hedge mode's two sides are refused."""
    held = [raw for raw in raws if size(raw, "size") != 0]
    if len(held) > 1 or any(str(raw.get("positionIdx", 0)) != "0" for raw in held):
        raise MalformedMessage(f"positions of hedge mode in a one-way account: {str(held)[:300]}")
    return held[0] if held else None


def signed_quantity(position: Raw) -> Decimal:
    """Positive long, negative short."""
    sign: int = choice(position, "side", SIDE).sign
    return sign * positive(position, "size")


def balances(answer: Any, coin: str) -> tuple[Decimal, Decimal]:
    """(wallet, available) of the settlement coin.

    The account's own available balance is no use: it is in dollars, over all coins, and empty with isolated margin. So
    what positions and orders hold, and what is being lost, is taken off the wallet.
    """
    accounts = listed(answer)
    held = [
        mapping(row) for account in accounts for row in rows(account.get("coin")) if text(mapping(row), "coin") == coin
    ]
    if not held:
        return ZERO, ZERO
    [row] = held
    wallet = amount(row, "walletBalance")
    taken = sum((_or_zero(row, name) for name in ("totalPositionIM", "totalOrderIM", "locked")), ZERO)
    return wallet, max(ZERO, wallet + min(ZERO, _or_zero(row, "unrealisedPnl")) - taken)


def _or_zero(raw: Raw, name: str) -> Decimal:
    return ZERO if raw.get(name) in (None, "") else amount(raw, name)


def instrument(raw: Raw, symbol: str, fees: Raw) -> Instrument:
    """A row of instruments-info with this account's row of fee-rate."""
    lots, prices = mapping(raw.get("lotSizeFilter")), mapping(raw.get("priceFilter"))
    return Instrument(
        symbol=symbol,
        tick_size=positive(prices, "tickSize"),
        lot_size=positive(lots, "qtyStep"),
        minimum_quantity=size(lots, "minOrderQty"),
        minimum_notional=_or_zero(lots, "minNotionalValue"),
        taker_fee=amount(fees, "takerFeeRate"),
        maker_fee=amount(fees, "makerFeeRate"),
    )


# --- stream events ---------------------------------------------------------------------------------------------------


def stream_events(frame: Raw, symbol: str, market_id: str) -> tuple[Message, ...]:
    """What a frame of the topics `order` and `execution` says of our instrument."""
    topic = str(frame.get("topic", "")).partition(".")[0]
    if topic not in ("order", "execution"):
        return ()
    ours = tuple(raw for raw in map(mapping, rows(frame.get("data"))) if _is_of(raw, market_id))
    if topic == "order":
        return tuple(OrderUpdated(report=order_report(raw, symbol)) for raw in ours)
    return tuple(FillReceived(fill=one) for one in executions(ours, symbol) if isinstance(one, Fill))


def _is_of(raw: Raw, market_id: str) -> bool:
    return raw.get("symbol") == market_id and raw.get("category", CATEGORY) == CATEGORY


def closed_bars(frame: Raw) -> tuple[Bar, ...]:
    """The bars of a kline frame that are final."""
    raws = [mapping(row) for row in rows(frame.get("data"))]
    names = ("start", "open", "high", "low", "close", "volume")
    return tuple(bar([raw.get(name) for name in names]) for raw in raws if raw.get("confirm") is True)
