"""Strategy: feeds bars to the play and hands each closed bar, with what the play says of it, to the executor.

The play's state is a function of the bars since the anchor, nothing else. So a restart asks the executor for the
anchor, feeds the same bars again, and goes on as if nothing had happened. Bars nobody has dealt with yet are handed
over too, without a time at which they were heard: protection and the record stay complete, and nothing late is traded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.frozen import replace
from engine.machine import Effect, Note, Publish, Send, Step, WakeAt
from engine.market import MINUTE_NS, Bar
from engine.messages import control as ct
from engine.messages import market as mk
from engine.messages.base import Message
from engine.signal import Signal

ASK_AGAIN_NS = 2_000_000_000
MOST_WAITING = 1_000  # live bars kept while history is fed; more than that is fetched anew
MOST_RECENT = 256  # cycles kept for an executor that died with one in its hands


class PlayEvaluator(Protocol):
    """What the strategy needs of a play: one bar in, its signal out (None while warming up)."""

    def step(self, bar: Bar) -> Signal | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`evaluator` is the one thing here that changes in place: a play's state can be fed, not copied (TA-Lib).

    `recent` are the newest cycles handed over, for an executor that missed some.
    """

    evaluator: PlayEvaluator | None = None
    anchor_ns: int | None = None
    done_ns: int | None = None
    last_ns: int | None = None
    live_from_ns: int | None = None
    is_live: bool = False
    recent: tuple[mk.CycleReady, ...] = ()
    waiting: tuple[mk.BarClosed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """The machine of role `strategy`. `make_evaluator` starts the play from nothing; it needs `warmup_bars`."""

    make_evaluator: Callable[[], PlayEvaluator]
    warmup_bars: int

    def start(self, now_ns: int) -> Step[State]:
        return State(), (*_ask_executor(now_ns), Publish(phase="STARTING"))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case mk.ResumePoint() if state.evaluator is None:
                return self._begin(state, message, now_ns)
            case mk.HistoryDelivered():
                return self._feed_history(state, message, now_ns)
            case mk.BarClosed():
                return self._bar(state, message, now_ns)
            case ct.Woken():
                return self._ask_again(state, now_ns)
            case mk.ResumePoint(anchor_ns=anchor_ns) if anchor_ns not in (None, state.anchor_ns):
                return self._begin(state, message, now_ns)  # an earlier life chose another beginning, and that counts
            case mk.ResumePoint(last_bar_ns=last_ns):
                return state, (*_chosen(state), *_again(state, last_ns))
            case ct.Undeliverable():
                return state, ()  # the executor asks for what it missed
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)

    def _begin(self, state: State, point: mk.ResumePoint, now_ns: int) -> Step[State]:
        state = State(
            evaluator=self.make_evaluator(), anchor_ns=point.anchor_ns, done_ns=point.last_bar_ns, waiting=state.waiting
        )
        return state, self._ask_data(state, now_ns)

    def _ask_data(self, state: State, now_ns: int) -> tuple[Effect, ...]:
        next_ns = state.anchor_ns if state.last_ns is None else state.last_ns + MINUTE_NS
        wanted = mk.HistoryWanted(from_open_time_ns=next_ns, at_least=self.warmup_bars + 1)
        return Send(to="data", message=wanted), WakeAt(at_ns=now_ns + ASK_AGAIN_NS, label="again")

    def _ask_again(self, state: State, now_ns: int) -> Step[State]:
        if state.evaluator is None:
            return state, _ask_executor(now_ns)
        return state, () if state.is_live else self._ask_data(state, now_ns)

    def _feed_history(self, state: State, history: mk.HistoryDelivered, now_ns: int) -> Step[State]:
        if state.evaluator is None or state.is_live:
            return state, ()  # an answer to a question asked twice
        effects: list[Effect] = []
        for bar in history.bars:
            state, made = _step(state, bar, observed_at_ns=None)
            effects += made
        return self._go_live(state, effects, now_ns) if history.is_last else (state, tuple(effects))

    def _go_live(self, state: State, effects: list[Effect], now_ns: int) -> Step[State]:
        if state.last_ns is None:
            return state, tuple(effects)  # no bars yet; asked again by the timer
        if state.done_ns is None:
            state = replace(state, done_ns=state.last_ns, live_from_ns=state.last_ns + MINUTE_NS)
            effects += _chosen(state)
        waiting, state = state.waiting, replace(state, is_live=True, waiting=())
        for message in waiting:
            state, made = self._bar(state, message, now_ns)
            effects += made
        return state, (*effects, Publish(phase="LIVE" if state.is_live else "FEEDING"))

    def _bar(self, state: State, message: mk.BarClosed, now_ns: int) -> Step[State]:
        if not state.is_live:
            return replace(state, waiting=(*state.waiting, message)[-MOST_WAITING:]), ()
        assert state.last_ns is not None
        if message.bar.open_time_ns <= state.last_ns:
            return state, ()
        if message.bar.open_time_ns != state.last_ns + MINUTE_NS:
            gap = replace(state, is_live=False, waiting=(message,))
            return gap, (*self._ask_data(gap, now_ns), Publish(phase="FEEDING"))
        state, effects = _step(state, message.bar, message.observed_at_ns)
        return state, (*effects, Publish(phase="LIVE", extra={"last_bar_ns": state.last_ns}))


def _step(state: State, bar: Bar, observed_at_ns: int | None) -> tuple[State, tuple[Effect, ...]]:
    """Feeds one bar, if it is the next one; hands it over unless the executor has dealt with it. The first one is the
    anchor: an answer to what an earlier life asked may begin with a later one."""
    next_ns = state.anchor_ns if state.last_ns is None else state.last_ns + MINUTE_NS
    if next_ns not in (None, bar.open_time_ns):
        return state, ()
    assert state.evaluator is not None
    signal = state.evaluator.step(bar)
    anchor = bar.open_time_ns if state.anchor_ns is None else state.anchor_ns
    state = replace(state, anchor_ns=anchor, last_ns=bar.open_time_ns)
    is_new = state.done_ns is not None and bar.open_time_ns > state.done_ns
    if signal is None or not is_new:
        return state, ()
    cycle = mk.CycleReady(bar=bar, signal=signal, observed_at_ns=observed_at_ns, anchor_ns=anchor)
    recent = (*state.recent, cycle)[-MOST_RECENT:]
    return replace(state, done_ns=bar.open_time_ns, recent=recent), (Send(to="executor", message=cycle),)


def _chosen(state: State) -> tuple[Effect, ...]:
    """The beginning that this life chose, if none was given to it."""
    if state.live_from_ns is None:
        return ()
    assert state.anchor_ns is not None
    chosen = mk.AnchorChosen(open_time_ns=state.anchor_ns, live_from_ns=state.live_from_ns)
    return (Send(to="executor", message=chosen),)


def _again(state: State, last_ns: int | None) -> tuple[Effect, ...]:
    """What the executor says it never dealt with, as it was: its age decides whether it is still acted on."""
    missed = (cycle for cycle in state.recent if last_ns is None or cycle.bar.open_time_ns > last_ns)
    return tuple(Send(to="executor", message=cycle) for cycle in missed)


def _ask_executor(now_ns: int) -> tuple[Effect, ...]:
    return Send(to="executor", message=mk.ResumeWanted()), WakeAt(at_ns=now_ns + ASK_AGAIN_NS, label="again")
