"""A memory of one message: the newest replaces the older, durably, with a checksum. For tables small enough to rewrite.

Made like a journal so that a machine's `Record` is durable before what follows. What cannot be read is said so
(`StoreUnreadable`), never taken for an empty memory.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from actors.shell.latch import write_durably
from engine.errors import StoreError
from engine.messages.account import StoreUnreadable
from engine.messages.base import Message
from engine.messages.control import JournalRead
from engine.messages.reports import InstanceView
from engine.order import Order


class MemoryFile:
    """`path` holds the last message of `kind` that was recorded."""

    def __init__(self, path: Path, kind: type[Message]) -> None:
        self._path = path
        self._adapter: TypeAdapter[Message] = TypeAdapter(kind)

    def append(
        self, events: tuple[Message, ...], orders: tuple[Order, ...], view: InstanceView | None, now_ns: int
    ) -> int:
        body = self._adapter.dump_json(events[-1]).decode()
        text = json.dumps({"checksum": _checksum(now_ns, body), "recorded_at_ns": now_ns, "body": body})
        try:
            write_durably(self._path, text.encode())
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error}; free or mend the disk") from error
        return now_ns

    def perform(self, call: Message) -> Message:
        """Port `journal`: `ReadJournal`."""
        try:
            return JournalRead(events=self.read())
        except StoreError as error:
            return StoreUnreadable(text=str(error))

    def read(self) -> tuple[tuple[int, Message], ...]:
        """What is remembered; nothing when nothing ever was. Raises StoreError when it is damaged."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error}") from error
        return (self._parse(text),)

    def _parse(self, text: bytes) -> tuple[int, Message]:
        try:
            stored = json.loads(text)
            recorded_at_ns, body = int(stored["recorded_at_ns"]), str(stored["body"])
            if stored["checksum"] != _checksum(recorded_at_ns, body):
                raise ValueError("the checksum does not agree")
            return recorded_at_ns, self._adapter.validate_json(body)
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise StoreError(f"{self._path} is damaged ({error}); look at it, then move it away") from error


def _checksum(recorded_at_ns: int, body: str) -> str:
    return blake2b(f"{recorded_at_ns}:{body}".encode(), digest_size=8).hexdigest()
