"""Executor: the single writer. Everything that changes the instance's money happens here, one message at a time.

Signals and the exchange's words come in, facts go to the journal, orders go out; nothing else writes. A turn is always:
take the message in, then let the book say what has to be done (`engine.plan`), then perform it after it is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actors import cycle, intake, operator, outbox, recovery, resync, strangers, watch
from actors.executor_state import ExecutorSettings, State
from actors.turn import Turn
from engine import plan
from engine.machine import Note, Request, Send, Step, Stop, WakeAt
from engine.messages import account as ac
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages import notices as nt
from engine.messages.base import Message
from engine.messages.host import HostRead
from engine.messages.operator import ResyncWanted
from engine.safety import risk

MS = 1_000_000
LOOK_AT_LATCHES = Request(port="scoreboard", call=ct.ReadLatches())


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """The machine of role `executor`."""

    settings: ExecutorSettings

    def start(self, now_ns: int) -> Step[State]:
        state = State(settings=self.settings)
        return state, (Request(port="journal", call=ct.ReadJournal()),)

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        turn = Turn(state, now_ns)
        if isinstance(message, ct.JournalRead):
            recovery.recover(turn, message)
        elif isinstance(message, ct.RecordFailed):
            return recovery.store_lost(turn, message)
        elif state.is_recovered:
            watch.listen(turn, message)
            if not intake.take(turn, message):
                _HANDLERS.get(type(message), _unexpected)(turn, message)
            if turn.has_news or isinstance(message, ct.Woken):  # what only time brings is seen by the next tick
                _follow_up(turn)
            watch.look_after_changes(turn)
        elif isinstance(message, ct.Woken):
            recovery.try_the_store_again(turn, message)
        return turn.finish()


# --- what happens ----------------------------------------------------------------------------------------------------


def _follow_up(turn: Turn) -> None:
    """After every message: what the book now says has to be done."""
    ready = turn.state.ready
    if not ready.has_reading or turn.book.instrument is None:
        return
    strangers.judge(turn)
    cycle.close_trade_if_flat(turn)
    cycle.protect_from_entry(turn)
    _carry_out(turn)
    if ready.has_snapshot:
        cycle.enter_if_due(turn)
    outbox.send(turn)


def _carry_out(turn: Turn) -> None:
    if plan.is_at_rest(turn.book):
        return
    made = plan.make(turn.state.situation(turn.book, turn.now_ns))
    for event in made.events:
        turn.happen(event)
    for order in made.place:
        turn.happen(ev.OrderIntended(order=order, decision_id=risk.check_reduction(order, turn.book)))
        turn.place(order)
    for order in made.cancel:
        turn.cancel(order)
    for order in made.find:
        turn.find(order)


def _woken(turn: Turn, message: ct.Woken) -> None:
    if message.label == "PrepareInstrument":
        recovery.prepare(turn)
    if message.label == "OpenUserStream" and not turn.state.ready.user_stream_up:
        recovery.open_stream(turn)
    if message.label != "tick":
        return
    recovery.tick_again(turn)
    turn.count_time()
    turn.do(LOOK_AT_LATCHES)
    cycle.begin_day(turn)
    watch.look_at_alarms(turn)
    watch.hold_sharers(turn)
    outbox.send_alerts(turn)
    recovery.look_after_lease(turn)


def _latches(turn: Turn, message: ct.LatchesRead) -> None:
    if not message.scope:
        return
    if not turn.book.is_panicked:
        turn.happen(ev.PanicObserved(scope=message.scope, reason=message.reason))
    if message.flatten and turn.book.trade and not turn.book.trade.exit_reason:
        turn.happen(ev.ExitWanted(reason="force_exit"))


def _panic(turn: Turn, message: ct.PanicRaised) -> None:
    """The latch is already on disk; this only makes us look now."""
    _latches(turn, ct.LatchesRead(scope=message.scope, reason=message.reason, flatten=message.flatten))


def _freeze(turn: Turn, message: ct.FreezeWanted) -> None:
    if turn.book.breaker.level != "RED":
        turn.happen(ev.BreakerTripped(level="RED", cause=message.cause, text=message.text))


def _snapshot(turn: Turn, message: ct.SnapshotForwarded) -> None:
    """The exchange's truth from the reconciler; then it gets our view of the same moment."""
    if turn.book.instrument is None:
        return
    turn.change(seen=message.snapshot)
    watch.reading(turn, message)
    intake.snapshot(turn, message.snapshot)
    started = message.snapshot.started_at_ns
    view = ct.ViewReported(
        snapshot_started_at_ns=started,
        position_quantity=turn.book.position_quantity,
        open_orders=turn.book.open_orders(),
        wallet_expected=turn.book.wallet_expected,
        in_flight=watch.is_in_flight(turn, started),
        fills_since_ns=turn.fills_wanted_since(),
        traded_by=watch.traded_by(turn),
    )
    turn.do(Send(to="reconciler", message=view))


def _reconciled(turn: Turn, message: ct.Reconciled) -> None:
    """While the stream is up only a reading made since it is up counts: what was missed before is in no other."""
    if turn.state.ready.hears or not turn.state.ready.user_stream_up:
        turn.ready(reconciled_at_ns=turn.now_ns)
    watch.verdict(turn, message)


def _stream_opened(turn: Turn, message: ex.StreamOpened) -> None:
    turn.ready(user_stream_up=True, user_stream_since_ns=turn.now_ns, reconciled_at_ns=None)  # E4: nothing before that
    turn.happen(ev.StreamChanged(stream=message.stream, is_up=True, text=""))
    turn.do(Send(to="reconciler", message=ct.ReconcileNow(reason="user stream opened")))


def _stream_lost(turn: Turn, message: ex.StreamLost) -> None:
    if turn.state.ready.user_stream_up:
        turn.happen(ev.StreamChanged(stream=message.stream, is_up=False, text=message.reason))
    turn.ready(user_stream_up=False, hears=False)


def _unavailable(turn: Turn, message: ex.ExchangeUnavailable) -> None:
    turn.do(Note(level="WARNING", text=f"{message.call} {message.detail}: {message.kind}: {message.text}"))
    if message.call == "PlaceOrder":
        intake.not_sent(turn, message)
    if message.call in ("PrepareInstrument", "OpenUserStream"):
        turn.do(WakeAt(at_ns=turn.now_ns + max(message.retry_after_ms, 1_000) * MS, label=message.call))


def _stop(turn: Turn, message: ct.StopInstance) -> None:
    """An orderly end: protective orders stay at the exchange."""
    turn.happen(ev.InstanceStopped(reason=message.reason))
    turn.do(Stop(reason=message.reason))


def _unexpected(turn: Turn, message: Message) -> None:
    turn.do(Note(level="WARNING", text=f"the executor does not know what to do with {type(message).__name__}"))


_HANDLERS: Mapping[type[Message], Callable[[Turn, Any], None]] = {
    ct.Woken: _woken,
    ct.InstrumentGranted: recovery.granted,
    ct.InstrumentRefused: recovery.lease_refused,
    ct.LatchesRead: _latches,
    ct.PanicRaised: _panic,
    ct.FreezeWanted: _freeze,
    ct.ResetBreaker: operator.reset,
    ResyncWanted: resync.wanted,
    HostRead: watch.host,
    ct.ReadingFailed: lambda turn, _: None,  # `watch.listen` has counted it
    ac.LatchRaised: lambda turn, _: None,
    ac.LatchFailed: watch.latch_refused,
    ct.SnapshotForwarded: _snapshot,
    ct.Reconciled: _reconciled,
    nt.Notified: outbox.notified,
    nt.Alerted: outbox.alerted,
    ct.StopInstance: _stop,
    ct.Undeliverable: outbox.undelivered,
    ex.InstrumentPrepared: recovery.prepared,
    ex.StreamOpened: _stream_opened,
    ex.StreamLost: _stream_lost,
    ex.ExchangeUnavailable: _unavailable,
    mk.CycleReady: cycle.take,
    mk.AnchorChosen: cycle.keep_anchor,
    mk.ResumeWanted: lambda turn, _: cycle.tell_where_we_were(turn),
    mk.MarkPriceChanged: lambda turn, m: cycle.mark(turn, m.mark.price, m.mark.observed_at_ns),
    mk.MarketDataLost: lambda turn, _: turn.ready(market_up=False),
    mk.MarketDataRestored: lambda turn, _: turn.ready(market_up=True),
    ev.ActorChanged: lambda turn, event: turn.happen(event),
}
