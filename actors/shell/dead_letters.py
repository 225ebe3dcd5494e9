"""Dead letters: messages nobody could take, kept in the tree's log folder, one JSON line each."""

from __future__ import annotations

import json
import time
from pathlib import Path

from engine.messages.base import Message

MOST_BYTES = 20_000_000  # then the file is put aside, in place of the one put aside before


class DeadLetters:
    """Of one actor process."""

    def __init__(self, folder: Path, role: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "dead_letters.jsonl"
        self._role = role

    def keep(self, to: str, message: Message) -> None:
        self._write({"to": to, "name": type(message).__name__, "message": repr(message)})

    def keep_malformed(self, text: str) -> None:
        self._write({"to": self._role, "name": "malformed", "message": text})

    def _write(self, letter: dict[str, str]) -> None:
        if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
            self._path.replace(self._path.with_suffix(".1.jsonl"))
        line = json.dumps({"at_ns": time.time_ns(), "from": self._role, **letter})
        with self._path.open("a") as file:
            file.write(line + "\n")
