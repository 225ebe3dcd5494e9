"""Dead letters: messages nobody could take, kept in the tree's log folder, a JSON line each, to be read or replayed."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from hashlib import blake2b
from pathlib import Path

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
        folder.mkdir(parents=True, exist_ok=True)
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
        if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
            self._path.replace(self._path.with_suffix(".1.jsonl"))
        body = {"at_ns": time.time_ns(), "from": self._role, **letter}
        name = blake2b(json.dumps(body).encode(), digest_size=5).hexdigest()
        with self._path.open("a") as file:
            file.write(json.dumps({"id": name, **body}) + "\n")
