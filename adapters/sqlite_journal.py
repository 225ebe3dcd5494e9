"""The journal of one instance: what was decided and what happened, durable before anything follows from it.

Theory of operation. One writer; one transaction per `append`, flushed to the disk before it returns (WAL, FULL). Each
message is chained to the one before by a hash, so a changed byte is noticed when the journal is read; what a broken
disk left is never acted on. Whatever goes wrong raises StoreError with the remedy, and the transaction left nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from adapters.migration import migrate
from adapters.projection import project, put_order
from adapters.writer_lock import WriterLock
from engine.errors import MalformedMessage, StoreError
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import InstanceView, digest_of
from engine.order import Order

GENESIS = bytes(16)
READ_AT_ONCE = 1_000
ADD_MESSAGE = "INSERT INTO messages VALUES (?, ?, ?, ?, ?)"
PUT_VIEW = "INSERT OR REPLACE INTO view VALUES (1, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recorded message."""

    sequence: int
    recorded_at_ns: int
    message: Message


class SqliteJournal:
    """The writer. Opening it makes the file, migrates an older one, and refuses a second writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        make_folder(path.parent)
        self._lock = WriterLock(path)
        try:
            self._connection, (self._sequence, self._hash) = _open_for_writing(path)
        except (sqlite3.Error, StoreError) as error:
            self._lock.release()
            raise store_error(path, error) from error

    @property
    def sequence(self) -> int:
        """The number of the newest message; 0 when there is none."""
        return self._sequence

    def append(self, events: Sequence[Message], orders: Sequence[Order], view: InstanceView | None, now_ns: int) -> int:
        """Make it all durable at once; the newest sequence. Raises StoreError, and then nothing was written."""
        before = self._sequence, self._hash
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._write(events, orders, view, now_ns)
            self._connection.execute("COMMIT")
        except BaseException as error:  # whatever stopped it half way, an interrupt too, left nothing
            self._sequence, self._hash = before
            self._undo()
            if isinstance(error, sqlite3.Error):
                raise store_error(self.path, error) from error
            raise
        return self._sequence

    def read_all(self) -> tuple[tuple[int, Message], ...]:
        """(wall clock of recording, message), oldest first, the chain verified. Raises StoreError."""
        return tuple((entry.recorded_at_ns, entry.message) for entry in entries(self._connection, self.path))

    def verify(self) -> int:
        """The number of messages, each intact and in its place. Raises StoreError naming the first that is not."""
        return verify(self._connection, self.path)

    def close(self) -> None:
        """Give up the file and the lock."""
        self._connection.close()
        self._lock.release()

    def _write(
        self, events: Sequence[Message], orders: Sequence[Order], view: InstanceView | None, now_ns: int
    ) -> None:
        for event in events:
            self._add(event, now_ns)
        for order in orders:
            put_order(self._connection, order)
        if view is not None:
            encoded = wire.encode(view)
            self._connection.execute(PUT_VIEW, (view.sequence, encoded, digest_of(encoded)))

    def _add(self, event: Message, now_ns: int) -> None:
        data, sequence = wire.encode(event), self._sequence + 1
        chained = chain(self._hash, sequence, now_ns, data)
        self._connection.execute(ADD_MESSAGE, (sequence, now_ns, type(event).__name__, data, chained))
        project(self._connection, event, sequence, now_ns)
        self._sequence, self._hash = sequence, chained

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


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


def verify(connection: sqlite3.Connection, path: Path) -> int:
    """How many messages there are, all intact. Raises StoreError."""
    return sum(1 for _ in _intact(connection, path))


def _intact(connection: sqlite3.Connection, path: Path) -> Iterator[tuple[int, int, bytes]]:
    previous, expected = GENESIS, 1
    try:
        found = connection.execute("SELECT sequence, recorded_at_ns, bytes, hash FROM messages ORDER BY sequence")
        for sequence, recorded_at_ns, data, written in found:
            if sequence != expected or chain(previous, sequence, recorded_at_ns, data) != written:
                raise StoreError(
                    f"{path}: message {expected} is not what was written; keep the file and its -wal for inspection "
                    "and restore a backup"
                )
            yield sequence, recorded_at_ns, data
            previous, expected = written, expected + 1
    except sqlite3.Error as error:
        raise store_error(path, error) from error


def store_error(path: Path, error: Exception) -> StoreError:
    """`error` as ours, with what to do about it."""
    if isinstance(error, StoreError):
        return error
    return StoreError(f"{path}: {error}; {_remedy(str(error))}")


def make_folder(folder: Path) -> None:
    """The folder of a store. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} can't be made: {error.strerror}; check its owner and free space") from error


def _remedy(text: str) -> str:
    if "full" in text:
        return "free space on this disk, then start again: nothing recorded was lost"
    if "readonly" in text or "unable to open" in text:
        return "give this user write access to the folder and the file"
    if "malformed" in text or "not a database" in text or "decode" in text:
        return "keep the file for inspection and restore a backup"
    if "locked" in text:
        return "another program holds it; end that one"
    return "check the disk; nothing recorded was lost"


def _open_for_writing(path: Path) -> tuple[sqlite3.Connection, tuple[int, bytes]]:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        return connection, _last(connection)
    except BaseException:
        connection.close()
        raise


def _last(connection: sqlite3.Connection) -> tuple[int, bytes]:
    row = connection.execute("SELECT sequence, hash FROM messages ORDER BY sequence DESC LIMIT 1").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, GENESIS)
