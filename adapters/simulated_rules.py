"""What the simulated exchange refuses, in the words every adapter uses, and what it reports of an order. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.instrument import Instrument
from engine.messages.exchange import AccountSnapshot, ExchangeUnavailable, OrderRefused, OrderReport
from engine.order import Order, OrderKind, OrderStatus, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an order is judged on: `reducible` is what a buy may take off (negative: a sell), `affordable` notional.

    `symbol_status` is empty while the instrument is traded.
    """

    instrument: Instrument
    price: Decimal
    reducible: Decimal
    affordable: Decimal
    symbol_status: str


def refusal(wanted: Order, ground: Ground) -> tuple[str, str] | None:
    """(code, reason) of the first rule it breaks."""
    if wanted.quantity % ground.instrument.lot_size:
        return "-1111", "precision"
    if wanted.kind.is_conditional and wanted.trigger_price is not None and is_reached(wanted, ground.price):
        return "-2021", "would_trigger"
    if wanted.is_reduce_only:
        nothing_to_reduce = ground.reducible * wanted.side.sign <= 0
        return ("-2022", "reduce_only") if wanted.kind is OrderKind.MARKET and nothing_to_reduce else None
    if ground.symbol_status:
        return "-4140", "symbol_closed"
    notional = wanted.quantity * (wanted.price or ground.price)
    if notional < ground.instrument.minimum_notional:
        return "-4164", "minimum_notional"
    return ("-2019", "insufficient_margin") if notional > ground.affordable else None


def is_reached(held: Order, price: Decimal) -> bool:
    """Stops trigger against the position's side, take-profits for it."""
    assert held.trigger_price is not None, f"{held.client_order_id} is conditional and has no trigger"
    falls = (held.kind is OrderKind.STOP_MARKET) == (held.side is Side.SELL)
    return price <= held.trigger_price if falls else price >= held.trigger_price


def refused(wanted: Order, code: str, reason: str) -> OrderRefused:
    return OrderRefused(
        client_order_id=wanted.client_order_id, by_us=False, reason=reason, code=code, text=f"{code} {reason}"
    )


def not_listed(symbol: str) -> ExchangeUnavailable:
    text = f"refused: {symbol} is not listed"
    return ExchangeUnavailable(call="PrepareInstrument", detail="", kind="refused", text=text, retry_after_ms=0)


def found(held: Order, now_ns: int) -> OrderReport:
    """What asking for the order says: a conditional one that filled was triggered, and its fills say the rest."""
    said = report(held, now_ns)
    is_done = held.kind.is_conditional and held.status is OrderStatus.FILLED
    return replace(said, status=OrderStatus.TRIGGERED) if is_done else said


def report(held: Order, now_ns: int) -> OrderReport:
    """The order as it stands."""
    return OrderReport(
        client_order_id=held.client_order_id,
        venue_order_id=held.venue_order_id,
        symbol=held.symbol,
        is_conditional=held.kind.is_conditional,
        side=held.side.value,
        status=held.status,
        quantity=held.quantity,
        filled_quantity=held.filled_quantity,
        trigger_price=held.trigger_price,
        is_reduce_only=held.is_reduce_only,
        event_at_ns=now_ns,
    )


def light(now: AccountSnapshot, full: AccountSnapshot) -> AccountSnapshot:
    """Of this moment only position and open orders; the rest as in the last full one."""
    return replace(
        full,
        started_at_ns=now.started_at_ns,
        finished_at_ns=now.finished_at_ns,
        position_quantity=now.position_quantity,
        entry_price=now.entry_price,
        open_orders=now.open_orders,
        fills=(),
        funding=(),
        is_light=True,
    )
