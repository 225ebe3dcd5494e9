"""One writer per store: a lock the kernel drops with its process, so a dead one never leaves it behind.

POSIX record locks, because Thespian forks: unlike `flock`, they are not inherited by a child. They don't see a second
writer in the same process, so the paths held here are remembered too.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from engine.errors import StoreError

_held: set[tuple[int, Path]] = set()


class WriterLock:
    """Held from creation until `release`. Raises StoreError naming the holder."""

    def __init__(self, store: Path) -> None:
        self._key = (os.getpid(), store.resolve())
        if self._key in _held:
            raise StoreError(f"{store} is already open for writing in this process")
        self._file = _locked(store.with_name(store.name + ".lock"), store)
        _held.add(self._key)

    def release(self) -> None:
        """Let others write."""
        _held.discard(self._key)
        self._file.close()


def _locked(path: Path, store: Path) -> IO[str]:
    try:
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; check the folder's owner and free space"
        ) from error
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise StoreError(f"{store} is being written by process {holder or '?'}; stop that one first") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
