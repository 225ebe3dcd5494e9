"""Plan: what the book says has to be done now. A pure function of what is known, so it is the same after a crash.

Theory of operation. Nothing here remembers a step: each rule compares what is (position, orders) with what must be
(a stop for exactly the position, no order without a position, an answer for every unknown order) and names the
difference. Asking again while the difference is being worked on must name nothing, which is what `Busy` is for.

The ladder of protection: stop → (refused, or naked for too long) close at market → (refused repeatedly) RED and panic.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine import ids
from engine.book.state import Book
from engine.messages import events as ev
from engine.messages.base import Message
from engine.order import Order, OrderKind, OrderPurpose, OrderStatus, Side
from engine.protection import NO_LEVEL
from engine.safety.breaker import Level
from engine.situation import Situation
from engine.trade import Trade

EXITS = (OrderPurpose.EXIT, OrderPurpose.EMERGENCY_EXIT)
PROTECTIVE = (OrderPurpose.STOP, OrderPurpose.TAKE_PROFIT)
MOST_WHILE_DEAF = 3  # stops that rest at once, and targets: the older ones stay until it is heard what becomes of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do: journal these facts, place these orders (as intents first), cancel and look up those."""

    events: tuple[Message, ...] = ()
    place: tuple[Order, ...] = ()
    cancel: tuple[Order, ...] = ()
    find: tuple[Order, ...] = ()


def is_at_rest(book: Book) -> bool:
    """Flat, and no order that may still trade: nothing is to be protected, closed, cancelled or asked for."""
    return (book.trade is None or not book.position_quantity) and not book.open_orders()


def make(now: Situation) -> Plan:
    """What has to be done now; nothing, where the book is at rest."""
    trade = now.book.trade
    find = tuple(order for order in now.book.orders.values() if _needs_word(now, order))
    if trade is None or not now.held:
        return Plan(events=_lost_answers(now), cancel=_leftovers(now) + _forbidden(now), find=find)
    if trade.exit_reason:
        events = _lost_answers(now) + _exit_failing(now, trade)
        return Plan(events=events, place=_exit(now, trade), cancel=_superseded(now) + _forbidden(now), find=find)
    return Plan(
        events=_lost_answers(now) + _give_up(now, trade) + _now_protected(now, trade),
        place=_stop(now, trade) + _take_profit(now, trade),
        cancel=_superseded(now) + _forbidden(now),
        find=find,
    )


# --- knowing what became of orders -----------------------------------------------------------------------------------


def _lost_answers(now: Situation) -> tuple[Message, ...]:
    """A request nobody answered, not even with an error: its outcome is unknown."""
    return tuple(
        ev.OrderBecameUnknown(client_order_id=order.client_order_id, text="no answer")
        for order in now.book.orders.values()
        if order.status is OrderStatus.INTENDED and _waited_out(now, order)
    )


def _waited_out(now: Situation, order: Order) -> bool:
    since = now.busy.placing.get(order.client_order_id)
    return since is None or now.is_older(since, now.limits.order_answer_ms)


def _needs_word(now: Situation, order: Order) -> bool:
    asked = now.busy.finding.get(order.client_order_id)
    if asked is not None and not now.is_older(asked, now.question_pause_ms(order)):
        return False
    if order.client_order_id in now.busy.doubted:
        return order.is_open
    return order.status is OrderStatus.UNKNOWN


# --- leaving ---------------------------------------------------------------------------------------------------------


def _leftovers(now: Situation) -> tuple[Order, ...]:
    """Flat: no protective order may stay."""
    return tuple(order for order in now.book.open_orders(*PROTECTIVE) if _can_cancel(now, order))


def _forbidden(now: Situation) -> tuple[Order, ...]:
    """Halted: an entry that still works must not open anything more."""
    if now.book.breaker.level is not Level.RED and not now.book.is_panicked:
        return ()
    return tuple(order for order in now.book.open_orders(OrderPurpose.ENTRY) if _can_cancel(now, order))


def _can_cancel(now: Situation, order: Order) -> bool:
    asked = now.busy.cancelling.get(order.client_order_id)
    waits = asked is not None and not now.is_older(asked, now.limits.exit_retry_ms)
    is_doubted = order.client_order_id in now.busy.doubted  # the last answer was that it is no longer there
    return order.status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED) and not waits and not is_doubted


def _exit(now: Situation, trade: Trade) -> tuple[Order, ...]:
    past = [o for o in now.book.orders.values() if o.purpose in EXITS and o.trade_number == trade.number]
    under_way = [o for o in past if o.is_open]
    if under_way and not _needs_another_exit(now, under_way):
        return ()
    if past and not now.is_older(past[-1].changed_at_ns, now.exit_pause_ms(_refused(now, trade, *EXITS))):
        return ()  # also beside one that nobody knows of: refusals come back at the speed of the network
    return (_exit_order(now, trade),)


def _needs_another_exit(now: Situation, under_way: list[Order]) -> bool:
    """Nobody knows of the ones on their way, for too long. All of them only reduce and no entry leaves meanwhile, so
    whichever arrive, the position is closed once. Only so many at a time; those that are too old to arrive do not count
    (what became of them is asked for anew in each life, and meanwhile the position would stand there)."""
    arriving = [o for o in under_way if not now.is_older(o.created_at_ns, now.limits.receive_window_ms)]
    if len(arriving) >= now.limits.most_rejections or any(o.status is not OrderStatus.UNKNOWN for o in under_way):
        return False
    return now.is_older(under_way[-1].changed_at_ns, now.limits.exit_again_ms)


def _exit_order(now: Situation, trade: Trade) -> Order:
    purpose = OrderPurpose.EMERGENCY_EXIT if trade.exit_reason == "emergency_exit" else OrderPurpose.EXIT
    return _order(now, trade, purpose, OrderKind.MARKET, None)


def _exit_failing(now: Situation, trade: Trade) -> tuple[Message, ...]:
    if _refused(now, trade, *EXITS) < now.limits.most_rejections or now.book.is_panicked:
        return ()
    cause = "the position cannot be closed"
    return (
        ev.BreakerTripped(level="RED", cause=cause, text=f"{now.limits.most_rejections} exits were refused"),
        ev.PanicObserved(scope="instance", reason=cause),
    )


# --- protecting ------------------------------------------------------------------------------------------------------


def _give_up(now: Situation, trade: Trade) -> tuple[Message, ...]:
    """Close rather than stay without a working stop."""
    naked = trade.naked_since_ns
    too_long = naked is not None and now.is_older(naked, now.limits.naked_limit_ms)
    too_thin = _is_thin(now)
    refused = _refused(now, trade, OrderPurpose.STOP) >= now.limits.most_rejections
    stuck = any(
        order.status is OrderStatus.TRIGGERED and now.is_older(order.changed_at_ns, now.limits.trigger_stuck_ms)
        for order in now.book.open_orders(*PROTECTIVE)
    )
    return (ev.ExitWanted(reason="emergency_exit"),) if too_long or too_thin or refused or stuck else ()


def _is_thin(now: Situation) -> bool:
    """A stop rests for a part of the position only, and for too long nobody knows of the one for all of it."""
    stops = now.book.open_orders(OrderPurpose.STOP)
    if not stops or not stops[-1].is_unresolved:
        return False
    covered = any(_covers(now, stop) for stop in stops)
    return not covered and now.is_older(stops[-1].created_at_ns, now.limits.naked_limit_ms)


def _covers(now: Situation, stop: Order) -> bool:
    return stop.is_working and stop.leaves_quantity >= now.held and stop.client_order_id not in now.busy.amended


def _refused(now: Situation, trade: Trade, *purposes: OrderPurpose) -> int:
    return sum(
        order.status is OrderStatus.REJECTED and order.purpose in purposes and order.trade_number == trade.number
        for order in now.book.orders.values()
    )


def _now_protected(now: Situation, trade: Trade) -> tuple[Message, ...]:
    if trade.naked_since_ns is None:
        return ()
    for stop in now.book.open_orders(OrderPurpose.STOP):
        if _covers(now, stop) and stop.trigger_price is not None:
            return (
                ev.PositionProtected(
                    trade_number=trade.number,
                    stop_price=stop.trigger_price,
                    naked_ns=trade.naked_for_ns(now.now_ns),
                ),
            )
    return ()


def _stop(now: Situation, trade: Trade) -> tuple[Order, ...]:
    protection = now.book.protection
    if protection is None or protection.stop_ticks == NO_LEVEL:
        return ()
    wanted = _price(now, protection.stop_ticks)
    stops = now.book.open_orders(OrderPurpose.STOP)
    if _just_failed(now, trade, OrderPurpose.STOP):
        return ()
    if stops and not _is_outdated(now, stops[-1], wanted):
        return ()
    return (_order(now, trade, OrderPurpose.STOP, OrderKind.STOP_MARKET, wanted),)


def _just_failed(now: Situation, trade: Trade, purpose: OrderPurpose) -> bool:
    """The last one was refused or denied a moment ago: asking again at once would only be refused again."""
    past = [o for o in now.book.orders.values() if o.purpose is purpose and o.trade_number == trade.number]
    failed = bool(past) and past[-1].status in (OrderStatus.REJECTED, OrderStatus.DENIED)
    return failed and not now.is_older(past[-1].changed_at_ns, now.limits.exit_retry_ms)


def _is_outdated(now: Situation, newest: Order, wanted: Decimal) -> bool:
    """A stop that waits for its trigger but covers another quantity, or another price for long enough; or that somebody
    changed: a right one belongs beside it."""
    if newest.status is not OrderStatus.ACCEPTED:
        return False
    if newest.leaves_quantity != now.held or newest.client_order_id in now.busy.amended:
        return True
    may_move = now.hears or len(now.book.open_orders(newest.purpose)) < MOST_WHILE_DEAF
    moved = newest.trigger_price != wanted and now.is_older(newest.created_at_ns, now.limits.stop_move_interval_ms)
    return moved and may_move


def _take_profit(now: Situation, trade: Trade) -> tuple[Order, ...]:
    protection = now.book.protection
    if protection is None or protection.take_profit_ticks == NO_LEVEL:
        return ()
    wanted = _price(now, protection.take_profit_ticks)
    targets = now.book.open_orders(OrderPurpose.TAKE_PROFIT)
    if _just_failed(now, trade, OrderPurpose.TAKE_PROFIT) or (targets and not _is_outdated(now, targets[-1], wanted)):
        return ()
    if _refused(now, trade, OrderPurpose.TAKE_PROFIT) >= now.limits.most_rejections:
        return ()
    return (_order(now, trade, OrderPurpose.TAKE_PROFIT, OrderKind.TAKE_PROFIT_MARKET, wanted),)


def _superseded(now: Situation) -> tuple[Order, ...]:
    """Old stops and targets, once the newer one is known to rest. Who does not hear of orders does not know that: it
    may have met its trigger since, and have filled in part only."""
    if not now.hears:
        return ()
    return tuple(
        order
        for purpose in PROTECTIVE
        for order in _older_than_a_resting_one(now, now.book.open_orders(purpose))
        if _can_cancel(now, order) and not _is_evidence(now, order)
    )


def _is_evidence(now: Situation, order: Order) -> bool:
    """What somebody changed stays for reconciliation to find, until it has halted us."""
    return order.client_order_id in now.busy.amended and now.book.breaker.level is not Level.RED


def _older_than_a_resting_one(now: Situation, orders: tuple[Order, ...]) -> tuple[Order, ...]:
    unsure = now.busy.doubted | now.busy.amended
    resting = [
        at
        for at, order in enumerate(orders)
        if order.status is OrderStatus.ACCEPTED and order.client_order_id not in unsure
    ]
    return orders[: resting[-1]] if resting else ()


# --- making ----------------------------------------------------------------------------------------------------------


def _price(now: Situation, ticks: int) -> Decimal:
    assert now.book.instrument is not None
    return now.book.instrument.from_ticks(ticks)


def _order(
    now: Situation, trade: Trade, purpose: OrderPurpose, kind: OrderKind, trigger_price: Decimal | None
) -> Order:
    assert now.book.instrument is not None
    return Order(
        client_order_id=ids.client_order_id(
            instance=now.instance,
            epoch=now.book.epoch,
            play_hash=now.play_hash,
            bar_open_time_ns=trade.bar_open_time_ns,
            purpose=purpose,
            number=trade.intents,
        ),
        symbol=now.book.instrument.symbol,
        side=Side.SELL if now.book.position_quantity > 0 else Side.BUY,
        kind=kind,
        purpose=purpose,
        quantity=now.held,
        trade_number=trade.number,
        bar_open_time_ns=trade.bar_open_time_ns,
        is_reduce_only=True,
        trigger_price=trigger_price,
        reason=trade.exit_reason,
    )
