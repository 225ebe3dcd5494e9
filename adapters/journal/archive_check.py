"""Are archives what was written, and does the journal begin where they end? All of it is read and folded once more.

A recovery begins with a checkpoint, and readers with the messages that stayed. So it is not enough that the files are
intact: they must come to that checkpoint, and each message that should have stayed must be in the journal, unchanged.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from adapters.journal.archive_file import COLUMNS, Row, folder_of, rows_of
from adapters.journal.archives import REMEDY, Archive, archives_of, opened
from adapters.journal.chain import GENESIS, anchor_of, chain
from adapters.store_trouble import store_error
from engine import checkpoint
from engine.errors import InvariantViolated, MalformedMessage, StoreError
from engine.messages import wire


def verify_archives(journal: Path) -> int:
    """The number of archived messages, all of them, their checkpoints and what stayed intact. Raises StoreError."""
    connection = sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return require_archives(connection, journal)
    except sqlite3.Error as error:
        raise store_error(journal, error) from error
    finally:
        connection.close()


def require_archives(connection: sqlite3.Connection, journal: Path) -> int:
    """As `verify_archives`, of an open journal."""
    walk = _Walk(journal, _beside(connection))
    for one in archives_of(connection):
        walk.through(one)
    walk.require_nothing_else()
    return walk.count


def read_chained(journal: Path, archive: Archive, previous: tuple[int, bytes]) -> list[Row]:
    """The messages of one archive, chained to `previous`. Raises StoreError naming the file."""
    found = list(rows_of(folder_of(journal) / archive.file, archive.digest))
    for row in found:
        previous = _next(previous, row, archive.file)
    if previous != (archive.last_sequence, archive.last_hash):
        raise StoreError(
            f"{archive.file}: it ends at message {previous[0]} and not at {archive.last_sequence}; restore a backup"
        )
    return found


class _Walk:
    """From the first message to the end of the newest archive."""

    def __init__(self, journal: Path, beside: dict[int, Row]) -> None:
        self._journal = journal
        self._beside = beside
        self._previous = (0, GENESIS)
        self._fold = checkpoint.Fold()
        self.count = 0

    def through(self, archive: Archive) -> None:
        for row in read_chained(self._journal, archive, self._previous):
            self._require_beside(row, archive)
            self._fold = _folded(self._fold, row, archive.file)
            self.count += 1
        self._previous = (archive.last_sequence, archive.last_hash)
        if not self._fold.is_told_by(opened(archive, self._journal)):
            raise StoreError(
                f"{self._journal}: its checkpoint is not what {archive.file} comes to: it was changed, or made by "
                f"another version of Predator; {REMEDY}"
            )

    def require_nothing_else(self) -> None:
        for sequence in self._beside:
            raise StoreError(f"{self._journal}: message {sequence} is in no archive; {REMEDY}")

    def _require_beside(self, row: Row, archive: Archive) -> None:
        beside = self._beside.pop(row[0], None)
        if beside is None and archive.stays(row[2]):
            raise StoreError(f"{self._journal}: message {row[0]} ({row[2]}) is not here as in {archive.file}; {REMEDY}")
        if beside not in (None, row):
            raise StoreError(f"{self._journal}: message {row[0]} is not the one in {archive.file}; {REMEDY}")


def _beside(connection: sqlite3.Connection) -> dict[int, Row]:
    """What the journal has as well, by number."""
    archived, _ = anchor_of(connection)
    found = connection.execute(f"SELECT {COLUMNS} FROM messages WHERE sequence <= ?", (archived,))
    return {int(row[0]): tuple(row) for row in found}


def _folded(fold: checkpoint.Fold, row: Row, file: str) -> checkpoint.Fold:
    try:
        return fold.after(row[1], wire.decode(row[3]))
    except (MalformedMessage, InvariantViolated) as error:
        raise StoreError(f"{file}: message {row[0]} can't be understood: {error}") from error


def _next(previous: tuple[int, bytes], row: Row, name: str) -> tuple[int, bytes]:
    sequence, recorded_at_ns, _, data, written = row
    if sequence != previous[0] + 1 or chain(previous[1], sequence, recorded_at_ns, data) != written:
        raise StoreError(f"{name}: message {sequence} is not what was written; put an intact copy back")
    return sequence, written
