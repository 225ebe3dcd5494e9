"""Undelivered messages of a tree: read, and given again to whom they were meant for."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actors.shell.dead_letters import MALFORMED, dead_letters_file
from engine import delivery
from engine.errors import MalformedMessage
from engine.messages import wire
from instance_manager import control
from instance_manager.errors import RefusedForSafety

REPLAY_LIMIT_S = 1.0  # most messages are answered by deeds, not by words


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One line. `to` is a role of this tree, or `TREE.ROLE`; `payload` is empty for what was no message."""

    id: str
    at_ns: int
    sender: str
    to: str
    name: str
    promise: str
    message: str
    payload: str


def letters_of(log_folder: Path) -> tuple[DeadLetter, ...]:
    """All that are kept, oldest first. A torn line (of a process that was killed while writing) is left out."""
    current = dead_letters_file(log_folder)
    files = (current.with_suffix(".1.jsonl"), current)
    return tuple(letter for file in files if file.exists() for letter in _letters_in(file))


def count_letters(log_folder: Path) -> int:
    """How many are in the newest file, without reading what they say."""
    file = dead_letters_file(log_folder)
    return sum(1 for line in file.read_bytes().splitlines() if line) if file.exists() else 0


def _letters_in(file: Path) -> Iterator[DeadLetter]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            stored = json.loads(line)
        except ValueError:
            continue
        yield DeadLetter(
            id=str(stored.get("id", "")),
            at_ns=int(stored["at_ns"]),
            sender=str(stored["from"]),
            to=str(stored["to"]),
            name=str(stored["name"]),
            promise=str(stored.get("promise", "")),
            message=str(stored["message"]),
            payload=str(stored.get("payload", "")),
        )


def replay(home: Path, tree: str, letter: DeadLetter) -> str:
    """Give it again to whom it was meant for; what they answered. Raises RefusedForSafety, NotRunning."""
    if letter.name == MALFORMED or not letter.payload:
        raise RefusedForSafety(f"{letter.id}: it was never a message of ours; it is kept for inspection only")
    try:
        message = wire.decode(b64decode(letter.payload))
    except (ValueError, MalformedMessage) as error:
        raise RefusedForSafety(f"{letter.id}: this program does not understand it: {error}") from error
    if objection := delivery.objection(message):
        raise RefusedForSafety(f"{letter.id}: {objection}")
    where, dot, role = letter.to.rpartition(".")
    answer = control.ask(home, where if dot else tree, message, role=role, timeout_s=REPLAY_LIMIT_S)
    return answer.text if answer.is_done else "given; it is no question, so nobody answered"
