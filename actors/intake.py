"""Intake: the exchange's words become facts in the book. Doubled, late or reordered words change nothing but time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actors import cycle, strangers, zombies
from actors.turn import Turn
from engine import order, reconcile
from engine.fill import Fill
from engine.machine import Note, Send
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.control import ReconcileNow
from engine.order import Order, OrderPurpose, OrderStatus
from engine.safety.limits import Limits

MS = 1_000_000
EVENT_OF = {
    OrderStatus.CANCELLED: ev.OrderCancelled,
    OrderStatus.EXPIRED: ev.OrderExpired,
}


def take(turn: Turn, message: Message) -> bool:
    """Takes in one answer or stream event; False when it is no word of the exchange."""
    handler = _HANDLERS.get(type(message))
    if handler is None:
        return False
    handler(turn, message)
    return True


def _placed(turn: Turn, message: ex.OrderPlaced) -> None:
    turn.answered(message.client_order_id)
    known = turn.book.orders[message.client_order_id]
    _accept(turn, known, message.venue_order_id)
    _compare_filled(turn, known.client_order_id, message.filled_quantity, message.status)


def _refused(turn: Turn, message: ex.OrderRefused) -> None:
    turn.answered(message.client_order_id)
    known = turn.book.orders[message.client_order_id]
    if message.by_us and order.can_become(known, OrderStatus.DENIED):
        turn.happen(ev.OrderDenied(client_order_id=known.client_order_id, reason=message.reason))
    elif order.can_become(known, OrderStatus.REJECTED):
        turn.happen(ev.OrderRejected(client_order_id=known.client_order_id, code=message.code, reason=message.reason))
        _after_refusal(turn, known, message.reason)


def not_sent(turn: Turn, message: ex.ExchangeUnavailable) -> None:
    """The exchange was not reached, or told us to wait: nothing was executed, the order is over."""
    turn.answered(message.detail)
    known = turn.book.orders[message.detail]
    if order.can_become(known, OrderStatus.DENIED):
        turn.happen(ev.OrderDenied(client_order_id=known.client_order_id, reason=message.kind))


def _after_refusal(turn: Turn, known: Order, reason: str) -> None:
    if turn.book.trade and known.purpose is OrderPurpose.STOP and reason == "would_trigger":
        turn.happen(ev.ExitWanted(reason="stop_loss"))
    if known.purpose is not OrderPurpose.ENTRY:
        turn.do(Send(to="reconciler", message=ReconcileNow(reason=f"{known.purpose} refused: {reason}")))


def _unknown(turn: Turn, message: ex.OrderOutcomeUnknown) -> None:
    turn.answered(message.client_order_id)
    known = turn.book.orders[message.client_order_id]
    if order.can_become(known, OrderStatus.UNKNOWN):
        turn.happen(ev.OrderBecameUnknown(client_order_id=known.client_order_id, text=message.text))


def _cancelled(turn: Turn, message: ex.CancelDone) -> None:
    turn.answered(message.client_order_id)
    known = turn.book.orders.get(message.client_order_id)
    if known and order.can_become(known, OrderStatus.CANCELLED):
        turn.happen(ev.OrderCancelled(client_order_id=known.client_order_id))


def _cancel_refused(turn: Turn, message: ex.CancelRefused) -> None:
    turn.answered(message.client_order_id)
    known = turn.book.orders.get(message.client_order_id)
    if known and known.is_open:
        turn.doubt(known)  # it is gone: filled, triggered or cancelled by somebody
        turn.fetch_fills()


def _cancel_unknown(turn: Turn, message: ex.CancelOutcomeUnknown) -> None:
    known = turn.book.orders.get(message.client_order_id)
    if known and known.is_open:
        turn.doubt(known)


def _found(turn: Turn, message: ex.OrderFound) -> None:
    name = message.report.client_order_id
    turn.heard(name)
    turn.answered(name)
    turn.found(name)
    _report(turn, message.report)


def _not_found(turn: Turn, message: ex.OrderNotFound) -> None:
    """Only its repetition, for longer than a lost request may live, is the exchange's word that it never came."""
    turn.heard(message.client_order_id)
    known = turn.book.orders.get(message.client_order_id)
    if known is None or not known.is_open:
        turn.answered(message.client_order_id)
        return
    limits = turn.state.settings.limits
    times, counted_ms = turn.not_found(known.client_order_id)
    lived = turn.now_ns - known.created_at_ns > limits.receive_window_ms * MS
    if times >= limits.not_found_needed and lived and _cannot_arrive(known, limits, counted_ms):
        turn.answered(known.client_order_id)
        _never_came(turn, known)


def _cannot_arrive(known: Order, limits: Limits, counted_ms: int) -> bool:
    """While the request itself may still be on its way its time is counted, too: a clock may have been set forward."""
    return not known.is_unresolved or counted_ms >= limits.receive_window_ms


def _never_came(turn: Turn, known: Order) -> None:
    if order.can_become(known, OrderStatus.REJECTED) and known.is_unresolved:
        turn.happen(ev.OrderRejected(client_order_id=known.client_order_id, code="", reason="not_found"))
    elif order.can_become(known, OrderStatus.EXPIRED):
        turn.happen(ev.OrderExpired(client_order_id=known.client_order_id))
    turn.do(Send(to="reconciler", message=ReconcileNow(reason="an order was not found")))


def _updated(turn: Turn, message: ex.OrderUpdated) -> None:
    _report(turn, message.report)


def _report(turn: Turn, report: ex.OrderReport) -> None:
    """What the exchange says of one order, whoever asked."""
    known = turn.book.orders.get(report.client_order_id)
    if known is None:
        return
    _accept(turn, known, report.venue_order_id)
    known = turn.book.orders[known.client_order_id]
    _look_at_terms(turn, known, report)
    if _was_triggered(report) and order.can_become(known, OrderStatus.TRIGGERED):
        turn.happen(ev.OrderTriggered(client_order_id=known.client_order_id, venue_order_id=report.venue_order_id))
    if report.status is OrderStatus.REJECTED and order.can_become(known, OrderStatus.REJECTED):
        turn.happen(ev.OrderRejected(client_order_id=known.client_order_id, code="", reason="rejected later"))
    known = turn.book.orders[known.client_order_id]
    if _is_filled_as_amended(known, report):
        _end(turn, known.client_order_id, OrderStatus.EXPIRED)
    # while its fills are not all here, its end is not news: it will be asked for again
    elif _compare_filled(turn, known.client_order_id, report.filled_quantity, report.status):
        _end(turn, known.client_order_id, report.status)


def _look_at_terms(turn: Turn, known: Order, report: ex.OrderReport) -> None:
    """Whether it would still do what it was placed for. If not, the plan puts a right one beside it at once; to halt
    for it is reconciliation's."""
    is_amended = reconcile.is_amended(known, report, abs(turn.book.position_quantity))
    if is_amended == (known.client_order_id in turn.state.busy.amended):
        return
    turn.note_amended(known, is_amended=is_amended)
    there = f"{report.quantity} at {report.trigger_price}"
    turn.do(Note(level="WARNING", text=f"{known.client_order_id}, {known.quantity} at {known.trigger_price}: {there}"))
    turn.do(Send(to="reconciler", message=ReconcileNow(reason="an order was amended")))


def _is_filled_as_amended(known: Order, report: ex.OrderReport) -> bool:
    """Somebody had made it smaller, all of that was filled, and we know it: what we wanted beyond never comes. Of a
    conditional one whoever asks hears only that it was triggered, and how much was filled."""
    is_whole = report.status in (OrderStatus.FILLED, OrderStatus.TRIGGERED) and report.quantity > 0
    return is_whole and known.filled_quantity == report.filled_quantity == report.quantity < known.quantity


def _was_triggered(report: ex.OrderReport) -> bool:
    """A conditional order that filled was triggered before; its fills carry the id of the order it became."""
    filled = report.is_conditional and report.status is OrderStatus.FILLED and bool(report.venue_order_id)
    return filled or report.status is OrderStatus.TRIGGERED


def _accept(turn: Turn, known: Order, venue_order_id: str) -> None:
    if known.is_unresolved and order.can_become(known, OrderStatus.ACCEPTED):
        turn.happen(ev.OrderAccepted(client_order_id=known.client_order_id, venue_order_id=venue_order_id))


def _compare_filled(turn: Turn, client_order_id: str, filled: Any, status: OrderStatus) -> bool:
    """True when we know all fills the exchange counts; otherwise they are asked for (only fills change money)."""
    known = turn.book.orders[client_order_id]
    lacking = filled > known.filled_quantity
    if lacking or (status is OrderStatus.FILLED and known.leaves_quantity):
        turn.fetch_fills()
        turn.doubt(known)
    return not lacking


def _end(turn: Turn, client_order_id: str, status: OrderStatus) -> None:
    event = EVENT_OF.get(status)
    if event and order.can_become(turn.book.orders[client_order_id], status):
        turn.happen(event(client_order_id=client_order_id))


def _fill_received(turn: Turn, message: ex.FillReceived) -> None:
    take_fill(turn, message.fill)


def _fills_fetched(turn: Turn, message: ex.FillsFetched) -> None:
    for fill in message.fills:
        take_fill(turn, fill)


def take_fill(turn: Turn, fill: Fill) -> None:
    """One execution: once, however often it is told; held back for a moment when nobody knows whose it is."""
    book = turn.book
    if fill.trade_id in book.seen_fills or fill.symbol != turn.state.settings.symbol:
        return
    known = book.order_of(fill)
    if known is not None:
        turn.happen(ev.OrderFilled(client_order_id=known.client_order_id, fill=fill))
        cycle.close_trade_if_flat(turn)  # at once: what fills beyond it in the same reading is another trade
    elif fill.occurred_at_ns >= book.began_at_ns:
        strangers.hold(turn, fill)


def snapshot(turn: Turn, seen: ex.AccountSnapshot) -> None:
    """The exchange's truth: fills first, then orders, then what it no longer has. After a light one what is held is
    protected; nothing else begins."""
    ready = turn.state.ready
    turn.ready(
        has_reading=True,
        has_snapshot=ready.has_snapshot or not seen.is_light,
        hears=ready.hears or (ready.user_stream_up and seen.started_at_ns >= ready.user_stream_since_ns),
        available_balance=seen.available_balance,
        symbol_status=seen.symbol_status,
    )
    for fill in seen.fills:
        take_fill(turn, fill)
    for payment in seen.funding:
        _take_funding(turn, payment)
    for report in seen.open_orders:
        _report(turn, report)
        zombies.cancel(turn, report, seen.started_at_ns)
    resting = {report.client_order_id for report in seen.open_orders}
    zombies.bury(turn, resting)
    for known in turn.book.open_orders():
        if known.client_order_id not in resting and known.changed_at_ns < seen.started_at_ns and known.is_working:
            turn.doubt(known)
    is_new = turn.book.wallet_anchor is None and not turn.book.trade_count and not turn.book.orders
    if is_new and not seen.is_light:
        turn.happen(ev.WalletAnchored(wallet_balance=seen.wallet_balance))


def _take_funding(turn: Turn, payment: ex.FundingPayment) -> None:
    """Once; what was paid before this journal began is in the wallet it began with."""
    book = turn.book
    is_new = payment.payment_id not in book.ledger.seen_payments and payment.occurred_at_ns >= book.began_at_ns
    if is_new and payment.symbol == turn.state.settings.symbol:
        turn.happen(ev.FundingBooked(payment=payment))


_HANDLERS: Mapping[type[Message], Callable[[Turn, Any], None]] = {
    ex.OrderPlaced: _placed,
    ex.OrderRefused: _refused,
    ex.OrderOutcomeUnknown: _unknown,
    ex.CancelDone: _cancelled,
    ex.CancelRefused: _cancel_refused,
    ex.CancelOutcomeUnknown: _cancel_unknown,
    ex.OrderFound: _found,
    ex.OrderNotFound: _not_found,
    ex.OrderUpdated: _updated,
    ex.FillReceived: _fill_received,
    ex.FillsFetched: _fills_fetched,
}
