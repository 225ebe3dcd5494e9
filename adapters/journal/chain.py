"""The chain of a journal: each message is tied to all before it by a hash, across archives, up to the head."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from adapters.journal.head import read_head
from adapters.store_trouble import store_error
from engine.errors import MalformedMessage, StoreError
from engine.messages import wire
from engine.messages.base import Message

GENESIS = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recorded message."""

    sequence: int
    recorded_at_ns: int
    message: Message


def chain(previous: bytes, sequence: int, recorded_at_ns: int, data: bytes) -> bytes:
    """The hash that ties a message to all before it."""
    head = previous + sequence.to_bytes(8, "big") + recorded_at_ns.to_bytes(8, "big", signed=True)
    return blake2b(head + data, digest_size=16).digest()


def entries(connection: sqlite3.Connection, path: Path) -> Iterator[Entry]:
    """Every message, oldest first. Raises StoreError at the first that was changed, is missing or can't be read."""
    for sequence, recorded_at_ns, data in _intact(connection, path):
        try:
            message = wire.decode(data)
        except MalformedMessage as error:
            raise StoreError(f"{path}: message {sequence} can't be understood: {error}") from error
        yield Entry(sequence=sequence, recorded_at_ns=recorded_at_ns, message=message)


def anchor_of(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the last archived message, from which the chain goes on."""
    row = connection.execute(
        "SELECT last_sequence, last_hash FROM archives ORDER BY first_sequence DESC LIMIT 1"
    ).fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, GENESIS)


def last_of(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the newest message; of the genesis when there is none."""
    row = connection.execute("SELECT sequence, hash FROM messages ORDER BY sequence DESC LIMIT 1").fetchone()
    newest = (int(row[0]), bytes(row[1])) if row else (0, GENESIS)
    return max(newest, anchor_of(connection))


def require_head(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError when the newest message that was ever written is not here."""
    head = read_head(path)
    if head is None or head[0] <= anchor_of(connection)[0]:
        return
    row = connection.execute("SELECT hash FROM messages WHERE sequence = ?", (head[0],)).fetchone()
    if row is None or bytes(row[0]) != head[1]:
        raise _cut(path, head[0], last_of(connection)[0])


def verify(connection: sqlite3.Connection, path: Path) -> int:
    """How many messages there are, all intact. Raises StoreError."""
    return sum(1 for _ in _intact(connection, path))


def _intact(connection: sqlite3.Connection, path: Path) -> Iterator[tuple[int, int, bytes]]:
    head = read_head(path)  # before the messages: the writer writes them the other way round
    try:
        _require_sound(connection, path)
        archived, previous = anchor_of(connection)
        expected = archived + 1
        found = connection.execute(
            "SELECT sequence, recorded_at_ns, bytes, hash FROM messages WHERE sequence > ? ORDER BY sequence",
            (archived,),
        )
        for sequence, recorded_at_ns, data, written in found:
            if sequence != expected or chain(previous, sequence, recorded_at_ns, data) != written:
                raise StoreError(
                    f"{path}: message {expected} is not what was written; keep the file and its -wal for inspection "
                    "and restore a backup"
                )
            yield sequence, recorded_at_ns, data
            previous, expected = written, expected + 1
            if head is not None and sequence == head[0] and written != head[1]:
                raise _cut(path, head[0], sequence)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    if head is not None and expected <= head[0]:
        raise _cut(path, head[0], expected - 1)


def _require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Messages may be whole where an index or a table beside them is not: then every append would fail."""
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        text = " ".join(found.split())
        raise StoreError(f"{path} is damaged: {text}; keep the file and its -wal for inspection and restore a backup")


def _cut(path: Path, head: int, newest: int) -> StoreError:
    return StoreError(
        f"{path}: message {head} was written and is not here; the newest that is intact is {newest}: the journal was "
        f"cut or exchanged. Put the right one back; an older backup only after comparing everything at the exchange "
        f"by hand, and then move {path.name}-head away"
    )
