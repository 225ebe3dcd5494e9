"""The bars an instance received, so that a restart can feed its strategy the same ones again.

Not the audit trail: WAL with synchronous=NORMAL. A power cut may lose the newest bars, and the exchange still has them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.store_trouble import make_folder, store_error
from adapters.writer_lock import WriterLock
from engine.errors import StoreError
from engine.market import Bar

MADE = """CREATE TABLE IF NOT EXISTS bars (
    open_time_ns INTEGER PRIMARY KEY, open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL,
    volume REAL NOT NULL
) WITHOUT ROWID"""
ADD = "INSERT OR IGNORE INTO bars VALUES (?, ?, ?, ?, ?, ?)"
RANGE = "SELECT * FROM bars WHERE open_time_ns >= ? AND open_time_ns < ? ORDER BY open_time_ns"
ENDS = "SELECT min(open_time_ns), max(open_time_ns) FROM bars"
ALWAYS = 2**62


class BarLog:
    """`is_writer` takes the writer's lock and makes the file; readers may come at any time after that."""

    def __init__(self, path: Path, *, is_writer: bool = False) -> None:
        self.path = path
        self._lock: WriterLock | None = None
        if is_writer:
            make_folder(path.parent)
            self._lock = WriterLock(path)
        try:
            self._connection = _opened(path, is_writer)
        except (sqlite3.Error, StoreError) as error:
            self._release()
            raise store_error(path, error) from error

    def append(self, bars: Sequence[Bar]) -> None:
        """Keep these bars; one whose time is known already is left as it is. Raises StoreError."""
        if self._lock is None:
            raise StoreError(f"{self.path} was opened for reading")
        rows = [(bar.open_time_ns, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
        try:
            with self._connection:
                self._connection.executemany(ADD, rows)
        except sqlite3.Error as error:
            raise store_error(self.path, error) from error

    def read(self, from_open_time_ns: int = 0, until_open_time_ns: int | None = None) -> tuple[Bar, ...]:
        """Bars with open times in [from, until), oldest first."""
        until_ns = ALWAYS if until_open_time_ns is None else until_open_time_ns
        found = self._all(RANGE, (from_open_time_ns, until_ns))
        return tuple(
            Bar(open_time_ns=row[0], open=row[1], high=row[2], low=row[3], close=row[4], volume=row[5]) for row in found
        )

    def first_open_time_ns(self) -> int | None:
        """The oldest bar's, None when empty."""
        first: int | None = self._all(ENDS)[0][0]
        return first

    def last_open_time_ns(self) -> int | None:
        """The newest bar's, None when empty."""
        last: int | None = self._all(ENDS)[0][1]
        return last

    def close(self) -> None:
        """Give up the file and the lock."""
        self._connection.close()
        self._release()

    def __enter__(self) -> BarLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, query: str, values: tuple[int, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise store_error(self.path, error) from error

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _opened(path: Path, is_writer: bool) -> sqlite3.Connection:
    if not is_writer:
        if not path.exists():
            raise StoreError(f"there are no recorded bars at {path}: the instance never ran")
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2.0)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=2.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(MADE)
    except BaseException:  # an interrupt too leaves no connection behind
        connection.close()
        raise
    return connection
