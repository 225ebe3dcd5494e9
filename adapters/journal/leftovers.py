"""Files an interrupted archiving or restoring left: who queries the folder would count their messages twice.

The journal knows its archives. Any other file in their folder is left over, and is removed once each of its messages
was found in the journal: then nothing is lost by it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from adapters.journal.archive_file import COLUMNS, folder_of, read
from adapters.journal.archives import archives_of
from adapters.store_trouble import store_error
from engine.errors import StoreError

PATTERNS = ("journal-*.parquet", "journal-*.tmp")  # of the second nothing was ever counted on


def leftovers_of(journal: Path) -> tuple[Path, ...]:
    """Those of a journal that may be in use. Raises StoreError."""
    connection = sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return leftovers(connection, journal)
    except sqlite3.Error as error:
        raise store_error(journal, error) from error
    finally:
        connection.close()


def leftovers(connection: sqlite3.Connection, journal: Path) -> tuple[Path, ...]:
    known = {one.file for one in archives_of(connection)}
    found = (file for pattern in PATTERNS for file in folder_of(journal).glob(pattern))
    return tuple(sorted(file for file in found if file.name not in known))


def clear(connection: sqlite3.Connection, journal: Path) -> None:
    """Remove them. Raises StoreError for one with messages that the journal has not."""
    for file in leftovers(connection, journal):
        if file.suffix == ".parquet":
            _require_all_here(connection, journal, file)
        file.unlink()


def _require_all_here(connection: sqlite3.Connection, journal: Path, file: Path) -> None:
    for row in read(file):
        here = connection.execute(f"SELECT {COLUMNS} FROM messages WHERE sequence = ?", (row[0],)).fetchone()
        if here is None or tuple(here) != row:
            raise StoreError(
                f"{file} is no archive of {journal} and has message {row[0]}, which is not there; move it away"
            )
