"""Notifier: hands each message of the outbox to its targets and tells the executor when they have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.frozen import replace
from engine.machine import Note, Publish, Request, Send, Step
from engine.messages import notices as nt
from engine.messages.base import Message

SHOWN, SHOWN_LETTERS = 3, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """For people only: the outbox is the executor's, and it asks again until it is told.

    `undelivered` is why the newest attempt for a message failed, by its subject, the longest waiting first.
    """

    delivered: int = 0
    undelivered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """The machine of role `notifier`."""

    def start(self, now_ns: int) -> Step[State]:
        return State(), (_shown(State()),)

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case nt.Notify() | nt.Alert():
                return state, (Request(port="notifier", call=message),)
            case nt.Notified(subject=subject) | nt.Alerted(subject=subject):
                left = {key: text for key, text in state.undelivered.items() if key != subject}
                after = State(delivered=state.delivered + 1, undelivered=left)
                return after, (Send(to="executor", message=message), _shown(after))
            case nt.NotifyFailed(subject=subject, text=text) | nt.AlertFailed(subject=subject, text=text):
                after = replace(state, undelivered={**state.undelivered, subject: text})
                note = Note(level="WARNING", text=f"message of {subject} not delivered: {text}")
                return after, (note, _shown(after))
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)


def _shown(state: State) -> Publish:
    """The oldest few: the scoreboard has room for no more."""
    oldest = list(state.undelivered.items())[:SHOWN]
    undelivered = {subject: text[:SHOWN_LETTERS] for subject, text in oldest}
    return Publish(phase="READY", extra={"delivered": state.delivered, "undelivered": undelivered})
