"""Dead letters: messages nobody could take, kept in the tree's log folder, a JSON line each, to be read or replayed.

All actors of a tree write the one file. What cannot be kept (a full disk) is said in the log and lost: who sent it was
told that it was not delivered, and to end an actor for it, a supervisor even, would cost more than the letter.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from base64 import b64encode
from hashlib import blake2b
from pathlib import Path
from typing import IO

from loguru import logger

from engine.delivery import promise_of
from engine.messages import wire
from engine.messages.base import Message

MOST_BYTES = 20_000_000  # then the file is put aside, in place of the one put aside before
MALFORMED = "malformed"


def dead_letters_file(log_folder: Path) -> Path:
    return log_folder / "dead_letters.jsonl"


class DeadLetters:
    """Of one actor process."""

    def __init__(self, folder: Path, role: str) -> None:
        self._path = dead_letters_file(folder)
        self._role = role

    def keep(self, to: str, message: Message) -> None:
        payload = wire.encode(message)
        self._write(
            {
                "to": to,
                "name": type(message).__name__,
                "promise": promise_of(message).value,
                "message": repr(message),
                "payload": b64encode(payload).decode(),
            }
        )

    def keep_malformed(self, text: str) -> None:
        self._write({"to": self._role, "name": MALFORMED, "message": text})

    def _write(self, letter: dict[str, str]) -> None:
        body = {"at_ns": time.time_ns(), "from": self._role, **letter}
        name = blake2b(json.dumps(body).encode(), digest_size=5).hexdigest()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _put_aside_when_long(self._path)
            _add(self._path, json.dumps({"id": name, **body}).encode())
        except OSError as error:
            logger.error("a dead letter could not be kept ({}): {} to {}", error, letter["name"], letter["to"])


def _put_aside_when_long(path: Path) -> None:
    """By one process: who comes second finds another file there, or the lock taken, and leaves it."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
        if os.fstat(file.fileno()).st_size <= MOST_BYTES:
            return
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(path, file):
            path.replace(path.with_suffix(".1.jsonl"))


def _is_still(path: Path, file: IO[bytes]) -> bool:
    return os.path.samestat(path.stat(), os.fstat(file.fileno()))


def _add(path: Path, line: bytes) -> None:
    """A line, in one piece; one that a full disk cut short does not take the next one with it.

    Another's line that is just being written may look cut short: then an empty line stands behind it.
    """
    with path.open("ab+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        is_torn = end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
        whole = (b"\n" if is_torn else b"") + line + b"\n"
        if file.write(whole) != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
