"""Reading a journal from any process while its writer works. Never writes, never blocks the writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adapters.journal.archives import checkpoint_of
from adapters.journal.chain import Entry, verify
from adapters.journal.migration import check_version
from adapters.journal.projection import order_of
from adapters.store_trouble import store_error
from engine.errors import MalformedMessage, StoreError
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.events import SignalReceived, TradeClosed
from engine.messages.facts import Checkpoint
from engine.messages.notices import Notify
from engine.messages.reports import InstanceView
from engine.order import Order
from engine.signal import Signal

EVENTS_AT_ONCE = 1_000
NAMED = "SELECT m.bytes FROM {table} t JOIN messages m USING (sequence) ORDER BY sequence"


class JournalReader:
    """Opens the file read-only. Raises StoreError when there is none, or its schema is not ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise StoreError(f"there is no journal at {path}: the instance never ran")
        try:
            self._connection = _opened(path)
        except sqlite3.Error as error:
            raise store_error(path, error) from error

    def view(self) -> InstanceView | None:
        """What operators see; None before the first."""
        row = self.view_row()
        if row is None:
            return None
        view = self._decoded(row[1])
        assert isinstance(view, InstanceView), f"the view row holds a {type(view).__name__}"
        return view

    def view_row(self) -> tuple[int, bytes] | None:
        """(sequence, encoded view), for comparing digests."""
        found = self._all("SELECT sequence, bytes FROM view")
        return (int(found[0]["sequence"]), bytes(found[0]["bytes"])) if found else None

    def trades(self) -> tuple[TradeClosed, ...]:
        """Round trips, oldest first."""
        found = (self._decoded(row["bytes"]) for row in self._all(NAMED.format(table="trades")))
        return tuple(message for message in found if isinstance(message, TradeClosed))

    def signals(self) -> tuple[Signal, ...]:
        """What the play said, oldest first."""
        found = (self._decoded(row["bytes"]) for row in self._all(NAMED.format(table="signals")))
        return tuple(message.signal for message in found if isinstance(message, SignalReceived))

    def orders(self) -> tuple[Order, ...]:
        """Every order as it now stands, oldest first."""
        return tuple(order_of(row) for row in self._all("SELECT * FROM orders ORDER BY created_at_ns, client_order_id"))

    def undelivered(self) -> tuple[Notify, ...]:
        """Messages whose delivery nobody confirmed, oldest first."""
        found = self._all("SELECT * FROM outbox WHERE delivered_at_ns IS NULL ORDER BY trade_number")
        return tuple(Notify(trade_number=row["trade_number"], text=row["text"]) for row in found)

    def events(self, *, after: int = 0, limit: int = EVENTS_AT_ONCE, name: str | None = None) -> tuple[Entry, ...]:
        """At most `limit` messages with sequence above `after`, of one name or of all."""
        found = self._all(
            "SELECT sequence, recorded_at_ns, bytes FROM messages WHERE sequence > ? AND (? IS NULL OR name = ?) "
            "ORDER BY sequence LIMIT ?",
            (after, name, name, limit),
        )
        return tuple(self._entry(row) for row in found)

    def newest(self, name: str) -> Message | None:
        """The newest message of this name."""
        found = self.newest_entry(name)
        return found.message if found else None

    def newest_entry(self, name: str) -> Entry | None:
        """The same, with when it was recorded."""
        query = "SELECT sequence, recorded_at_ns, bytes FROM messages WHERE name = ? ORDER BY sequence DESC LIMIT 1"
        found = self._all(query, (name,))
        return self._entry(found[0]) if found else None

    def named(self, names: Sequence[str], until: int) -> Iterator[Message]:
        """All messages of these names up to and with sequence `until`, oldest first."""
        query = f"SELECT bytes FROM messages WHERE name IN ({', '.join('?' * len(names))}) AND sequence <= ?"
        for row in self._all(f"{query} ORDER BY sequence", (*names, until)):
            yield self._decoded(row["bytes"])

    def checkpoint(self) -> Checkpoint | None:
        """What stands for all that was archived; None when nothing was."""
        try:
            return checkpoint_of(self._connection, self.path)
        except sqlite3.Error as error:
            raise store_error(self.path, error) from error

    def last_sequence(self) -> int:
        """The newest message's number; 0 for none."""
        return int(self._all("SELECT coalesce(max(sequence), 0) AS newest FROM messages")[0]["newest"])

    def verify(self) -> int:
        """The number of messages, all intact. Raises StoreError naming the first that is not."""
        return verify(self._connection, self.path)

    def close(self) -> None:
        """Give up the file."""
        self._connection.close()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _entry(self, row: sqlite3.Row) -> Entry:
        message = self._decoded(row["bytes"])
        return Entry(sequence=row["sequence"], recorded_at_ns=row["recorded_at_ns"], message=message)

    def _decoded(self, data: bytes) -> Message:
        try:
            return wire.decode(data)
        except MalformedMessage as error:
            raise StoreError(f"{self.path}: a message can't be understood: {error}") from error

    def _all(self, query: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise store_error(self.path, error) from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2.0)
    try:
        connection.row_factory = sqlite3.Row
        check_version(connection)
    except BaseException:  # an interrupt too leaves no connection behind
        connection.close()
        raise
    return connection
