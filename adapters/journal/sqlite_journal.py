"""The journal of one instance: what was decided and what happened, durable before anything follows from it.

Theory of operation. One writer; one transaction per `append`, flushed to the disk before it returns (WAL, FULL). Each
message is chained to the one before by a hash (`journal_chain`), so a changed byte is noticed when the journal is read;
a head beside the file tells when the newest were cut off. What a broken disk left is never acted on. Whatever goes
wrong raises StoreError with the remedy, and the transaction left nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.journal.archive import seal_older
from adapters.journal.archives import checkpoint_of
from adapters.journal.chain import chain, entries, last_of, require_head, verify
from adapters.journal.head import HeadFile
from adapters.journal.migration import migrate, newest_version, version_of
from adapters.journal.projection import project, put_order
from adapters.store_trouble import make_folder, store_error
from adapters.writer_lock import WriterLock
from engine.errors import StoreError
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.reports import InstanceView, digest_of
from engine.order import Order

ADD_MESSAGE = "INSERT INTO messages VALUES (?, ?, ?, ?, ?)"
PUT_VIEW = "INSERT OR REPLACE INTO view VALUES (1, ?, ?, ?)"


class SqliteJournal:
    """The writer. Opening it makes the file, migrates an older one, and refuses a second writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        make_folder(path.parent)
        self._lock = WriterLock(path)
        try:
            _leave_what_is_cut(path)
            self._connection, (self._sequence, self._hash) = _open_for_writing(path)
            self._head = HeadFile(path)
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
        self._head.write(self._sequence, self._hash)
        return self._sequence

    def read_all(self) -> tuple[tuple[int, Message], ...]:
        """(wall clock of recording, message), oldest first, the chain verified. Raises StoreError.

        What was archived is represented by its checkpoint, whose seal is verified too.
        """
        first = checkpoint_of(self._connection, self.path)
        found = tuple((entry.recorded_at_ns, entry.message) for entry in entries(self._connection, self.path))
        return found if first is None else ((0, first), *found)

    def verify(self) -> int:
        """The number of messages, each intact and in its place. Raises StoreError naming the first that is not."""
        return verify(self._connection, self.path)

    def close(self) -> None:
        """Give up the file and the lock."""
        self._connection.close()
        self._head.close()
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


def _leave_what_is_cut(path: Path) -> None:
    """Looked at read-only first: what stands behind a damaged frame of the -wal is gone as soon as a writer closes it.

    Those bytes may be all that is left of the newest messages. Raises StoreError.
    """
    if not path.exists():
        return
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        if version_of(connection) == newest_version():
            require_head(connection, path)
    finally:
        connection.close()


def _open_for_writing(path: Path) -> tuple[sqlite3.Connection, tuple[int, bytes]]:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        seal_older(connection, path)
        require_head(connection, path)
        return connection, last_of(connection)
    except BaseException:  # an interrupt too leaves no connection behind
        connection.close()
        raise
