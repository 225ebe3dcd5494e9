"""The head of a journal: the number and hash of its newest message, in a small file beside it.

A chain of hashes cannot tell that its newest messages were cut off; this file can. It is written after each commit and
not flushed: after a power cut it may be behind the journal, never ahead of it. So a head the journal has not reached
means that somebody cut or exchanged the journal.
"""

from __future__ import annotations

import contextlib
import os
import struct
from hashlib import blake2b
from pathlib import Path

from engine.errors import StoreError

_FORM = struct.Struct(">Q16s")
_CHECK_BYTES = 8
_SIZE = _FORM.size + _CHECK_BYTES


def head_file(journal: Path) -> Path:
    return journal.with_name(journal.name + "-head")


class HeadFile:
    """The writer's hand on the head. Raises StoreError."""

    def __init__(self, journal: Path) -> None:
        self._path = head_file(journal)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}; check its owner") from error

    def write(self, sequence: int, chained: bytes) -> None:
        """After the commit: what it can't say any more is only how far the journal was, so it stops nothing."""
        body = _FORM.pack(sequence, chained)
        with contextlib.suppress(OSError):
            os.pwrite(self._file, body + _check(body), 0)

    def close(self) -> None:
        os.close(self._file)


def read_head(journal: Path) -> tuple[int, bytes] | None:
    """(sequence, hash) as last written; None when there is none (an older program's journal, or a power cut at its
    first message). Raises StoreError for one that was changed.
    """
    path = head_file(journal)
    try:
        stored = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}; check its owner") from error
    if not stored.strip(b"\0"):
        return None
    body = stored[: _FORM.size]
    if len(stored) != _SIZE or stored[_FORM.size :] != _check(body):
        raise StoreError(f"{path} was changed; compare the journal with the exchange, then move that file away")
    sequence, chained = _FORM.unpack(body)
    return int(sequence), bytes(chained)


def _check(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK_BYTES).digest()
