"""Old messages of a journal as Parquet: out of the way of a recovery, still chained, still readable.

Only while nobody writes. The file is durable before the messages leave the journal, in one transaction that also keeps
the checkpoint a recovery begins with. What commands show of the past stays in it as well.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.journal.archive_check import require_archives
from adapters.journal.archive_file import COLUMNS, Row, digest_of, folder_of, rows_of, write
from adapters.journal.archives import Archive, archives_of, checkpoint_of, note
from adapters.journal.chain import anchor_of, entries
from adapters.journal.leftovers import clear
from adapters.journal.upkeep import at_once, writing
from engine import checkpoint
from engine.messages import wire

STAYING = (  # few, and asked for by commands however old they are
    *("AnchorRecorded", "SignalReceived", "SignalFiltered", "TradeClosed", "FundingBooked", "LimitsSet"),
    "BreakerReset",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What one call archived; `file` is None when nothing is that old."""

    messages: int
    file: Path | None


def archive(journal: Path, before_ns: int) -> Archived:
    """Move all messages recorded before `before_ns` into one more file. Raises StoreError; nothing is lost then.

    What an earlier call left that did not come to its end is removed first.
    """
    with writing(journal) as connection:
        seal_older(connection, journal)
        clear(connection, journal)
        return _archive(connection, journal, before_ns)


def seal_older(connection: sqlite3.Connection, journal: Path) -> None:
    """What an older program archived gets a seal and what stays today, once its files come to its checkpoint.

    Raises StoreError when they do not, or are not there.
    """
    older = [one for one in archives_of(connection) if one.seal is None]
    if not older:
        return
    require_archives(connection, journal)
    with at_once(connection):
        for one in older:
            stayed = [row for row in rows_of(folder_of(journal) / one.file, one.digest) if row[2] in STAYING]
            _put(connection, stayed)
            note(connection, replace(one, staying=" ".join(STAYING)))


def _put(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """Archived messages, also where they are no more; what is there of them already is the same."""
    connection.executemany(f"INSERT OR REPLACE INTO messages ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", rows)


def _archive(connection: sqlite3.Connection, journal: Path, before_ns: int) -> Archived:
    archived, _ = anchor_of(connection)
    intact = [(entry.sequence, entry.recorded_at_ns, entry.message) for entry in entries(connection, journal)]
    old = [one for one in intact if one[1] < before_ns]
    if not old:
        return Archived(messages=0, file=None)
    last = old[-1][0]
    earlier = checkpoint_of(connection, journal)
    story = [(at_ns, message) for sequence, at_ns, message in intact if sequence <= last]
    state = checkpoint.after(story if earlier is None else [(0, earlier), *story])
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM messages WHERE sequence > ? AND sequence <= ? ORDER BY sequence", (archived, last)
    ).fetchall()
    file = write(folder_of(journal), rows)
    _leave(connection, _noted(rows, file, wire.encode(state)))
    return Archived(messages=len(rows), file=file)


def _noted(rows: list[Row], file: Path, state: bytes) -> Archive:
    return Archive(
        first_sequence=rows[0][0],
        last_sequence=rows[-1][0],
        last_hash=rows[-1][4],
        file=file.name,
        digest=digest_of(file),
        checkpoint=state,
        staying=" ".join(STAYING),
    )


def _leave(connection: sqlite3.Connection, archive: Archive) -> None:
    """The archive is noted and its messages leave, at once or not at all."""
    with at_once(connection):
        note(connection, archive)
        connection.execute(
            f"DELETE FROM messages WHERE sequence <= ? AND name NOT IN {STAYING}", (archive.last_sequence,)
        )
    connection.execute("VACUUM")
