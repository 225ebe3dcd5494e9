"""Watch: what an executor notices besides its orders, and what its breaker makes of it (`engine.safety.alarms`)."""

from __future__ import annotations

from actors.turn import Turn
from engine.frozen import replace
from engine.machine import Note, Request, Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.account import LatchFailed, RaiseLatch
from engine.messages.base import Message
from engine.messages.host import HostRead
from engine.reconcile import Verdict, kind_in
from engine.safety import alarms
from engine.safety.breaker import Level

SETTLES_MS = 500
HOLD_AGAIN_NS = 1_000_000_000
READINGS_APART_NS = 2_000_000_000
BREAKER_CHANGES = (ev.BreakerTripped, ev.BreakerEased, ev.BreakerReset, ev.PanicObserved)


def listen(turn: Turn, message: Message) -> None:
    """What an answer, or its absence, says of the way to the exchange."""
    if type(message) in _WORDS:
        turn.change(vitals=alarms.heard(turn.state.vitals, turn.now_ns))
    elif _is_failed_call(turn, message):
        turn.change(vitals=alarms.noted(turn.state.vitals, alarms.Kind.UNAVAILABLE, turn.now_ns))


def _is_failed_call(turn: Turn, message: Message) -> bool:
    if isinstance(message, ct.ReadingFailed):
        return _is_apart(turn)
    return isinstance(message, ex.ExchangeUnavailable) and message.kind != "resting"


def _is_apart(turn: Turn) -> bool:
    """Of the readings of others, which are repeated until they succeed, so many count as there may be in a while: that
    an exchange is away for half a minute is YELLOW; if it stays away, its silence is RED."""
    times = turn.state.vitals.times.get(alarms.Kind.UNAVAILABLE, ())
    return not times or turn.now_ns - times[-1] >= READINGS_APART_NS


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


def verdict(turn: Turn, message: ct.Reconciled) -> None:
    """Whether we and the exchange agree. What is CRITICAL halts us and all who share the account, each time it is of a
    kind not found before: also when something else has halted us already, for that was no reason to stop them.
    """
    book = turn.book
    is_critical = message.state == Verdict.CRITICAL
    known = {kind_in(text) for text in book.unexplained}
    is_news = is_critical and not known.issuperset(map(kind_in, message.differences))
    if is_news or message.state != book.reconciliation:
        turn.happen(ev.ReconciliationChanged(state=message.state, differences=message.differences))
    if is_news or (is_critical and book.breaker.level is not Level.RED):
        text = "; ".join(message.differences)
        turn.happen(ev.BreakerTripped(level=Level.RED.value, cause="reconciliation", text=text))
        _warn_sharers(turn)


def _warn_sharers(turn: Turn) -> None:
    """Money that is not where it should be concerns all who share the account. Each is latched on disk by ourselves,
    whoever else is down; that it is then told as well only spares it the wait.
    """
    turn.change(sharers_held_at_ns=turn.now_ns)
    for peer in turn.state.settings.sharers:
        turn.do(Request(port="latch", call=RaiseLatch(scope=peer, reason=_reason(turn))))
        _wake(turn, peer)


def hold_sharers(turn: Turn) -> None:
    """As long as the difference stands: whether we died before the first time, the disk refused, or somebody was reset
    in the meantime, they do not trade on this account."""
    if not turn.book.unexplained or turn.now_ns - turn.state.sharers_held_at_ns < HOLD_AGAIN_NS:
        return
    turn.change(sharers_held_at_ns=turn.now_ns)
    for peer in turn.state.settings.sharers:
        turn.do(Request(port="latch", call=RaiseLatch(scope=peer, reason=_reason(turn), is_reminder=True)))


def latch_refused(turn: Turn, message: LatchFailed) -> None:
    """The disk does not take it (it is asked again): who hears of it stands still all the same."""
    turn.do(Note(level="CRITICAL", text=f"the panic latch of {message.scope} is NOT on disk: {message.text}"))
    _wake(turn, message.scope)


def _wake(turn: Turn, peer: str) -> None:
    word = ct.PanicRaised(scope=peer, reason=_reason(turn), flatten=False)
    turn.do(Send(to="account.panic", message=word))


def _reason(turn: Turn) -> str:
    settings, text = turn.state.settings, "; ".join(turn.book.unexplained)
    return f"{settings.instance}, with whom it shares the account {settings.account}: {text}"


def traded_by(turn: Turn) -> str:
    """Who may trade our instrument at this moment; empty when only we may, or nobody else is on the account."""
    leased_until = turn.state.ready.leased_until_ns
    if not turn.state.settings.sharers or (leased_until is not None and leased_until > turn.now_ns):
        return ""
    return turn.state.ready.leased_to or "another instance"


def is_in_flight(turn: Turn, since_ns: int) -> bool:
    """Whether something is on its way, or changed since a reading of the exchange began at `since_ns`."""
    orders, busy = turn.book.orders.values(), turn.state.busy
    is_changing = any(order.changed_at_ns >= since_ns or order.is_unresolved for order in orders)
    return bool(is_changing or busy.doubted or busy.cancelling or turn.state.unmatched)


def look_after_changes(turn: Turn) -> None:
    """C9: what was executed is compared with the exchange as soon as its stop can be there; and, whenever it changes
    what we may do, whether we know what we have."""
    if turn.has_happened(*BREAKER_CHANGES):
        turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="breaker changed")))
    if turn.has_happened(ev.OrderFilled):
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
