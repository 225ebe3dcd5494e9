"""Machine: the form of every actor. `receive(state, message, now_ns) -> (state, effects)`, and nothing else.

A machine has no clock, randomness, I/O or framework inside. What it wants done it returns as effects, in order; the
performer (the shell with real processes, the simulator in virtual time) carries them out. Two rules of performing:

- Effects are performed in the order given. `Record` is durable before the next effect starts; when it cannot be made
  durable, nothing after it is performed and the machine receives `RecordFailed`. So an order can't leave before its
  intent is on disk.
- The outcome of a `Request` comes back as an ordinary message, sooner or later or (after a crash) never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from engine.messages.base import Message
from engine.messages.reports import InstanceView
from engine.order import Order

StateT = TypeVar("StateT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Give `message` to the actor `to`.

    `executor` is an actor of this instance, `supervisor` its supervisor, `account.limiter` one of the account system,
    `live-1.executor` one of another instance, `*.executor` that of every running instance, and `operator` the person
    whose command is being answered.
    """

    to: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Make `events` durable in the journal, in one transaction, before anything after this effect happens.

    `orders` are the orders they changed, as they now stand, and `view` is what operators see from now on: both go into
    the journal's projections in that same transaction.
    """

    events: tuple[Message, ...]
    orders: tuple[Order, ...] = ()
    view: InstanceView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Ask the outside world behind `port` (named in `actors.wiring`). The answer is a message to the asker."""

    port: str
    call: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    """Deliver `Woken(label)` at `at_ns`. A newer wish with the same label replaces the older."""

    at_ns: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawn:
    """Start the actor of `role` (supervisors only). `Spawned` follows, or `ChildExited`."""

    role: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """End the process of `role` at once: it no longer answers (supervisors only)."""

    role: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End this actor (for a supervisor: the whole tree), in order."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Show this actor's state on the scoreboard, where guard and operators read it without a message.

    The executor gives the `sequence` of its last `InstanceView` and that view's `digest` (`reports.digest_of`); others
    leave both empty. `phase` is one word for people; `extra` holds what changes too often for the journal (mark price,
    equity, last bar) as JSON values.
    """

    phase: str
    sequence: int = 0
    digest: bytes = b""
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line for the log. `level` as loguru names them."""

    level: str
    text: str


Effect = Send | Record | Request | WakeAt | Spawn | Kill | Stop | Publish | Note
Step = tuple[StateT, tuple[Effect, ...]]


class Machine(Protocol[StateT]):
    """`start` is called once in a new process; `receive` for every message after it."""

    def start(self, now_ns: int) -> Step[StateT]: ...

    def receive(self, state: StateT, message: Message, now_ns: int) -> Step[StateT]: ...
