"""Old messages of a journal as Parquet: out of the way of a recovery, still chained, still readable.

Only while nobody writes. The file is durable before the messages leave the journal, in one transaction that also keeps
the checkpoint a recovery begins with. What the journal's tables refer to (signals, closed trades) stays in it as well.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.journal.chain import GENESIS, anchor_of, chain, checkpoint_of, entries
from adapters.journal.migration import migrate
from adapters.store_trouble import make_folder, store_error
from adapters.writer_lock import WriterLock
from engine import checkpoint
from engine.errors import StoreError
from engine.messages import wire

if TYPE_CHECKING:
    import pyarrow as pa

STAYING = ("SignalReceived", "TradeClosed")
COLUMNS = "sequence, recorded_at_ns, name, bytes, hash"
Row = tuple[int, int, str, bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What one call archived; `file` is None when nothing is that old."""

    messages: int
    file: Path | None


def archive(journal: Path, before_ns: int) -> Archived:
    """Move all messages recorded before `before_ns` into one more file. Raises StoreError; nothing is lost then."""
    lock = WriterLock(journal)
    try:
        connection = sqlite3.connect(journal, isolation_level=None)
        try:
            migrate(connection)
            return _archive(connection, journal, before_ns)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise store_error(journal, error) from error
    finally:
        lock.release()


def verify_archives(journal: Path) -> int:
    """The number of archived messages, each intact, chained, and the same as where it stays in the journal.

    Raises StoreError naming the file.
    """
    connection = sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True)
    try:
        staying = {int(row[0]): tuple(row) for row in _staying(connection)}
        count, previous = 0, (0, GENESIS)
        for name, digest, last in _files(connection):
            for row in _rows_of(journal, name, digest):
                previous = _next(previous, row, name)
                count += 1
                if row[0] in staying and staying[row[0]] != row:
                    raise StoreError(f"{journal}: message {row[0]} is not the one in {name}; one of them was changed")
            if previous != last:
                raise StoreError(f"{name}: it ends at message {previous[0]} and not at {last[0]}; restore a backup")
        return count
    except sqlite3.Error as error:
        raise store_error(journal, error) from error
    finally:
        connection.close()


def folder_of(journal: Path) -> Path:
    return journal.parent / "archive"


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
    file = _write(folder_of(journal), rows)
    placed = (rows[0][0], last, rows[-1][4], file.name, _digest(file), wire.encode(state))
    _leave(connection, placed, last)
    return Archived(messages=len(rows), file=file)


def _leave(connection: sqlite3.Connection, placed: tuple[object, ...], last: int) -> None:
    """The archive is noted and its messages leave, at once or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO archives VALUES (?, ?, ?, ?, ?, ?)", placed)
    connection.execute(f"DELETE FROM messages WHERE sequence <= ? AND name NOT IN {STAYING}", (last,))
    connection.execute("COMMIT")
    connection.execute("VACUUM")


def _write(folder: Path, rows: list[Row]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    make_folder(folder)
    kinds = (pa.int64(), pa.int64(), pa.string(), pa.binary(), pa.binary())
    columns = zip(*rows, strict=True)
    names = COLUMNS.split(", ")
    table = pa.table({name: pa.array(list(c), kind) for name, kind, c in zip(names, kinds, columns, strict=True)})
    file = folder / f"journal-{rows[0][0]:010d}-{rows[-1][0]:010d}.parquet"
    temporary = file.with_suffix(".tmp")
    try:
        pq.write_table(table, temporary, compression="zstd")
        _flush(temporary)
        temporary.replace(file)
        _flush(folder)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error}; the journal is as it was") from error
    return file


def _rows_of(journal: Path, name: str, digest: bytes) -> Iterator[Row]:
    import pyarrow.parquet as pq

    file = folder_of(journal) / name
    if not file.exists():
        raise StoreError(f"{file} is missing; put it back: the journal's first messages are in it")
    if _digest(file) != digest:
        raise StoreError(f"{file} is not what was written; put an intact copy back")
    table: pa.Table = pq.read_table(file)
    for row in table.to_pylist():
        yield (row["sequence"], row["recorded_at_ns"], row["name"], row["bytes"], row["hash"])


def _next(previous: tuple[int, bytes], row: Row, name: str) -> tuple[int, bytes]:
    sequence, recorded_at_ns, _, data, written = row
    if sequence != previous[0] + 1 or chain(previous[1], sequence, recorded_at_ns, data) != written:
        raise StoreError(f"{name}: message {sequence} is not what was written; put an intact copy back")
    return sequence, written


def _files(connection: sqlite3.Connection) -> list[tuple[str, bytes, tuple[int, bytes]]]:
    found = connection.execute("SELECT file, digest, last_sequence, last_hash FROM archives ORDER BY first_sequence")
    return [(str(file), bytes(digest), (int(last), bytes(chained))) for file, digest, last, chained in found]


def _staying(connection: sqlite3.Connection) -> list[Row]:
    archived, _ = anchor_of(connection)
    return connection.execute(f"SELECT {COLUMNS} FROM messages WHERE sequence <= ?", (archived,)).fetchall()


def _digest(file: Path) -> bytes:
    return blake2b(file.read_bytes(), digest_size=16).digest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
