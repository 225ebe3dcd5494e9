"""Outbox: what a person is to be told goes to the notifier again and again until every target has it.

The messages of trades are in the book and so outlive the process. The word that trading was halted is not: an executor
that comes to life in a halted book says it anew, and it is recognised by when it happened.
"""

from __future__ import annotations

from actors.turn import Turn, without
from engine.frozen import replace
from engine.machine import Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import notices as nt

MS = 1_000_000
AGAIN_SOON_NS = 1_000_000_000


def send(turn: Turn) -> None:
    """What was not sent yet, or so long ago that it may have been lost."""
    for number, text in turn.book.outbox.items():
        sent = turn.state.notified_at_ns.get(number)
        if sent is None or _is_due(turn, sent):
            turn.change(notified_at_ns={**turn.state.notified_at_ns, number: turn.now_ns})
            told = nt.Notify(trade_number=number, text=text, is_again=sent is not None)
            turn.do(Send(to="notifier", message=told))


def send_alerts(turn: Turn) -> None:
    """Those whose first sending nobody has answered."""
    for alert, sent in tuple(turn.state.alerts.values()):
        if _is_due(turn, sent):
            again = replace(alert, is_again=True)
            turn.change(alerts={**turn.state.alerts, alert.subject: (again, turn.now_ns)})
            turn.do(Send(to="notifier", message=again))


def notified(turn: Turn, message: nt.Notified) -> None:
    if message.trade_number in turn.book.outbox:
        turn.happen(ev.NotificationDelivered(trade_number=message.trade_number))
        turn.change(notified_at_ns=without(turn.state.notified_at_ns, message.trade_number))


def alerted(turn: Turn, message: nt.Alerted) -> None:
    turn.change(alerts=without(turn.state.alerts, message.subject))


def undelivered(turn: Turn, message: ct.Undeliverable) -> None:
    """A notifier that is only just starting gets its messages soon, not after the patience one that took them needs.
    Nothing else need be said again: a panic of others is on disk, and what is to be read is read in turn."""
    if message.to != "notifier":
        return
    soon_ns = turn.now_ns - _patience_ns(turn) + AGAIN_SOON_NS
    turn.change(
        notified_at_ns={number: min(at, soon_ns) for number, at in turn.state.notified_at_ns.items()},
        alerts={subject: (alert, min(at, soon_ns)) for subject, (alert, at) in turn.state.alerts.items()},
    )


def _is_due(turn: Turn, sent_ns: int) -> bool:
    return turn.now_ns - sent_ns > _patience_ns(turn)


def _patience_ns(turn: Turn) -> int:
    return turn.state.settings.limits.notify_retry_ms * MS
