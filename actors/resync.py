"""Resync at the executor: the exchange's truth is adopted when trading is halted and a person confirmed what they saw.

The plan, what it refuses and what it changes in the book are in `engine.resync`. What was known before is kept as an
incident report; RED and panic stand until a reset.
"""

from __future__ import annotations

from actors import watch
from actors.turn import Turn
from engine import resync as plans
from engine.machine import Note, Request, Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import facts
from engine.messages.exchange import AccountSnapshot, CancelOrder
from engine.messages.operator import ResyncWanted
from engine.resync import Adoption
from engine.safety.breaker import Level

MS = 1_000_000
OLD_READINGS = 3  # so many rounds old, a reading of the exchange is too old to be adopted


def wanted(turn: Turn, message: ResyncWanted) -> None:
    """Refused, shown, or carried out; the person hears which."""
    turn.do(Send(to="supervisor", message=_answer(turn, message)))


def _answer(turn: Turn, message: ResyncWanted) -> ct.CommandAnswered:
    objection = _objection(turn)
    seen = turn.state.seen
    if objection or seen is None:
        return ct.CommandAnswered(is_done=False, text=objection)
    settings = turn.state.settings
    plan = plans.adoption(turn.book, seen, instance=settings.instance, owns_wallet=settings.owns_wallet)
    if plan.is_empty:
        return ct.CommandAnswered(is_done=False, text="there is nothing to adopt: we and the exchange agree")
    shown = "\n".join(f"  {line}" for line in plan.lines())
    if not message.token:
        return ct.CommandAnswered(is_done=True, text=f"would be adopted:\n{shown}\nconfirm with --confirm {plan.token}")
    if message.token != plan.token:
        return ct.CommandAnswered(is_done=False, text=f"that is not what you saw; now it would be:\n{shown}")
    _adopt(turn, message, plan, seen)
    return ct.CommandAnswered(is_done=True, text=f"adopted by {message.operator}:\n{shown}")


def _objection(turn: Turn) -> str:
    """Why not now; empty when nothing is against it."""
    state, now_ns = turn.state, turn.now_ns
    if not turn.book.is_panicked and turn.book.breaker.level is not Level.RED:
        return "it trades: `predator panic` first; only a halted instance is resynchronised"
    limit_ms = OLD_READINGS * state.settings.limits.reconcile_every_ms
    if state.seen is None or now_ns - state.seen.finished_at_ns > limit_ms * MS:
        return f"the exchange was not read within {limit_ms // 1_000} s; `predator status` says why, try again then"
    if watch.is_in_flight(turn, state.seen.started_at_ns):
        return "orders are on their way, so a difference proves nothing yet; try again in a moment"
    return ""


def _adopt(turn: Turn, message: ResyncWanted, plan: Adoption, seen: AccountSnapshot) -> None:
    word = facts.ResyncConfirmed(reason=message.reason, operator=message.operator, text="; ".join(plan.lines()))
    turn.happen(word)
    turn.report(word, turn.now_ns)
    _adopt_position(turn, seen)
    if plan.wallet is not None:
        turn.happen(ev.WalletAnchored(wallet_balance=plans.anchor_for(turn.book, plan.wallet)))
    for one in plan.foreign:
        call = CancelOrder(
            client_order_id=one.client_order_id,
            symbol=one.symbol,
            is_conditional=one.is_conditional,
            venue_order_id=one.venue_order_id,
        )
        turn.do(Request(port="exchange", call=call))
    turn.do(Note(level="WARNING", text=f"resync by {message.operator} ({message.reason}): {word.text}"))
    turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="resync")))


def _adopt_position(turn: Turn, seen: AccountSnapshot) -> None:
    """As the execution nobody told us of. One that turned our position round is adopted in two steps, by two words."""
    gone, instrument = plans.reduction(turn.book, seen), turn.book.instrument
    if gone is not None:
        turn.happen(ev.ReducedElsewhere(fill=gone, reason="adopted"))
        return
    more = plans.growth(turn.book, seen, instrument) if instrument is not None else None
    if more is None:
        return
    settings = turn.state.settings
    order = plans.order_for(turn.book, more, instance=settings.instance, play_hash=settings.play_hash)
    turn.happen(ev.OrderIntended(order=order, decision_id="adopted"))
    turn.happen(ev.OrderAccepted(client_order_id=order.client_order_id, venue_order_id="adopted"))
    turn.happen(ev.OrderFilled(client_order_id=order.client_order_id, fill=more))
