"""Zombies: orders at the exchange that are provably ours, by their id, and not open in the book. They must not live.

Each is journaled when it is first seen and when it is seen no more, however many readings lie between.
"""

from __future__ import annotations

from actors.turn import Turn
from engine import ids
from engine.machine import Request, Send
from engine.messages import exchange as ex
from engine.messages import facts
from engine.messages.control import ReconcileNow


def cancel(turn: Turn, report: ex.OrderReport, started_at_ns: int) -> None:
    """What rests there and should not, by a reading that began at `started_at_ns`, is cancelled at each sight of it."""
    if not _is_zombie(turn, report, started_at_ns):
        return
    name = report.client_order_id
    if name not in turn.state.zombies:
        turn.change(zombies=turn.state.zombies | {name})
        turn.happen(facts.ZombieFound(client_order_id=name, symbol=report.symbol, venue_order_id=report.venue_order_id))
    call = ex.CancelOrder(client_order_id=name, symbol=report.symbol, is_conditional=report.is_conditional)
    turn.do(Request(port="exchange", call=call))
    turn.do(Send(to="reconciler", message=ReconcileNow(reason="zombie order")))


def bury(turn: Turn, resting: set[str]) -> None:
    """Those that are not among what rests there any more."""
    for name in sorted(turn.state.zombies - resting):
        turn.change(zombies=turn.state.zombies - {name})
        turn.happen(facts.ZombieGone(client_order_id=name))


def _is_zombie(turn: Turn, report: ex.OrderReport, started_at_ns: int) -> bool:
    known = turn.book.orders.get(report.client_order_id)
    is_ours = report.client_order_id.startswith(ids.owner_prefix(turn.state.settings.instance))
    return is_ours and (known is None or (not known.is_open and known.changed_at_ns < started_at_ns))
