"""Archived messages back into their journal, as if they had never left: every byte, number and hash.

For an older Predator that cannot read archives, and when what an archive left in the journal was changed: the files
have the whole story, the checkpoint only what came of it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from adapters.journal.archive_check import read_chained
from adapters.journal.archive_file import COLUMNS, Row
from adapters.journal.archives import archives_of
from adapters.journal.chain import GENESIS, verify
from adapters.journal.leftovers import clear
from adapters.journal.upkeep import at_once, writing

PUT = f"INSERT INTO messages ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How many messages came back out of how many files; both 0 when nothing was archived."""

    messages: int
    files: int


def restore(journal: Path) -> Restored:
    """Everything that was archived, in one transaction; then the files are removed. Raises StoreError; all is as it was
    then. The chain is verified before, in files and journal, and after.
    """
    with writing(journal) as connection:
        files = len(archives_of(connection))
        verify(connection, journal)
        rows = _archived(connection, journal)
        with at_once(connection):
            _put_back(connection, rows)
            verify(connection, journal)
        clear(connection, journal)
        return Restored(messages=len(rows), files=files)


def _archived(connection: sqlite3.Connection, journal: Path) -> list[Row]:
    rows: list[Row] = []
    previous = (0, GENESIS)
    for one in archives_of(connection):
        rows += read_chained(journal, one, previous)
        previous = (one.last_sequence, one.last_hash)
    return rows


def _put_back(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """What stayed gives way to the same messages from the files: they are what was written."""
    if rows:
        connection.execute("DELETE FROM messages WHERE sequence <= ?", (rows[-1][0],))
    connection.executemany(PUT, rows)
    connection.execute("DELETE FROM archives")
