"""B7: a shadow keeps every signal and has no way to speak to an exchange."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from actors.recorder import Recorder, State
from engine.machine import Effect, Record, Request, Send
from engine.market import Bar
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import market as mk
from engine.messages.base import Message
from engine.signal import Intent, Signal

NOW_NS = 1_700_000_000_000_000_000
MACHINE = Recorder(capital=Decimal(1_000))


def cycle(open_time_ns: int, intent: Intent) -> mk.CycleReady:
    bar = Bar(open_time_ns=open_time_ns, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)
    signal = Signal(play_hash="p", symbol="BTC/USDT:USDT", bar_open_time_ns=open_time_ns, intent=intent, close=1.0)
    return mk.CycleReady(bar=bar, signal=signal, observed_at_ns=NOW_NS)


def told(*messages: Message) -> tuple[State, list[Effect]]:
    state, effects = MACHINE.start(NOW_NS)
    done = list(effects)
    for message in messages:
        state, effects = MACHINE.receive(state, message, NOW_NS)
        done += effects
    return state, done


def recorded(effects: list[Effect]) -> list[Message]:
    return [event for e in effects if isinstance(e, Record) for event in e.events]


def test_b7_signals_are_kept_once_and_nothing_is_ever_asked_of_an_exchange() -> None:
    messages = (
        ct.JournalRead(events=()),
        cycle(60, Intent.ENTER_LONG),
        cycle(60, Intent.ENTER_LONG),
        cycle(120, Intent.NONE),
    )
    _, effects = told(*messages)

    assert [type(event) for event in recorded(effects)] == [ev.SignalReceived]
    assert {e.port for e in effects if isinstance(e, Request)} == {"journal"}


def test_a_restarted_shadow_goes_on_where_it_was() -> None:
    first, effects = told(
        ct.JournalRead(events=()), mk.AnchorChosen(open_time_ns=0, live_from_ns=60), cycle(60, Intent.EXIT_LONG)
    )
    kept = tuple((NOW_NS, event) for event in recorded(effects))
    again, more = told(ct.JournalRead(events=kept), mk.ResumeWanted())

    assert (again.sequence, again.signals, again.last_bar_ns) == (first.sequence, 1, 60)
    assert Send(to="strategy", message=mk.ResumePoint(anchor_ns=0, last_bar_ns=60)) in more


def test_a_store_that_cannot_be_written_is_asked_for_again() -> None:
    state, _ = told(ct.JournalRead(events=()))
    state, _ = MACHINE.receive(state, ct.RecordFailed(text="disk full"), NOW_NS)
    _, effects = MACHINE.receive(state, ct.Woken(label="store"), NOW_NS)

    assert effects == (Request(port="journal", call=ct.ReadJournal()),)


def test_a_shadow_hears_no_play_that_began_elsewhere_than_recorded() -> None:
    elsewhere = replace(cycle(60, Intent.EXIT_LONG), anchor_ns=7)

    state, effects = told(ct.JournalRead(events=()), mk.AnchorChosen(open_time_ns=0, live_from_ns=60), elsewhere)

    assert state.signals == 0
    assert effects[-1].message == mk.ResumePoint(anchor_ns=0, last_bar_ns=59)
