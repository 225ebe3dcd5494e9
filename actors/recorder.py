"""Recorder: a shadow's executor. It keeps what the play would have done, and has no way to speak to an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.frozen import replace
from engine.machine import Publish, Record, Request, Send, Step, Stop, WakeAt
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import market as mk
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import InstanceView, digest_of
from engine.signal import Intent

MS = 1_000_000
STORE_RETRY_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The anchor of the play, the newest bar dealt with, and how much was kept."""

    is_recovered: bool = False
    sequence: int = 0
    signals: int = 0
    anchor_ns: int | None = None
    last_bar_ns: int | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """The machine of role `executor` in a shadow."""

    capital: Decimal

    def start(self, now_ns: int) -> Step[State]:
        return State(), (Request(port="journal", call=ct.ReadJournal()), Publish(phase="STARTING"))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        if isinstance(message, ct.RecordFailed):
            retry = WakeAt(at_ns=now_ns + STORE_RETRY_MS * MS, label="store")
            return State(), (retry, Publish(phase="HALTED", extra={"store_failed": message.text}))
        if not state.is_recovered:
            return self._before(state, message)
        match message:
            case mk.ResumeWanted():
                return state, (self._where_it_was(state),)
            case mk.AnchorChosen(open_time_ns=opened, live_from_ns=live_from) if state.anchor_ns is None:
                anchored = replace(state, anchor_ns=opened, last_bar_ns=live_from - 1)
                return self._keep(anchored, ev.AnchorRecorded(open_time_ns=opened, live_from_ns=live_from))
            case mk.CycleReady() if message.began_elsewhere(state.anchor_ns):
                return state, (self._where_it_was(state),)
            case mk.CycleReady():
                return self._cycle(state, message)
            case mk.MarkPriceChanged(mark=mark):
                return replace(state, mark=str(mark.price)), ()
            case ev.ActorChanged():
                return self._keep(state, message)
            case ct.StopInstance(reason=reason):
                state, kept = self._keep(state, ev.InstanceStopped(reason=reason))
                return state, (*kept, Stop(reason=reason))
            case _:
                return state, ()

    def _where_it_was(self, state: State) -> Send:
        point = mk.ResumePoint(anchor_ns=state.anchor_ns, last_bar_ns=state.last_bar_ns)
        return Send(to="strategy", message=point)

    def _before(self, state: State, message: Message) -> Step[State]:
        match message:
            case ct.JournalRead(events=events):
                for _, event in events:
                    state = _after(state, event)
                return replace(state, is_recovered=True), (self._shown(replace(state, is_recovered=True)),)
            case ct.Woken():
                return state, (Request(port="journal", call=ct.ReadJournal()),)
            case _:
                return state, ()

    def _cycle(self, state: State, cycle: mk.CycleReady) -> Step[State]:
        opened = cycle.bar.open_time_ns
        if state.last_bar_ns is not None and opened <= state.last_bar_ns:
            return state, ()
        state = replace(state, last_bar_ns=opened)
        if cycle.signal.intent is Intent.NONE:
            return state, (self._shown(state),)
        return self._keep(replace(state, signals=state.signals + 1), ev.SignalReceived(signal=cycle.signal))

    def _keep(self, state: State, event: Message) -> Step[State]:
        state = replace(state, sequence=state.sequence + 1)
        return state, (Record(events=(event,), view=self._view(state)), self._shown(state))

    def _view(self, state: State) -> InstanceView:
        return InstanceView(
            sequence=state.sequence, phase="RECORDING", wallet_balance=self.capital, reconciliation="NONE"
        )

    def _shown(self, state: State) -> Publish:
        view = self._view(state)
        extra: dict[str, object] = {
            "last_bar_ns": state.last_bar_ns,
            "signals": state.signals,
            "mark": state.mark,
            "equity": str(self.capital),
        }
        return Publish(phase="READY", sequence=view.sequence, digest=digest_of(wire.encode(view)), extra=extra)


def _after(state: State, event: Message) -> State:
    state = replace(state, sequence=state.sequence + 1)
    match event:
        case ev.AnchorRecorded(open_time_ns=opened, live_from_ns=live_from):
            return replace(state, anchor_ns=opened, last_bar_ns=live_from - 1)
        case ev.SignalReceived(signal=signal):
            return replace(state, signals=state.signals + 1, last_bar_ns=signal.bar_open_time_ns)
        case _:
            return state
