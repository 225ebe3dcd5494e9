"""Given-builders for tests of archives: a story an executor journaled, written, read, and damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from adapters.journal.archive_check import verify_archives
from adapters.journal.reader import JournalReader
from adapters.journal.sqlite_journal import SqliteJournal
from engine import checkpoint
from engine.book.fold import apply
from engine.book.state import Book
from engine.messages.base import Message
from engine.messages.facts import Checkpoint
from engine.signal import Intent
from tests.actors.executor_laws import holding

Story = tuple[tuple[int, Message], ...]


def lived() -> Story:
    """A whole trade and the beginning of the next, as an executor journaled them."""
    desk = holding()
    desk.market(42_500)
    desk.run(2_000)
    desk.cycle(2, Intent.ENTER_LONG, close=42_500.0)
    desk.run(2_000)
    assert desk.book.trade_count == 1
    return tuple(desk.journal)


def book_after(story: Story) -> Book:
    book = Book()
    for at_ns, event in story:
        book = checkpoint.book_of(event) if isinstance(event, Checkpoint) else apply(book, event, at_ns)
    return book


def write(path: Path, story: Story) -> None:
    journal = SqliteJournal(path)
    for at_ns, event in story:
        journal.append((event,), (), None, at_ns)
    journal.close()


def read(path: Path) -> Story:
    journal = SqliteJournal(path)
    try:
        return journal.read_all()
    finally:
        journal.close()


def count(path: Path) -> int:
    with JournalReader(path) as reader:
        return verify_archives(path) + reader.verify()


def sql(path: Path, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def rows(path: Path, query: str = "SELECT * FROM messages ORDER BY sequence") -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(query).fetchall()
    connection.close()
    return found
