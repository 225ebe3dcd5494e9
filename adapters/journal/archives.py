"""What a journal notes of its archives, and the seal on each note: a changed checkpoint never begins a recovery."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgpack

from engine.errors import MalformedMessage, StoreError
from engine.messages import wire
from engine.messages.facts import Checkpoint

REMEDY = "`predator archive-journal --restore` puts the story itself back from the archive"
COLUMNS = "first_sequence, last_sequence, last_hash, file, digest, checkpoint, staying, seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One file of messages, the state after it, and which kinds of them stayed in the journal as well.

    `seal` is a hash over all the rest; None for what an older program archived.
    """

    first_sequence: int
    last_sequence: int
    last_hash: bytes
    file: str
    digest: bytes
    checkpoint: bytes
    staying: str
    seal: bytes | None = None

    @property
    def expected_seal(self) -> bytes:
        guarded = (self.first_sequence, self.last_sequence, self.last_hash, self.file, self.digest)
        return blake2b(msgpack.packb((*guarded, self.checkpoint, self.staying)), digest_size=16).digest()

    def stays(self, name: str) -> bool:
        return name in self.staying.split()


def archives_of(connection: sqlite3.Connection) -> list[Archive]:
    """All, oldest first."""
    names = COLUMNS.split(", ")
    found = connection.execute(f"SELECT {COLUMNS} FROM archives ORDER BY first_sequence").fetchall()
    return [Archive(**dict(zip(names, row, strict=True))) for row in found]


def note(connection: sqlite3.Connection, archive: Archive) -> None:
    """Keep it, sealed; in place of what was noted of the same messages before."""
    row = (
        *(archive.first_sequence, archive.last_sequence, archive.last_hash, archive.file, archive.digest),
        *(archive.checkpoint, archive.staying, archive.expected_seal),
    )
    connection.execute(f"INSERT OR REPLACE INTO archives ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def checkpoint_of(connection: sqlite3.Connection, path: Path) -> Checkpoint | None:
    """What a recovery begins with instead of what was archived; None when nothing was. Raises StoreError."""
    noted = archives_of(connection)
    return opened(noted[-1], path) if noted else None


def opened(archive: Archive, path: Path) -> Checkpoint:
    """Its checkpoint. Raises StoreError when it is not what was written, or nothing this program understands."""
    if archive.seal is not None and archive.seal != archive.expected_seal:
        raise StoreError(f"{path}: its checkpoint is not what was written; {REMEDY}")
    try:
        found = wire.decode(archive.checkpoint)
    except MalformedMessage as error:
        raise StoreError(f"{path}: its checkpoint can't be understood: {error}; {REMEDY}") from error
    if not isinstance(found, Checkpoint):
        raise StoreError(f"{path}: a {type(found).__name__} stands where its checkpoint was; {REMEDY}")
    return found
