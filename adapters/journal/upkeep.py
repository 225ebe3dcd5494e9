"""A journal open for upkeep, while its instance does not run: by one at a time, each change at once or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.journal.migration import migrate
from adapters.store_trouble import store_error
from adapters.writer_lock import WriterLock


@contextmanager
def writing(journal: Path) -> Iterator[sqlite3.Connection]:
    """The journal, of the newest schema, which nobody else writes meanwhile. Raises StoreError."""
    lock = WriterLock(journal)
    try:
        connection = sqlite3.connect(journal, isolation_level=None)
        try:
            migrate(connection)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise store_error(journal, error) from error
    finally:
        lock.release()


@contextmanager
def at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # an interrupt too leaves no half of it
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
