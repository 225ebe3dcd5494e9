"""Operator: what a person may command of an executor. Each command is judged, journaled with name and reason."""

from __future__ import annotations

from actors.turn import Turn
from engine.book import fold
from engine.machine import Request, Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.safety import alarms
from engine.safety.breaker import Level


def reset(turn: Turn, message: ct.ResetBreaker) -> None:
    """A person's word, refused while the cause persists."""
    event = ev.BreakerReset(reason=message.reason, operator=message.operator)
    remains = _what_remains(turn, event)
    if remains:
        answer = ct.CommandAnswered(is_done=False, text=remains)
    else:
        turn.happen(event)
        turn.do(Request(port="scoreboard", call=ct.ClearPanicLatch(seen_at_ns=message.latched_at_ns)))
        turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="breaker reset")))
        answer = ct.CommandAnswered(is_done=True, text=f"reset by {message.operator}: {message.reason}")
    turn.do(Send(to="supervisor", message=answer))


def _what_remains(turn: Turn, event: ev.BreakerReset) -> str:
    """What would trip the breaker again at once."""
    if turn.book.reconciliation == "CRITICAL":
        return "reconciliation is still CRITICAL: mend that first"
    if any(order.is_unresolved for order in turn.book.open_orders()):
        return "an order is still unknown"
    after, state = fold.apply(turn.book, event, turn.now_ns), turn.state
    vitals = alarms.after_event(state.vitals, event, after, turn.now_ns)
    again = alarms.due(vitals, after, state.settings.limits, state.ready.mark, turn.now_ns)
    is_red = isinstance(again, ev.BreakerTripped) and again.level == Level.RED
    return f"{again.cause} stands: {again.text}" if is_red and isinstance(again, ev.BreakerTripped) else ""
