"""The cast of a backtest: history, batch strategy, kernel executor, result reconciler. Same guard, no exchange.

Each asks its neighbour for what it lacks and asks again until it has it, so any of them may die and come back. A run
is done in slices: between two of them stop, panic and progress are answered. A run that restarts begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from engine.frozen import replace
from engine.machine import Effect, Note, Publish, Record, Request, Send, Step, Stop, WakeAt
from engine.messages import backtest as bt
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import InstanceView, digest_of

MS = 1_000_000
ASK_AGAIN_MS = 1_000
# how often the latch on disk is looked at, which holds where the word of a panic was lost
TICK_MS = 50
# a slice's trades are journaled at once, and until they are nothing else is heard: so many bars that they are few
FIRST_SLICE_BARS, MOST_SLICE_BARS = 10_000, 200_000
TRADES_PER_SLICE = 200
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryState:
    """What was prepared, if it was."""

    prepared: bt.CandlesPrepared | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The machine of role `data` in a backtest: lays out the candles once and says where."""

    def start(self, now_ns: int) -> Step[HistoryState]:
        return HistoryState(), (Request(port="candles", call=bt.PrepareCandles()), Publish(phase="LOADING"))

    def receive(self, state: HistoryState, message: Message, now_ns: int) -> Step[HistoryState]:
        match message:
            case bt.CandlesPrepared():
                shown = Publish(phase="READY", extra={"bars": message.bars, "last_bar_ns": message.last_open_time_ns})
                return HistoryState(prepared=message), (Send(to="strategy", message=message), shown)
            case bt.CandlesWanted() if state.prepared:
                return state, (Send(to="strategy", message=state.prepared),)
            case bt.RunFailed():
                return state, (Send(to="executor", message=message), Publish(phase="FAILED"))
            case _:
                return state, ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """The signals, once computed; `folder` while they are being."""

    folder: str = ""
    computed: bt.SignalsComputed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStrategy:
    """The machine of role `strategy` in a backtest: the play over all candles, slice by slice."""

    def start(self, now_ns: int) -> Step[BatchState]:
        return BatchState(), (*_ask("data", bt.CandlesWanted(), now_ns), Publish(phase="WAITING"))

    def receive(self, state: BatchState, message: Message, now_ns: int) -> Step[BatchState]:
        match message:
            case bt.CandlesPrepared(folder=folder) if not state.folder:
                compute = Request(port="signals", call=bt.ComputeSignals(folder=folder))
                return BatchState(folder=folder), (compute, Publish(phase="COMPUTING"))
            case bt.SignalsComputed(is_done=False, folder=folder):
                return state, (Request(port="signals", call=bt.ComputeSignals(folder=folder)),)
            case bt.SignalsComputed():
                shown = Publish(phase="READY", extra={"signals": message.signals, "hash": message.signals_hash})
                return replace(state, computed=message), (Send(to="executor", message=message), shown)
            case bt.SignalsWanted() if state.computed:
                return state, (Send(to="executor", message=state.computed),)
            case bt.RunFailed():
                return state, (Send(to="executor", message=message), Publish(phase="FAILED"))
            case ct.Woken() if not state.folder:
                return state, _ask("data", bt.CandlesWanted(), now_ns)
            case _:
                return state, ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelState:
    """How far the run is. `sequence` counts journaled events; `profits` are those of the closed trades."""

    sequence: int = 0
    folder: str = ""
    bars_done: int = 0
    bars_total: int = 0
    slice_bars: int = FIRST_SLICE_BARS
    balance: Decimal = ZERO
    profits: tuple[Decimal, ...] = ()
    finished: bt.RunFinished | None = None
    phase: str = "STARTING"
    reconciliation: str = "UNKNOWN"
    signals: int = 0
    view: InstanceView | None = None
    extra: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelExecutor:
    """The machine of role `executor` in a backtest: the kernel over the signals, its trades into the journal."""

    instance: str
    play: str
    play_hash: str
    capital: Decimal

    def start(self, now_ns: int) -> Step[KernelState]:
        state = KernelState(balance=self.capital)
        return state, (*_ask("strategy", bt.SignalsWanted(), now_ns), *_tick(now_ns), Publish(phase="STARTING"))

    def receive(self, state: KernelState, message: Message, now_ns: int) -> Step[KernelState]:
        match message:
            case bt.SignalsComputed() if not state.folder:
                return self._go(replace(state, folder=message.folder, signals=message.signals, phase="RUNNING"))
            case bt.SliceDone():
                return self._advanced(state, message)
            case bt.RunFailed(text=text):
                return self._end(replace(state, phase="FAILED"), f"failed: {text}")
            case ct.Reconciled():
                return self._judged(state, message)
            case ct.Woken(label="ask") if not state.folder:
                return state, _ask("strategy", bt.SignalsWanted(), now_ns)
            case ct.Woken(label="tick"):
                again = self._tell_result(state)
                return state, (*_tick(now_ns), Request(port="scoreboard", call=ct.ReadLatches()), *again)
            case ct.LatchesRead(scope="instance", reason=reason) | ct.PanicRaised(scope="instance", reason=reason):
                return self._halted(state, reason)
            case ct.StopInstance(reason=reason):
                return self._end(state, reason)
            case ev.ActorChanged():
                return self._record(state, (message,))
            case _:
                return state, ()

    def _halted(self, state: KernelState, reason: str) -> Step[KernelState]:
        if state.phase in ("HALTED", "FINISHED"):
            return state, ()
        return self._record(replace(state, phase="HALTED"), (ev.PanicObserved(scope="instance", reason=reason),))

    def _go(self, state: KernelState) -> Step[KernelState]:
        run = Request(port="kernel", call=bt.RunSlice(folder=state.folder, most_bars=state.slice_bars))
        return state, (run, self._shown(state))

    def _advanced(self, state: KernelState, done: bt.SliceDone) -> Step[KernelState]:
        state = replace(
            state,
            bars_done=done.bars_done,
            bars_total=done.bars_total,
            slice_bars=next_slice(done.bars_done - state.bars_done, len(done.trades)),
            balance=done.balance,
            profits=(*state.profits, *(trade.profit for trade in done.trades)),
        )
        state, recorded = self._record(state, done.trades)
        if state.phase == "HALTED":
            return state, recorded
        if not done.is_done:
            state, more = self._go(state)
            return state, (*recorded, *more)
        finished = bt.RunFinished(
            starting_equity=self.capital,
            profits=state.profits,
            open_profit=done.open_profit,
            final_equity=done.final_equity,
        )
        state = replace(state, finished=finished, phase="RECONCILING")
        return state, (*recorded, *self._tell_result(state), self._shown(state))

    def _tell_result(self, state: KernelState) -> tuple[Effect, ...]:
        waits = state.finished is not None and state.phase == "RECONCILING"
        return (Send(to="reconciler", message=state.finished),) if waits and state.finished else ()

    def _judged(self, state: KernelState, word: ct.Reconciled) -> Step[KernelState]:
        if state.phase != "RECONCILING":
            return state, ()
        state = replace(state, phase="FINISHED", reconciliation=word.state)
        changed = ev.ReconciliationChanged(state=word.state, differences=word.differences)
        state, recorded = self._record(state, (changed,))
        stop = Send(to="supervisor", message=ct.StopInstance(reason="finished"))
        return state, (*recorded, stop)

    def _end(self, state: KernelState, reason: str) -> Step[KernelState]:
        state, recorded = self._record(state, (ev.InstanceStopped(reason=reason),))
        stop: Effect = Stop(reason=reason)
        if state.phase == "FAILED":
            stop = Send(to="supervisor", message=ct.StopInstance(reason=reason))
        return state, (*recorded, Note(level="INFO", text=f"{self.instance}: {reason}"), stop)

    def _record(self, state: KernelState, events: tuple[Message, ...]) -> Step[KernelState]:
        if not events:
            return state, (self._shown(state),)
        state = replace(state, sequence=state.sequence + len(events))
        view = self._view(state)
        state = replace(state, view=view)
        return state, (Record(events=events, view=view), self._shown(state))

    def _view(self, state: KernelState) -> InstanceView:
        return InstanceView(
            sequence=state.sequence,
            phase=state.phase,
            wallet_balance=state.balance,
            realised_profit=state.balance - self.capital,
            trade_count=len(state.profits),
            reconciliation=state.reconciliation,
            is_panicked=state.phase == "HALTED",
        )

    def _shown(self, state: KernelState) -> Publish:
        extra: dict[str, object] = {
            "bars_done": state.bars_done,
            "bars_total": state.bars_total,
            "equity": str(state.finished.final_equity if state.finished else state.balance),
            "signals": state.signals,
        }
        if state.view is None:
            return Publish(phase=state.phase, extra=extra)
        digest = digest_of(wire.encode(state.view))
        return Publish(phase=state.phase, sequence=state.view.sequence, digest=digest, extra=extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultState:
    """Nothing to remember."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReconciler:
    """The machine of role `reconciler` in a backtest: no money may have appeared or vanished."""

    def start(self, now_ns: int) -> Step[ResultState]:
        return ResultState(), (Publish(phase="READY"),)

    def receive(self, state: ResultState, message: Message, now_ns: int) -> Step[ResultState]:
        if not isinstance(message, bt.RunFinished):
            return state, ()
        explained = message.starting_equity + sum(message.profits, ZERO) + message.open_profit
        if explained == message.final_equity:
            word = ct.Reconciled(state="HEALTHY", differences=(), compared_at_ns=now_ns)
        else:
            text = f"trades explain {explained}, the equity is {message.final_equity}"
            word = ct.Reconciled(state="CRITICAL", differences=(text,), compared_at_ns=now_ns)
        return state, (Send(to="executor", message=word), Publish(phase=word.state))


def next_slice(bars: int, trades: int) -> int:
    """How many bars are to come next, when these had so many trades: more only step by step."""
    return max(1, min(MOST_SLICE_BARS, 2 * bars, bars * TRADES_PER_SLICE // max(1, trades)))


def _ask(role: str, question: Message, now_ns: int) -> tuple[Effect, ...]:
    return Send(to=role, message=question), WakeAt(at_ns=now_ns + ASK_AGAIN_MS * MS, label="ask")


def _tick(now_ns: int) -> tuple[Effect, ...]:
    return (WakeAt(at_ns=now_ns + TICK_MS * MS, label="tick"),)
