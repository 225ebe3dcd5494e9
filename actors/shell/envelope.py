"""What travels between processes: an envelope round a message's bytes, and the few words only shells say."""

from __future__ import annotations

from dataclasses import dataclass

import msgpack

from engine.errors import MalformedMessage
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.control import CommandAnswered

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which process of which tree. `born_ns` (CLOCK_MONOTONIC) orders the lives of a role over restarts."""

    tree: str
    role: str
    generation: int
    born_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message's bytes with who sent them and when (CLOCK_MONOTONIC, the same for all processes of a machine)."""

    sender: Identity
    sent_at_ns: int
    payload: bytes

    def open(self) -> Message:
        return wire.decode(self.payload)


def seal(envelope: Envelope) -> bytes:
    """The envelope's bytes."""
    sender = envelope.sender
    who = [sender.tree, sender.role, sender.generation, sender.born_ns]
    return msgpack.packb([VERSION, *who, envelope.sent_at_ns, envelope.payload])  # type: ignore[no-any-return]


def unseal(data: bytes) -> Envelope:
    """The envelope in `data`. Raises MalformedMessage."""
    try:
        version, tree, role, generation, born_ns, sent_at_ns, payload = msgpack.unpackb(data)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise MalformedMessage(f"not an envelope: {error!r} in {data[:80]!r}") from error
    if version != VERSION:
        raise MalformedMessage(f"an envelope of version {version!r}; this is version {VERSION}")
    sender = Identity(tree=tree, role=role, generation=generation, born_ns=born_ns)
    return Envelope(sender=sender, sent_at_ns=sent_at_ns, payload=payload)


def absent(role: str) -> CommandAnswered:
    """What a supervisor answers for a role that has no process now: nothing was given to anybody."""
    return CommandAnswered(is_done=False, text=f"{role} is not running")


# --- said between shells over Thespian -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """To a new actor: who you are. `launcher_pid` and `launcher_started` name the process whose end ends the tree."""

    tree_file: str
    role: str
    generation: int
    launcher_pid: int
    launcher_started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """From a child to its supervisor: my machine has started and taken in what it asked for first (its journal)."""

    role: str
    generation: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """From a child to its supervisor: I am ending myself, in order."""

    role: str
    generation: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An envelope on Thespian's wire: to and from supervisors, who have no sockets of their own."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A person's command to the actor `role`; `correlation` comes back in the `Answer`."""

    role: str
    correlation: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """An `Ask` on its way from the supervisor to the actor it is for, with the address that waits."""

    asker: object
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To the person who asked."""

    correlation: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """From the launcher: do you still handle messages?"""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """The supervisor still does."""

    number: int
    pid: int
