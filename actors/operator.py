"""Operator: what a person may command of an executor. Each command is judged, journaled with name and reason."""

from __future__ import annotations

from actors.turn import Turn, is_grave
from engine import plan
from engine.book import fold
from engine.book.state import Book
from engine.machine import Request, Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.reconcile import Verdict
from engine.safety import alarms


def reset(turn: Turn, message: ct.ResetBreaker) -> None:
    """A person's word, refused while the cause persists."""
    event = ev.BreakerReset(reason=message.reason, operator=message.operator)
    remains = _what_remains(turn, event)
    if remains:
        answer = ct.CommandAnswered(is_done=False, text=remains)
    else:
        turn.happen(event)
        turn.do(Request(port="scoreboard", call=ct.ClearPanicLatch(seen_at_ns=message.latched_at_ns)))
        answer = ct.CommandAnswered(is_done=True, text=f"reset by {message.operator}: {message.reason}")
    turn.do(Send(to="supervisor", message=answer))


def _what_remains(turn: Turn, event: ev.BreakerReset) -> str:
    """What would trip the breaker again at once."""
    if any(order.is_unresolved for order in turn.book.open_orders()):
        return "an order is still unknown"
    after = fold.apply(turn.book, event, turn.now_ns)
    return _unexplained(turn.book) or _alarm_again(turn, event, after) or _plan_again(turn, after)


def _unexplained(book: Book) -> str:
    """Only a reading that agrees says that a difference is gone; one that failed says nothing."""
    is_healthy = book.reconciliation == Verdict.HEALTHY
    if not book.unexplained and (is_healthy or book.breaker.cause != "reconciliation"):
        return ""
    found = "; ".join(book.unexplained) or "a difference"
    return f"reconciliation is {book.reconciliation} and was not HEALTHY since it found: {found}; mend that first"


def _alarm_again(turn: Turn, event: ev.BreakerReset, after: Book) -> str:
    state = turn.state
    vitals = alarms.after_event(state.vitals, event, after, turn.now_ns)
    again = alarms.due(vitals, after, state.settings.limits, state.ready.mark, turn.now_ns)
    return _stands(again) if isinstance(again, ev.BreakerTripped) and is_grave(again) else ""


def _plan_again(turn: Turn, after: Book) -> str:
    """What the plan would halt for in this very turn."""
    made = plan.make(turn.state.situation(after, turn.now_ns))
    return next((_stands(one) for one in made.events if isinstance(one, ev.BreakerTripped) and is_grave(one)), "")


def _stands(alarm: ev.BreakerTripped) -> str:
    return f"{alarm.cause} stands: {alarm.text}"
