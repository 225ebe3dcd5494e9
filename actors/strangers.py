"""Strangers: executions nobody claims. Held back for a moment, asked about, then judged.

A fill may run ahead of the word that says whose it is: what a triggered stop sold carries the id of an order we were
not yet told of. So everything that might claim it is asked at once. What then still belongs to nobody was done by
somebody else: if it was an instance that trades the instrument in our place, it is no business of ours. Else, if it
reduced our position (closed by hand, liquidated) the money is taken in, and the plan cleans up what was attached; if it
opened or enlarged one it is left alone. Either way a person must look: the breaker is RED.
"""

from __future__ import annotations

from actors import watch
from actors.turn import Turn
from engine import ids
from engine.book.fills import is_reduction
from engine.fill import Fill
from engine.machine import Note, Send
from engine.messages import events as ev
from engine.messages.control import ReconcileNow

MS = 1_000_000
FOREIGN = "foreign fill"


def hold(turn: Turn, fill: Fill) -> None:
    """Wait for its owner, and ask everybody who could be it."""
    if any(held.trade_id == fill.trade_id for _, held in turn.state.unmatched):
        return
    turn.change(unmatched=(*turn.state.unmatched, (turn.now_ns, fill)))
    for order in turn.book.open_orders():
        turn.doubt(order)
    turn.fetch_fills()


def judge(turn: Turn) -> None:
    """Fills that waited: taken in by now, ours after all, or nobody's."""
    waiting = turn.state.unmatched
    if not waiting:
        return
    turn.change(unmatched=())
    for since, fill in waiting:
        _judge_one(turn, since, fill)


def _judge_one(turn: Turn, since: int, fill: Fill) -> None:
    if fill.trade_id in turn.book.seen_fills:
        return
    owner = turn.book.order_of(fill)
    if owner is not None:
        turn.happen(ev.OrderFilled(client_order_id=owner.client_order_id, fill=fill))
    elif not _has_waited(turn, since):
        turn.change(unmatched=(*turn.state.unmatched, (since, fill)))
    elif _is_of_the_holder(turn, fill):
        turn.happen(ev.ForeignFillSeen(fill=fill))
    elif is_reduction(turn.book, fill) and not _came_before(turn, fill) and not _may_close_his_own(turn, fill):
        _reduced(turn, fill)
    else:
        _foreign(turn, fill)


def _is_of_the_holder(turn: Turn, fill: Fill) -> bool:
    """Its id says that one with whom we share the account did it, while the instrument was not ours to trade."""
    if turn.book.position_quantity or not watch.traded_by(turn):
        return False
    return fill.client_order_id.startswith(tuple(map(ids.owner_prefix, turn.state.settings.sharers)))


def _came_before(turn: Turn, fill: Fill) -> bool:
    """Whether it was executed, by the exchange's clock, before our position was opened: then it closed another."""
    trade = turn.book.trade
    return trade is not None and fill.occurred_at_ns < trade.opened_at_ns


def _may_close_his_own(turn: Turn, fill: Fill) -> bool:
    """Somebody has opened something beside ours, which halted us: whose the next one closes nobody can tell. Ours stays
    as it is, stop included: one that is too large only reduces, one that is too small leaves a part without."""
    others_trade_here = turn.book.breaker.cause == FOREIGN or bool(turn.book.unexplained)
    return others_trade_here and not fill.is_liquidation


def _has_waited(turn: Turn, since: int) -> bool:
    limits, waited = turn.state.settings.limits, turn.now_ns - since
    may_be_claimed = bool(turn.state.busy.doubted) or any(o.is_unresolved for o in turn.book.open_orders())
    return waited >= (limits.fill_owner_most_ms if may_be_claimed else limits.fill_owner_ms) * MS


def _reduced(turn: Turn, fill: Fill) -> None:
    reason = "liquidation" if fill.is_liquidation else "closed_elsewhere"
    turn.happen(ev.ReducedElsewhere(fill=fill, reason=reason))
    _alarm(turn, reason, f"{fill.quantity} at {fill.price} (execution {fill.trade_id}) was not our order")


def _foreign(turn: Turn, fill: Fill) -> None:
    turn.happen(ev.ForeignFillSeen(fill=fill))
    _alarm(turn, FOREIGN, f"execution {fill.trade_id} of {fill.sign * fill.quantity} is not ours")


def _alarm(turn: Turn, cause: str, text: str) -> None:
    turn.happen(ev.BreakerTripped(level="RED", cause=cause, text=text))
    turn.do(Note(level="CRITICAL", text=f"{cause}: {text}"))
    turn.do(Send(to="reconciler", message=ReconcileNow(reason=cause)))
