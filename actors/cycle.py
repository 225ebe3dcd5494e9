"""Cycle: one closed bar and what the play says of it, turned into an exit, an entry, or a reason why not.

Cycles never overlap: while one waits for the position to close, at most one newer waits behind it, and a still newer
one takes its place (counted). Protection sees every bar all the same.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from zoneinfo import ZoneInfo

from actors.turn import Turn
from engine import ids, protection
from engine import ledger as ledgers
from engine.frozen import replace
from engine.instrument import Instrument
from engine.machine import Note, Send
from engine.market import MINUTE_NS, Bar
from engine.messages import events as ev
from engine.messages.market import AnchorChosen, CycleReady, ResumePoint
from engine.order import Order, OrderKind, OrderPurpose, Side
from engine.plan import PROTECTIVE
from engine.protection import NO_LEVEL, ProtectionRules
from engine.safety import alarms, risk
from engine.signal import Intent, decide
from engine.sizing import SizingMode, quantity_for

MS = 1_000_000
TRIES_FOR_MISSED = 3
SECOND_NS = 1_000_000_000


def tell_where_we_were(turn: Turn) -> None:
    """The strategy starts: where it must feed from, and what has been dealt with."""
    point = ResumePoint(anchor_ns=turn.book.anchor_ns, last_bar_ns=_newest_bar(turn))
    turn.do(Send(to="strategy", message=point))


def keep_anchor(turn: Turn, message: AnchorChosen) -> None:
    """The first bar ever fed is part of the instance's identity: it is recorded once."""
    if turn.book.anchor_ns is None:
        turn.happen(ev.AnchorRecorded(open_time_ns=message.open_time_ns, live_from_ns=message.live_from_ns))


def take(turn: Turn, cycle: CycleReady) -> None:
    """One bar: protection moves, then exits, then perhaps an entry."""
    if cycle.began_elsewhere(turn.book.anchor_ns):
        tell_where_we_were(turn)
        return
    opened_at, newest = cycle.bar.open_time_ns, _newest_bar(turn)
    if newest is not None and (opened_at <= newest or _asks_for_missed(turn, newest, opened_at)):
        return
    vitals = alarms.after_bar(turn.state.vitals, cycle.bar.close, turn.state.settings.limits)
    turn.change(last_bar_ns=opened_at, vitals=vitals)
    _replace_waiting(turn)
    if cycle.signal.intent is not Intent.NONE:
        turn.happen(ev.SignalReceived(signal=cycle.signal))
    _advance(turn, cycle.bar)
    _act(turn, cycle)


def _newest_bar(turn: Turn) -> int | None:
    """The newest bar dealt with, in this life or, as far as the journal tells, in an earlier one."""
    known = [at for at in (turn.book.last_bar_ns, turn.state.last_bar_ns) if at is not None]
    return max(known, default=None)


def _asks_for_missed(turn: Turn, newest: int, opened_at: int) -> bool:
    """Bars are missing before this one (they died with an earlier life, or on the way): the strategy has them still.

    After some tries what cannot be had is given up, so that a strategy without memory does not end all trading.
    """
    behind, tries = turn.state.missed if turn.state.missed[0] == newest else (newest, 0)
    if opened_at <= newest + MINUTE_NS or tries >= TRIES_FOR_MISSED:
        return False
    turn.change(missed=(behind, tries + 1))
    tell_where_we_were(turn)
    return True


def _advance(turn: Turn, bar: Bar) -> None:
    book, rules = turn.book, turn.state.settings.rules
    if book.trade is None or book.protection is None or book.instrument is None:
        return
    if bar.open_time_ns <= book.trade.bar_open_time_ns:
        return  # the entry's own signal bar closed before the position was
    high, low, close = (book.instrument.to_ticks(price) for price in (bar.high, bar.low, bar.close))
    moved = protection.advance(rules, book.protection, high, low, close)
    turn.happen(ev.ProtectionAdvanced(bar_open_time_ns=bar.open_time_ns, protection=moved))
    due = protection.due_exit(rules, moved, close)
    if due and not book.trade.exit_reason:
        turn.happen(ev.ExitWanted(reason=due.value))


def _act(turn: Turn, cycle: CycleReady) -> None:
    trade = turn.book.trade
    closes, enters = decide(int(cycle.signal.intent), trade.direction if trade else 0)
    if closes and trade and not trade.exit_reason:
        turn.happen(ev.ExitWanted(reason="exit_signal"))
    if enters:
        turn.change(pending=cycle)


def _replace_waiting(turn: Turn) -> None:
    """A newer cycle takes the place of one that still waits."""
    if turn.state.pending is not None:
        turn.change(replaced_cycles=turn.state.replaced_cycles + 1)
        _drop(turn, "a newer cycle took its place", "replaced")


def enter_if_due(turn: Turn) -> None:
    """The waiting cycle, if any: entered, kept for what will pass, or dropped with its reason."""
    cycle = turn.state.pending
    if cycle is None:
        return
    if late := _too_old(cycle, turn.now_ns, turn.state.settings.limits.signal_age_ms):
        _drop(turn, late, "age")
    elif _is_leaving(turn):
        _wait(turn, cycle, "the position is being closed")
    else:
        _ask_the_gate(turn, cycle)


def _too_old(cycle: CycleReady, now_ns: int, limit_ms: int) -> str | None:
    """Why it comes too late. Of a bar that was not heard as it closed nobody knows the age: it counts as too old."""
    if cycle.observed_at_ns is None:
        return f"its bar was read after it had closed, nobody knows how long after; the limit is {limit_ms} ms"
    age_ms = (now_ns - cycle.observed_at_ns) // MS
    return f"it is {age_ms} ms old; the limit is {limit_ms} ms" if age_ms > limit_ms else None


def _is_leaving(turn: Turn) -> bool:
    """The old position is being closed, or its protective orders are being taken away: the entry waits for that."""
    trade = turn.book.trade
    return bool(trade.exit_reason) if trade else bool(turn.book.open_orders(*PROTECTIVE))


def _wait(turn: Turn, cycle: CycleReady, reason: str) -> None:
    if turn.book.waiting_bar_ns != cycle.bar.open_time_ns:
        turn.happen(ev.SignalWaits(bar_open_time_ns=cycle.bar.open_time_ns, reason=reason))


def _drop(turn: Turn, reason: str, rule: str, decision_id: str = "") -> None:
    assert turn.state.pending is not None
    bar_ns = turn.state.pending.bar.open_time_ns
    turn.change(pending=None)
    turn.happen(ev.SignalFiltered(bar_open_time_ns=bar_ns, reason=reason, rule=rule, decision_id=decision_id))
    turn.do(Note(level="INFO", text=f"signal of {bar_ns} not acted on ({rule}): {reason}"))


def _ask_the_gate(turn: Turn, cycle: CycleReady) -> None:
    state = turn.state
    order = _entry(turn, cycle)
    verdict = risk.judge(
        risk.Case(
            order=order, leverage=state.settings.leverage, book=turn.book, ready=state.ready,
            limits=state.settings.limits, now_ns=turn.now_ns,
        )
    )  # fmt: skip
    if verdict.is_approved:
        turn.change(pending=None)
        turn.happen(ev.OrderIntended(order=order, decision_id=verdict.decision_id))
        turn.place(order)
    elif verdict.may_pass:
        _wait(turn, cycle, verdict.reason)
    else:
        _drop(turn, verdict.reason, verdict.rule, verdict.decision_id)


def _stop_distance(rules: ProtectionRules, side: int, entry_ticks: int) -> Decimal:
    stop = protection.open_protection(rules, side, entry_ticks).stop_ticks
    return Decimal(0 if stop == NO_LEVEL else abs(entry_ticks - stop))


def _entry(turn: Turn, cycle: CycleReady) -> Order:
    settings, instrument = turn.state.settings, turn.book.instrument
    assert instrument is not None
    side = decide(int(cycle.signal.intent), 0)[1]
    price = instrument.round_price(cycle.signal.close)
    return Order(
        client_order_id=ids.client_order_id(
            instance=settings.instance, epoch=turn.book.epoch, play_hash=settings.play_hash,
            bar_open_time_ns=cycle.bar.open_time_ns, purpose=OrderPurpose.ENTRY, number=0,
        ),
        symbol=settings.symbol,
        side=Side.BUY if side > 0 else Side.SELL,
        kind=OrderKind.MARKET,
        purpose=OrderPurpose.ENTRY,
        quantity=_quantity(turn, cycle, side, price, instrument),
        trade_number=turn.book.trade_count + 1,
        bar_open_time_ns=cycle.bar.open_time_ns,
        reference_price=price,
    )  # fmt: skip


def _quantity(turn: Turn, cycle: CycleReady, side: int, price: Decimal, instrument: Instrument) -> Decimal:
    settings = turn.state.settings
    distance = _stop_distance(settings.rules, side, instrument.to_ticks(price)) * instrument.tick_size
    if settings.sizing.mode is SizingMode.VOLATILITY_TARGET:
        distance = _volatility(cycle, instrument)
    equity = ledgers.equity(turn.book.ledger, turn.state.ready.mark)
    return quantity_for(settings.sizing, equity, price, distance, instrument, Decimal(settings.leverage))


def _volatility(cycle: CycleReady, instrument: Instrument) -> Decimal:
    """The play's volatility at this close, to the tick; 0 where it is no amount: then nothing is traded."""
    amount = cycle.signal.number("sizing.volatility")
    return instrument.round_price(amount) if isfinite(amount) and amount > 0 else Decimal(0)


def protect_from_entry(turn: Turn) -> None:
    """The entry is filled as far as it will be for now: protective levels start from its average price."""
    book = turn.book
    if book.trade is None or book.protection is not None or book.instrument is None or not book.position_quantity:
        return
    still_filling = bool(book.open_orders(OrderPurpose.ENTRY))
    newest = max((o.changed_at_ns for o in book.orders.values() if o.purpose is OrderPurpose.ENTRY), default=0)
    if still_filling and turn.now_ns - newest < turn.state.settings.limits.entry_settles_ms * MS:
        return
    entry_ticks = book.instrument.to_ticks(book.trade.entry_price)
    levels = protection.open_protection(turn.state.settings.rules, book.trade.direction, entry_ticks)
    turn.happen(ev.PositionOpened(trade_number=book.trade.number, protection=levels))


def close_trade_if_flat(turn: Turn) -> None:
    """Flat again: the round trip is a trade, and its one message goes into the outbox with it."""
    book = turn.book
    trade = book.trade
    if trade is None or book.position_quantity:
        return
    direction = "long" if trade.direction > 0 else "short"
    profit = trade.gross_profit - trade.fees
    reason = trade.exit_reason or _reason_of_last_exit(turn)
    closed = ev.TradeClosed(
        trade_number=trade.number,
        symbol=turn.state.settings.symbol,
        direction=direction,
        quantity=trade.entered_quantity,
        entry_price=trade.entry_price,
        exit_price=trade.exit_price,
        opened_at_ns=trade.opened_at_ns,
        closed_at_ns=book.last_fill_at_ns,
        entry_bar_open_time_ns=trade.bar_open_time_ns,
        exit_bar_open_time_ns=turn.state.last_bar_ns or 0,
        gross_profit=trade.gross_profit,
        fees=trade.fees,
        profit=profit,
        exit_reason=reason,
        naked_ns=trade.naked_for_ns(turn.now_ns),
        message=f"{turn.state.settings.instance}: {direction} {trade.entered_quantity} {turn.state.settings.symbol} "
        f"closed by {reason}, profit {profit:+.2f}",
    )
    turn.happen(closed)


def _reason_of_last_exit(turn: Turn) -> str:
    """A resting order closed it: which, or (none of ours did) somebody else."""
    filled = [o for o in turn.book.orders.values() if o.filled_quantity and o.purpose is not OrderPurpose.ENTRY]
    if not filled:
        return "closed_elsewhere"
    last = max(filled, key=lambda o: o.changed_at_ns)
    if last.purpose is OrderPurpose.STOP:
        moved = turn.book.protection is not None and turn.book.protection.stop_moved
        return "trailing_stop_loss" if moved else "stop_loss"
    return last.purpose.value


def begin_day(turn: Turn) -> None:
    """The daily loss counts from midnight in the configured zone, not from the start."""
    today = _day_of(turn.now_ns // SECOND_NS, turn.state.settings.limits.day_zone)
    if turn.book.instrument is not None and turn.book.day != today:
        turn.happen(ev.DayBegan(day=today, equity=ledgers.equity(turn.book.ledger, turn.state.ready.mark)))


@lru_cache(maxsize=64)  # asked at every tick, ten times a second
def _day_of(second: int, zone: str) -> str:
    return datetime.fromtimestamp(second, ZoneInfo(zone)).date().isoformat()


def mark(turn: Turn, price: Decimal, observed_at_ns: int) -> None:
    """The newest mark price; its silence is what stale data means."""
    turn.change(ready=replace(turn.state.ready, mark=price, mark_at_ns=observed_at_ns))
