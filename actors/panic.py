"""Panic: the latch is on disk first, then everybody is woken. A message that is lost cannot lose a panic.

A `scope` is `global` or the name of an instance. Executors look at the latches before every order anyway; the message
only spares them the wait. When the disk refuses the latch everybody is woken all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InvariantViolated
from engine.machine import Note, Publish, Request, Send, Step, Stop, WakeAt
from engine.messages.account import LatchFailed, LatchRaised, RaiseLatch
from engine.messages.base import Message
from engine.messages.control import PanicRaised, StopInstance, Undeliverable, Woken

SECOND = 1_000_000_000
GLOBAL = "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How many panics this life has passed on."""

    raised: int = 0


@dataclass(frozen=True, slots=True)
class Panic:
    """The machine."""

    def start(self, now_ns: int) -> Step[State]:
        return State(), (Publish(phase="READY"), WakeAt(at_ns=now_ns + SECOND, label="tick"))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case PanicRaised(scope=scope, reason=reason, flatten=flatten):
                call = RaiseLatch(scope=scope, reason=reason, flatten=flatten)
                return State(raised=state.raised + 1), (Request(port="latch", call=call),)
            case LatchRaised() | LatchFailed():
                return state, _wake(message)
            case Woken():
                raised = {"raised": state.raised}
                return state, (Publish(phase="READY", extra=raised), WakeAt(at_ns=now_ns + SECOND, label="tick"))
            case Undeliverable():
                return state, ()  # that executor is down; it sees the latch when it comes back
            case StopInstance(reason=reason):
                return state, (Stop(reason=reason),)
            case _:
                raise InvariantViolated(f"panic has no use for {message!r}")


def _wake(latch: LatchRaised | LatchFailed) -> tuple[Note, Send]:
    to = "*.executor" if latch.scope == GLOBAL else f"{latch.scope}.executor"
    trouble = f"; the latch is NOT on disk: {latch.text}" if isinstance(latch, LatchFailed) else ""
    return (
        Note(level="CRITICAL", text=f"panic ({latch.scope}): {latch.reason}{trouble}"),
        Send(to=to, message=PanicRaised(scope=latch.scope, reason=latch.reason, flatten=latch.flatten)),
    )
