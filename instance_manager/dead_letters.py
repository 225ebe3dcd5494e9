"""Undelivered messages of a tree: read, and given again to whom they were meant for."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actors.shell.dead_letters import MALFORMED, dead_letters_file
from actors.shell.envelope import absent
from actors.shell.tree import ACCOUNT
from engine import delivery
from engine.candles import utc
from engine.errors import MalformedMessage
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.events import BreakerReset
from instance_manager import control
from instance_manager.errors import NotRunning, RefusedForSafety
from instance_manager.workspace import Workspace

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


def replay(home: Path, tree: str, letter: DeadLetter, *, is_confirmed: bool = False) -> str:
    """Give it again to whom it was meant for; what follows. Raises RefusedForSafety, NotRunning, StoreError."""
    message = _meant(letter)
    where, dot, role = letter.to.rpartition(".")
    where = where if dot else tree
    if isinstance(message, delivery.STOPPING) and not is_confirmed:
        _require_no_reset_since(Workspace(home), where, letter, message)
    answer = control.ask(home, where, message, role=role, timeout_s=REPLAY_LIMIT_S)
    if answer == absent(role):
        raise NotRunning(f"{role} of {where} is not running: {letter.id} was given to nobody")
    said = answer.text if answer.is_done else "no answer, as to anything that is no question"
    return f"given ({said}); {delivery.what_follows(message)}"


def _meant(letter: DeadLetter) -> Message:
    """The message itself. Raises RefusedForSafety when there is none, or an old one would do harm."""
    if letter.name == MALFORMED or not letter.payload:
        raise RefusedForSafety(f"{letter.id}: it was never a message of ours; it is kept for inspection only")
    try:
        message = wire.decode(b64decode(letter.payload))
    except (ValueError, MalformedMessage) as error:
        raise RefusedForSafety(f"{letter.id}: this program does not understand it: {error}") from error
    if objection := delivery.objection(message):
        raise RefusedForSafety(f"{letter.id}: {objection}")
    return message


def _require_no_reset_since(workspace: Workspace, where: str, letter: DeadLetter, message: Message) -> None:
    """A person's later word counts. What the account system is told stops others, and any may have been reset."""
    for name in _journaled(workspace) if where == ACCOUNT else [where]:
        at_ns, reset = _newest_reset(workspace.journal_file(name))
        if reset is not None and at_ns > letter.at_ns:
            raise RefusedForSafety(
                f"{letter.id}: {name} was reset after it, at {utc(at_ns)}, by {reset.operator}: {reset.reason}. "
                f"Given again {delivery.what_follows(message)}; --confirm when that is what you want"
            )


def _journaled(workspace: Workspace) -> list[str]:
    return sorted(path.parent.name for path in workspace.instances.glob("*/journal.sqlite"))


def _newest_reset(journal: Path) -> tuple[int, BreakerReset | None]:
    """When, and by whom."""
    from adapters.journal.reader import JournalReader

    if not journal.exists():
        return 0, None
    with JournalReader(journal) as reader:
        found = reader.newest_entry(BreakerReset.__name__)
    return (found.recorded_at_ns, found.message) if found and isinstance(found.message, BreakerReset) else (0, None)
