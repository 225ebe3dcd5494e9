"""Watch: what an executor notices besides its orders, and what its breaker makes of it (`engine.safety.alarms`)."""

from __future__ import annotations

from actors.turn import Turn
from engine.frozen import replace
from engine.machine import Note, Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.messages.host import HostRead
from engine.safety import alarms

SETTLES_MS = 500


def listen(turn: Turn, message: Message) -> None:
    """What an answer, or its absence, says of the way to the exchange."""
    if type(message) in _WORDS:
        turn.change(vitals=alarms.heard(turn.state.vitals, turn.now_ns))
    elif isinstance(message, ex.ExchangeUnavailable) and message.kind != "resting":
        turn.change(vitals=alarms.noted(turn.state.vitals, alarms.Kind.UNAVAILABLE, turn.now_ns))


# answers to calls; a stream alone is never trusted
_WORDS = frozenset(
    {
        ex.OrderPlaced,
        ex.CancelDone,
        ex.CancelRefused,
        ex.OrderFound,
        ex.OrderNotFound,
        ex.FillsFetched,
        ex.InstrumentPrepared,
        ct.SnapshotForwarded,
    }
)


def host(turn: Turn, reading: HostRead) -> None:
    """How the machine under us fares, as the guard read it."""
    limits = turn.state.settings.limits
    turn.change(vitals=alarms.after_reading(turn.state.vitals, reading, limits, turn.now_ns))


def reading(turn: Turn, message: ct.SnapshotForwarded) -> None:
    """How fast the exchange answers, and what its clock says of ours."""
    seen = message.snapshot
    turn.change(
        vitals=replace(
            turn.state.vitals,
            read_in_ns=seen.finished_at_ns - seen.started_at_ns,
            clock_offset_ns=message.clock_offset_ns,
        )
    )


def warn_sharers(turn: Turn, text: str) -> None:
    """Money that is not where it should be concerns all who share the account: each is latched, then woken."""
    settings = turn.state.settings
    reason = f"{settings.instance}, with whom it shares the account {settings.account}: {text}"
    for peer in settings.sharers:
        turn.do(Send(to="account.panic", message=ct.PanicRaised(scope=peer, reason=reason, flatten=False)))


def is_in_flight(turn: Turn, since_ns: int) -> bool:
    """Whether something is on its way, or changed since a reading of the exchange began at `since_ns`."""
    orders, busy = turn.book.orders.values(), turn.state.busy
    is_changing = any(order.changed_at_ns >= since_ns or order.is_unresolved for order in orders)
    return bool(is_changing or busy.doubted or busy.cancelling or turn.state.unmatched)


def look_after_fills(turn: Turn) -> None:
    """What was executed is compared with the exchange as soon as its stop can be there."""
    if turn.has_filled:
        turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="filled", settles_ms=SETTLES_MS)))


def look_at_alarms(turn: Turn) -> None:
    """What the breaker must do now, and what a person should hear."""
    state = turn.state
    limits = state.settings.limits
    if (warned := alarms.warning(state.vitals, limits, turn.now_ns)) is not None:
        turn.happen(warned)
        turn.do(Note(level="WARNING", text=f"{warned.cause}: {warned.text}"))
    raised = alarms.due(state.vitals, turn.book, limits, state.ready.mark, turn.now_ns)
    if raised is None:
        return
    turn.happen(raised)
    if isinstance(raised, ev.BreakerTripped):
        turn.do(Note(level="WARNING", text=f"breaker {raised.level}: {raised.cause}: {raised.text}"))
        turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="breaker changed")))
