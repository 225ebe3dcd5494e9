"""The file of an archive: messages as Parquet, durable before anybody counts on it, and known by its digest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.store_trouble import make_folder
from engine.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = "sequence, recorded_at_ns, name, bytes, hash"
Row = tuple[int, int, str, bytes, bytes]


def folder_of(journal: Path) -> Path:
    return journal.parent / "archive"


def write(folder: Path, rows: list[Row]) -> Path:
    """One more file with these messages. Raises StoreError."""
    import pyarrow.parquet as pq

    make_folder(folder)
    file = folder / f"journal-{rows[0][0]:010d}-{rows[-1][0]:010d}.parquet"
    temporary = file.with_suffix(".tmp")
    try:
        pq.write_table(_table(rows), temporary, compression="zstd")
        flush(temporary)
        temporary.replace(file)
        flush(folder)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error}; the journal is as it was") from error
    return file


def rows_of(file: Path, digest: bytes) -> Iterator[Row]:
    """Its messages. Raises StoreError when it is not the file that was written."""
    if not file.exists():
        raise StoreError(f"{file} is missing; put it back: the journal's first messages are in it")
    if digest_of(file) != digest:
        raise StoreError(f"{file} is not what was written; put an intact copy back")
    return read(file)


def read(file: Path) -> Iterator[Row]:
    """What is in it, whoever wrote it."""
    import pyarrow.parquet as pq

    table: pa.Table = pq.read_table(file)
    for row in table.to_pylist():
        yield (row["sequence"], row["recorded_at_ns"], row["name"], row["bytes"], row["hash"])


def digest_of(file: Path) -> bytes:
    return blake2b(file.read_bytes(), digest_size=16).digest()


def flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _table(rows: list[Row]) -> pa.Table:
    import pyarrow as pa

    kinds = (pa.int64(), pa.int64(), pa.string(), pa.binary(), pa.binary())
    names, columns = COLUMNS.split(", "), zip(*rows, strict=True)
    return pa.table({name: pa.array(list(c), kind) for name, kind, c in zip(names, kinds, columns, strict=True)})
