"""A desk for one executor machine: it performs the machine's effects over a simulated exchange, with fates on command.

Nothing happens by chance: each call to the exchange has the fate the test gives it, and the machine dies before exactly
the effect the test names. Time moves only in `run`.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from dataclasses import replace

from actors.executor import Executor
from actors.executor_state import State
from actors.simulator.network import unanswered
from adapters.simulated_exchange import SimulatedExchange, Wallet
from engine import reconcile
from engine.book.state import Book
from engine.machine import Effect, Note, Record, Request, Send
from engine.market import MINUTE_NS, Bar, MarkPrice
from engine.messages import account as ac
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages import notices as nt
from engine.messages.base import Message
from engine.messages.reports import IncidentHappened
from engine.order import Order, OrderPurpose, OrderStatus
from engine.safety import gate
from engine.safety.gate import Glance
from engine.safety.limits import Limits
from engine.signal import Intent, Signal
from tests.actors.executor_settings import SETTINGS
from tests.builders import BTC, MS, NOW_NS, SYMBOL, D

FIRST_BAR_NS = NOW_NS // MINUTE_NS * MINUTE_NS
UNANSWERED_MS = 3_000
LATE_MS = 6_000
Fate = Callable[[Message], str]


class Desk:
    """`fate` names what becomes of a call: ok, request lost, answer lost, late, silent, or `refuse REASON`."""

    def __init__(self, fate: Fate = lambda call: "ok", die_before: int = -1, limits: Limits | None = None) -> None:
        self.settings = replace(SETTINGS, limits=limits or Limits())
        self.exchange = SimulatedExchange(BTC, Wallet(balance=D(10_000)), D(40_000))
        self.fate, self.die_before = fate, die_before
        self.now_ns = NOW_NS
        self.journal: list[tuple[int, Message]] = []
        self.calls: list[Message] = []
        self.sent: list[Send] = []
        self.fed_from_ns: int | None = None  # what its strategy says of itself; None says nothing
        self.notes: list[str] = []
        self.performed = 0
        self.stream_is_up = True
        self.reads_light = False  # there is no budget for more
        self.holds_stream = False
        self.glance = Glance(is_panicked=False, guard_lease_left_ns=1, instrument_lease_left_ns=1, budget_left=True)
        self.latches = ct.LatchesRead(scope="", reason="", flatten=False)
        self.latches_of_others: dict[str, ac.RaiseLatch] = {}
        self.takes_latches = True
        self.incidents: list[IncidentHappened] = []
        self.longest_naked_ns = 0
        self._naked_since_ns: int | None = None
        self._inbox: collections.deque[Message] = collections.deque()
        self._agenda: list[tuple[int, Callable[[], None]]] = []
        self._epoch = 0
        self._suspicions = 0
        self._cycles: list[mk.CycleReady] = []
        self.strategy_remembers = True
        self.notifier_is_up = True
        self.executor: Executor | None = None
        self.state: State | None = None
        self.boot()

    # --- what a test says ---------------------------------------------------------------------------------------------

    @property
    def book(self) -> Book:
        assert self.state is not None
        return self.state.book

    def events(self, *kinds: type[Message]) -> list[Message]:
        return [event for _, event in self.journal if isinstance(event, kinds or Message)]

    def placed(self, *purposes: OrderPurpose) -> list[Order]:
        """Orders that were sent, in order."""
        sent = [call.order for call in self.calls if isinstance(call, ex.PlaceOrder)]
        return [order for order in sent if not purposes or order.purpose in purposes]

    def tell(self, message: Message) -> None:
        self._inbox.append(message)
        self._work()

    def cycle(self, number: int, intent: Intent = Intent.NONE, close: float = 40_000.0, age_ms: int | None = 0) -> None:
        """Bar `number` closed so long ago (None: nobody knows), and the play says `intent`."""
        opened = FIRST_BAR_NS + number * MINUTE_NS
        bar = Bar(open_time_ns=opened, open=close, high=close, low=close, close=close, volume=1.0)
        signal = Signal(play_hash="abcdef", symbol=SYMBOL, bar_open_time_ns=opened, intent=intent, close=close)
        heard_ns = None if age_ms is None else self.now_ns - age_ms * MS
        made = mk.CycleReady(bar=bar, signal=signal, observed_at_ns=heard_ns, anchor_ns=self.fed_from_ns)
        self._cycles.append(made)
        self.tell(made)

    def market(self, price: int) -> None:
        """The market trades at `price`."""
        self.exchange.move(D(price), self.now_ns)
        self._work()

    def run(self, ms: int, step_ms: int = 100) -> None:
        for _ in range(ms // step_ms):
            self.now_ns += step_ms * MS
            due = [happening for at, happening in self._agenda if at <= self.now_ns]
            self._agenda = [(at, happening) for at, happening in self._agenda if at > self.now_ns]
            for happening in due:
                happening()
            self.tell(mk.MarkPriceChanged(mark=MarkPrice(price=self.exchange.price, observed_at_ns=self.now_ns)))
            self.tell(ct.Woken(label="tick"))
            if self.now_ns // (1_000 * MS) != (self.now_ns - step_ms * MS) // (1_000 * MS):
                self.reconcile()
            self._watch()

    def ready(self) -> Desk:
        """Until it would trade."""
        self.run(1_500)
        assert self.state is not None
        assert self.state.phase == "READY", (self.state.phase, self.notes)
        return self

    def reconcile(self) -> None:
        """One round: snapshot, view, verdict."""
        call = ex.TakeSnapshot(symbol=SYMBOL, fills_since_ns=NOW_NS - 1, is_light=self.reads_light)
        answer = self.exchange.perform(call, self.now_ns)
        assert isinstance(answer, ex.SnapshotTaken)
        self.sent = [one for one in self.sent if not isinstance(one.message, ct.ViewReported)]
        self.tell(ct.SnapshotForwarded(snapshot=answer.snapshot))
        views = [one.message for one in self.sent if isinstance(one.message, ct.ViewReported)]
        if views and isinstance(views[-1], ct.ViewReported):
            self._verdict(views[-1], answer.snapshot)

    def crash(self, down_ms: int = 500) -> None:
        """Everything in memory is gone, and what was on its way to it; the journal stays."""
        self.executor, self.state = None, None
        self._inbox.clear()
        self._at(down_ms, self.boot)

    def boot(self) -> None:
        self.executor = Executor(settings=self.settings)
        self.state, effects = self.executor.start(self.now_ns)
        self._perform(effects)
        self._work()

    # --- performing ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._push()
        while self._inbox and self.executor is not None:
            message = self._inbox.popleft()
            assert self.state is not None
            self.state, effects = self.executor.receive(self.state, message, self.now_ns)
            self._perform(effects)
            self._push()
        self._inbox.clear()

    def _push(self) -> None:
        if self.holds_stream:
            return
        pushed, self.exchange.pushed = self.exchange.pushed, []
        if self.stream_is_up and self.executor is not None:
            self._inbox.extend(pushed)

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        life = self.executor
        for effect in effects:
            if _matters(effect):
                if self.performed == self.die_before:
                    self.die_before = -1
                    self.crash()
                    return
                self.performed += 1
            self._perform_one(effect, life)

    def _perform_one(self, effect: Effect, life: Executor | None) -> None:
        match effect:
            case Record(events=events):
                self.journal += [(self.now_ns, event) for event in events]
            case Send(to="account.leases", message=ct.InstrumentWanted(asked_at_ns=asked_at_ns)):
                self._epoch += 0 if self.state and self.state.epoch else 1
                valid_ns = 5_000 * MS
                granted = ct.InstrumentGranted(
                    symbol=SYMBOL, epoch=self._epoch, valid_for_ns=valid_ns, asked_at_ns=asked_at_ns
                )
                self._answer(granted, life)
            case Send(to="notifier", message=nt.Notify() | nt.Alert() as told):
                self.sent.append(effect)
                self._answer(self._notifier_says(told), life)
            case Send(to="strategy", message=mk.ResumePoint(anchor_ns=anchor_ns, last_bar_ns=last_ns)):
                self.sent.append(effect)
                if self.fed_from_ns in (None, anchor_ns):  # else it would begin anew
                    self._hand_over_again(last_ns or 0, life)
            case Send():
                self.sent.append(effect)
            case Request(port="journal"):
                self._answer(ct.JournalRead(events=tuple(self.journal)), life)
            case Request(port="scoreboard", call=ct.ReadLatches()):
                self._answer(self.latches, life)
            case Request(port="latch", call=ac.RaiseLatch() as call):
                self._answer(self._latch(call), life)
            case Request(port="incidents", call=IncidentHappened() as report):
                self.incidents.append(report)
            case Request(port="exchange", call=call):
                self._call(call, life)
            case Note(text=text):
                self.notes.append(text)

    def _latch(self, call: ac.RaiseLatch) -> Message:
        said = {"scope": call.scope, "reason": call.reason, "flatten": call.flatten}
        if not self.takes_latches:
            return ac.LatchFailed(**said, text="the disk is full")
        self.latches_of_others.setdefault(call.scope, call)
        return ac.LatchRaised(**said)

    def _notifier_says(self, told: nt.Notify | nt.Alert) -> Message:
        if not self.notifier_is_up:
            return ct.Undeliverable(to="notifier", name=type(told).__name__)
        is_alert = isinstance(told, nt.Alert)
        return nt.Alerted(subject=told.subject) if is_alert else nt.Notified(trade_number=told.trade_number)

    def _hand_over_again(self, last_ns: int, life: Executor | None) -> None:
        """As the strategy does: the cycles an executor says it never dealt with."""
        for cycle in self._cycles if self.strategy_remembers else ():
            if cycle.bar.open_time_ns > last_ns:
                self._answer(cycle, life)

    def _call(self, call: Message, life: Executor | None) -> None:
        self.calls.append(call)
        if isinstance(call, ex.PlaceOrder) and (denied := gate.check(call.order.purpose, self.glance)):
            self._answer(_refusal(call, denied, by_us=True), life)
            return
        fate = self.fate(call)
        if fate.startswith("refuse") and isinstance(call, ex.PlaceOrder):
            self._answer(_refusal(call, fate.partition(" ")[2], by_us=False), life)
        elif fate == "request lost":
            self._at(UNANSWERED_MS, lambda: self._answer_now(unanswered(call), life))
        elif fate == "late":
            self._at(UNANSWERED_MS, lambda: self._answer_now(unanswered(call), life))
            self._at(LATE_MS, lambda: self._perform_late(call))
        else:
            answer = self.exchange.perform(call, self.now_ns)
            if fate == "answer lost":
                self._at(UNANSWERED_MS, lambda: self._answer_now(unanswered(call), life))
            elif fate == "ok":
                self._push()
                self._answer(answer, life)

    def _perform_late(self, call: Message) -> None:
        self.exchange.perform(call, self.now_ns)
        self._work()

    def _answer(self, message: Message, life: Executor | None) -> None:
        if life is self.executor:
            self._inbox.append(message)

    def _answer_now(self, message: Message, life: Executor | None) -> None:
        self._answer(message, life)
        self._work()

    def _at(self, after_ms: int, happening: Callable[[], None]) -> None:
        self._agenda.append((self.now_ns + after_ms * MS, happening))

    def _verdict(self, view: ct.ViewReported, snapshot: ex.AccountSnapshot) -> None:
        found = reconcile.compare(view, snapshot, instance="live-1", owns_wallet=True, epsilon=D("1e-6"))
        self._suspicions = self._suspicions + 1 if found and not view.in_flight else 0
        if found and self._suspicions < 2:
            return
        state, texts = reconcile.worst(found).value, tuple(one.text for one in found)
        self.tell(ct.Reconciled(state=state, differences=texts, compared_at_ns=self.now_ns))

    def _watch(self) -> None:
        held = abs(self.exchange.position.quantity)
        resting = [o for o in self.exchange.orders.values() if o.status is OrderStatus.ACCEPTED]
        covered = any(o.purpose is OrderPurpose.STOP and o.quantity >= held for o in resting)
        if not held or covered:
            self._naked_since_ns = None
            return
        self._naked_since_ns = self._naked_since_ns or self.now_ns
        self.longest_naked_ns = max(self.longest_naked_ns, self.now_ns - self._naked_since_ns)


def _matters(effect: Effect) -> bool:
    """Dying before a look at the scoreboard, or before a lease is renewed, is dying while nothing happens."""
    match effect:
        case Request(port="scoreboard") | Send(to="account.leases"):
            return False
    return isinstance(effect, (Record, Request, Send))


def _refusal(call: ex.PlaceOrder, reason: str, *, by_us: bool) -> ex.OrderRefused:
    return ex.OrderRefused(client_order_id=call.order.client_order_id, by_us=by_us, reason=reason, code="", text=reason)
