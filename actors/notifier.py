"""Notifier: hands each message of the outbox to its target and tells the executor when the target has it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.machine import Note, Publish, Request, Send, Step
from engine.messages import control as ct
from engine.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Nothing to remember: the outbox is the executor's, and it asks again until it is told."""

    delivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """The machine of role `notifier`."""

    def start(self, now_ns: int) -> Step[State]:
        return State(), (Publish(phase="READY"),)

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case ct.Notify():
                return state, (Request(port="notifier", call=message),)
            case ct.Notified():
                return State(delivered=state.delivered + 1), (Send(to="executor", message=message),)
            case ct.NotifyFailed(trade_number=number, text=text):
                return state, (Note(level="WARNING", text=f"message of trade {number} not delivered: {text}"),)
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)
