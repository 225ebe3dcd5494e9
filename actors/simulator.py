"""Simulator: the same machines in virtual time, from a seed. What happens in it happens again, event for event.

It performs effects as the shell does, with the world's ill will added: requests and answers to the exchange get lost or
come late, messages between actors are delayed, lost or doubled, the user stream drops, any actor dies between any two
effects and comes back from the journal. One process, no thread, no clock. What must always hold is checked by whoever
drives it, after each step (`on_step`).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from engine import gate
from engine.machine import Effect, Machine, Publish, Record, Request, Send, Stop, WakeAt
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import InstanceView, digest_of

MS = 1_000_000
BEGIN_NS = 1_700_000_000_000_000_000
HEARTBEAT_NS = 200 * MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Probabilities per occasion, in force until `until_ns`; after it the world is kind and things must settle."""

    lose_request: float = 0.0
    lose_answer: float = 0.0
    accept_late: float = 0.0
    lose_message: float = 0.0
    double_message: float = 0.0
    drop_stream: float = 0.0
    crash: float = 0.0
    until_ns: int = 0


class World(Protocol):
    """What the machines meet outside: an exchange with a market, moved on by the simulator."""

    def perform(self, call: Message, now_ns: int) -> Message: ...

    def take_pushed(self) -> list[tuple[str, Message]]: ...

    def move(self, now_ns: int) -> int: ...


@dataclass(slots=True, kw_only=True)
class Actor:
    """One life of one actor."""

    machine: Machine[Any]
    state: Any
    generation: int
    published: Publish = field(default_factory=lambda: Publish(phase="STARTING"))


class Simulation:
    """One instance over `world`, from `seed`."""

    def __init__(
        self,
        seed: int,
        cast: Mapping[str, Callable[[], Machine[Any]]],
        world: World,
        faults: Faults,
        on_step: Callable[[Simulation], None] | None = None,
    ) -> None:
        self.random = Random(seed)
        self.world = world
        self.faults = faults
        self.now_ns = BEGIN_NS
        self.journal: list[tuple[int, Message]] = []
        self.view: InstanceView | None = None
        self.actors: dict[str, Actor] = {}
        self.bars: dict[int, Any] = {}
        self.notified: list[int] = []
        self.hits: dict[str, int] = {}
        self.epoch = 0
        self.guarded_until_ns = 0
        self.latched = False
        self.stream_up = True
        self.steps = 0
        self._cast = cast
        self.on_step = on_step
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._alarms: dict[tuple[str, int, str], int] = {}
        for role in cast:
            self._at(self.now_ns, self._birth(role, 1))
        self._at(self.now_ns, self._move_world)

    def run(self, until_ns: int) -> None:
        """Works through everything that happens until then."""
        while self._agenda and self._agenda[0][0] <= until_ns:
            self.now_ns, _, happening = heapq.heappop(self._agenda)
            happening()
            self.steps += 1
            if self.on_step is not None:
                self.on_step(self)
        self.now_ns = until_ns

    def kill(self, role: str) -> None:
        """The process of `role` is gone, with all it had in memory; it comes back from the journal."""
        dead = self.actors.pop(role, None)
        if dead is not None:
            self._at(self.now_ns + self.random.randint(50, 800) * MS, self._birth(role, dead.generation + 1))

    def tell(self, role: str, message: Message) -> None:
        """A message from outside (an operator, the account system)."""
        self._at(self.now_ns, lambda: self._deliver(role, message))

    # --- lives -------------------------------------------------------------------------------------------------------

    def _birth(self, role: str, generation: int) -> Callable[[], None]:
        def happen() -> None:
            machine = self._cast[role]()
            state, effects = machine.start(self.now_ns)
            self.actors[role] = Actor(machine=machine, state=state, generation=generation)
            self._perform(role, effects)

        return happen

    def _deliver(self, role: str, message: Message, generation: int | None = None) -> None:
        actor = self.actors.get(role)
        if actor is None or (generation is not None and generation != actor.generation):
            return
        actor.state, effects = actor.machine.receive(actor.state, message, self.now_ns)
        self._perform(role, effects)

    # --- performing --------------------------------------------------------------------------------------------------

    def _perform(self, role: str, effects: tuple[Effect, ...]) -> None:
        generation = self.actors[role].generation
        for effect in effects:
            if self._hit("crash"):
                self.kill(role)
                return
            self._perform_one(role, generation, effect)

    def _perform_one(self, role: str, generation: int, effect: Effect) -> None:
        match effect:
            case Send(to=to, message=message):
                self._send(role, to, message)
            case Record(events=events, view=view):
                self.journal.extend((self.now_ns, event) for event in events)
                self.view = view or self.view
            case Request():
                self._request(role, generation, effect)
            case WakeAt(at_ns=at_ns, label=label):
                self._set_alarm(role, generation, label, max(at_ns, self.now_ns))
            case Publish():
                self.actors[role].published = effect
            case Stop():
                self.actors.pop(role, None)
            case _:
                pass

    def _send(self, sender: str, to: str, message: Message) -> None:
        if to == "account.leases":
            self._lease(sender, message)
            return
        copies = 0 if self._hit("lose_message") else 2 if self._hit("double_message") else 1
        for _ in range(copies):
            self._at(self.now_ns + self._delay_ns(0.1, 5), lambda: self._deliver(to, message))

    def _lease(self, sender: str, message: Message) -> None:
        """The account's ledger of leases: a new life of the executor gets a new epoch."""
        assert isinstance(message, ct.InstrumentWanted)
        if message.epoch == 0 or message.epoch != self.epoch:
            self.epoch += 1
        granted = ct.InstrumentGranted(symbol=message.symbol, epoch=self.epoch, valid_for_ns=5_000 * MS)
        self._at(self.now_ns + self._delay_ns(0.5, 5), lambda: self._deliver(sender, granted))

    def _set_alarm(self, role: str, generation: int, label: str, at_ns: int) -> None:
        key = (role, generation, label)
        number = next(self._number)
        self._alarms[key] = number

        def ring() -> None:
            if self._alarms.get(key) == number:
                del self._alarms[key]
                self._deliver(role, ct.Woken(label=label), generation)

        self._at(at_ns, ring)

    def _request(self, role: str, generation: int, wanted: Request) -> None:
        match wanted.port:
            case "journal":
                answer: Message = ct.JournalRead(events=tuple(self.journal))
                self._at(self.now_ns, lambda: self._deliver(role, answer, generation))
            case "exchange":
                self._exchange(role, generation, wanted.call)
            case "scoreboard":
                self._scoreboard(role, generation, wanted.call)
            case "notifier" if isinstance(wanted.call, ct.Notify):
                self.notified.append(wanted.call.trade_number)
                told = ct.Notified(trade_number=wanted.call.trade_number)
                self._at(self.now_ns + self._delay_ns(5, 50), lambda: self._deliver(role, told, generation))
            case "bars":
                self._bars(role, generation, wanted.call)

    def _bars(self, role: str, generation: int, call: Any) -> None:
        from engine.messages.market import AppendBars, BarsRead

        if isinstance(call, AppendBars):
            self.bars.update({bar.open_time_ns: bar for bar in call.bars})
            return
        kept = tuple(bar for at, bar in sorted(self.bars.items()) if at >= call.from_open_time_ns)
        self._at(self.now_ns, lambda: self._deliver(role, BarsRead(bars=kept), generation))

    # --- the exchange and what lies between --------------------------------------------------------------------------

    def _exchange(self, role: str, generation: int, call: Message) -> None:
        if isinstance(call, ex.PlaceOrder) and (denied := gate.check(call.order.purpose, self._glance())):
            answer = ex.OrderRefused(
                client_order_id=call.order.client_order_id, by_us=True, reason=denied, code="", text=denied
            )
            self._at(self.now_ns, lambda: self._deliver(role, answer, generation))
            return
        sent_at = self.now_ns
        arrives = sent_at + self._delay_ns(1, 40)
        if self._hit("lose_request"):
            self._at(sent_at + 3_000 * MS, lambda: self._deliver(role, unanswered(call), generation))
        elif self._hit("accept_late"):
            self._at(sent_at + 3_000 * MS, lambda: self._deliver(role, unanswered(call), generation))
            self._at(sent_at + self.random.randint(3_000, 8_000) * MS, lambda: self._call(None, 0, call))
        else:
            self._at(arrives, lambda: self._call(role, generation, call))

    def _call(self, role: str | None, generation: int, call: Message) -> None:
        answer = self.world.perform(call, self.now_ns)
        self._push()
        if role is None:
            return
        if self._hit("lose_answer"):
            self._at(self.now_ns + 3_000 * MS, lambda: self._deliver(role, unanswered(call), generation))
            return
        self._at(self.now_ns + self._delay_ns(1, 40), lambda: self._deliver(role, answer, generation))

    def _push(self) -> None:
        """Stream events: delayed each for itself (so they overtake each other), lost while the stream is down."""
        for role, event in self.world.take_pushed():
            if role == "executor" and not self.stream_up:
                continue
            for _ in range(2 if self._hit("double_message") else 1):
                self._at(self.now_ns + self._delay_ns(0.2, 30), self._pushing(role, event))

    def _pushing(self, role: str, event: Message) -> Callable[[], None]:
        return lambda: self._deliver(role, event)

    def _move_world(self) -> None:
        next_ns = self.world.move(self.now_ns)
        self._push()
        if self.stream_up and self._hit("drop_stream"):
            self.stream_up = False
            self._deliver("executor", ex.StreamLost(stream="user", reason="dropped"))
            self._at(self.now_ns + self.random.randint(200, 6_000) * MS, self._stream_back)
        self._at(next_ns, self._move_world)

    def _stream_back(self) -> None:
        self.stream_up = True
        self._deliver("executor", ex.StreamOpened(stream="user"))

    # --- the scoreboard ----------------------------------------------------------------------------------------------

    def _glance(self) -> gate.Glance:
        return gate.Glance(
            is_panicked=self.latched,
            guard_lease_left_ns=self.guarded_until_ns - self.now_ns,
            instrument_lease_left_ns=1,
            budget_left=True,
        )

    def _scoreboard(self, role: str, generation: int, call: Message) -> None:
        match call:
            case ct.HoldGuardLease(valid_for_ns=valid):
                self.guarded_until_ns = self.now_ns + valid
            case ct.CheckIntegrity():
                self._deliver_soon(role, generation, self._integrity())
            case ct.ReadLatches():
                scope = "instance" if self.latched else ""
                self._deliver_soon(role, generation, ct.LatchesRead(scope=scope, reason="", flatten=False))
            case ct.ClearPanicLatch():
                self.latched = False

    def _deliver_soon(self, role: str, generation: int, answer: Message) -> None:
        self._at(self.now_ns, lambda: self._deliver(role, answer, generation))

    def _integrity(self) -> ct.IntegrityChecked:
        executor = self.actors.get("executor")
        shown = executor.published if executor else Publish(phase="")
        return ct.IntegrityChecked(
            engine_sequence=shown.sequence,
            engine_digest=shown.digest,
            store_sequence=self.view.sequence if self.view else 0,
            store_digest=digest_of(wire.encode(self.view)) if self.view else shown.digest,
            ages_ns=tuple((role, HEARTBEAT_NS) for role in self.actors),
        )

    # --- chance and time ---------------------------------------------------------------------------------------------

    def _hit(self, fault: str) -> bool:
        if self.now_ns >= self.faults.until_ns or self.random.random() >= getattr(self.faults, fault):
            return False
        self.hits[fault] = self.hits.get(fault, 0) + 1
        return True

    def _delay_ns(self, least_ms: float, most_ms: float) -> int:
        return int(self.random.uniform(least_ms, most_ms) * MS)

    def _at(self, at_ns: int, happening: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_ns, next(self._number), happening))


def unanswered(call: Message) -> Message:
    """What the asker gets when no answer came in time."""
    text = "timed out"
    match call:
        case ex.PlaceOrder(order=order):
            return ex.OrderOutcomeUnknown(client_order_id=order.client_order_id, text=text)
        case ex.CancelOrder(client_order_id=client_order_id):
            return ex.CancelOutcomeUnknown(client_order_id=client_order_id, text=text)
        case _:
            detail = getattr(call, "client_order_id", "")
            return ex.ExchangeUnavailable(
                call=type(call).__name__, detail=detail, kind="unavailable", text=text, retry_after_ms=0
            )
