"""What a recovery begins with after an archive is guarded like the messages it stands for, at every start."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.journal import migration
from adapters.journal.archive import STAYING, archive
from adapters.journal.archive_check import verify_archives
from adapters.journal.archives import archives_of, note
from adapters.journal.sqlite_journal import SqliteJournal
from engine.errors import StoreError
from engine.messages import wire
from engine.messages.facts import Checkpoint
from tests.adapters.archive_builders import Story, book_after, count, lived, read, rows, sql, write
from tests.builders import NOW_NS

FOR_EVER_NS = NOW_NS * 2
CHANGES = [
    {"trade_count": 7},
    {"is_panicked": True},
    {"breaker": {"level": "RED", "causes": ["nobody"]}},
    {"wallet_anchor": "1"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live-1" / "journal.sqlite"


@pytest.fixture
def story(path: Path) -> Story:
    """Archived but for its last messages."""
    story = lived()
    write(path, story)
    archive(path, story[-1][0])
    assert 0 < len(read(path)) < len(story)
    return story


def changed(checkpoint: bytes, change: dict[str, Any]) -> bytes:
    found = wire.decode(checkpoint)
    assert isinstance(found, Checkpoint)
    return wire.encode(replace(found, book=json.dumps(json.loads(found.book) | change)))


def change_checkpoint(path: Path, change: dict[str, Any]) -> None:
    [(before,)] = rows(path, "SELECT checkpoint FROM archives")
    sql(path, "UPDATE archives SET checkpoint = ?", changed(before, change))


def made_by_an_older_program(path: Path) -> None:
    """As version 2 left it: no seal, and fewer kinds stayed."""
    migration.migrate_file(path, 2)
    sql(path, "DELETE FROM messages WHERE sequence <= (SELECT max(last_sequence) FROM archives) AND "
              "name NOT IN ('SignalReceived', 'TradeClosed')")  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_changed_checkpoint_is_noticed_by_a_start_and_by_verifying(path: Path, story: Story, change) -> None:
    change_checkpoint(path, change)

    with pytest.raises(StoreError, match="checkpoint is not what was written"):
        read(path)
    with pytest.raises(StoreError, match="checkpoint is not what was written"):
        count(path)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_changed_checkpoint_with_a_seal_of_its_own_is_noticed_by_verifying(path: Path, story: Story, change) -> None:
    connection = sqlite3.connect(path)
    [noted] = archives_of(connection)
    note(connection, replace(noted, checkpoint=changed(noted.checkpoint, change)))
    connection.commit()
    connection.close()

    with pytest.raises(StoreError, match=r"is not what .*parquet comes to"):
        count(path)


def test_a_checkpoint_whose_seal_was_taken_away_is_compared_with_the_archive_before_a_start(
    path: Path, story: Story
) -> None:
    change_checkpoint(path, {"trade_count": 7})
    sql(path, "UPDATE archives SET seal = NULL")

    with pytest.raises(StoreError, match=r"is not what .*parquet comes to"):
        SqliteJournal(path)


@pytest.mark.parametrize("name", ["SignalReceived", "TradeClosed"])
def test_each_message_that_stayed_must_still_be_there(path: Path, story: Story, name: str) -> None:
    sql(path, "DELETE FROM messages WHERE name = ?", name)

    with pytest.raises(StoreError, match=rf"\({name}\) is not here as in journal-.*parquet"):
        verify_archives(path)


def test_a_message_that_was_never_written_is_noticed_among_those_that_stayed(path: Path, story: Story) -> None:
    sql(path, "INSERT INTO messages SELECT -3, recorded_at_ns, name, bytes, hash FROM messages LIMIT 1")

    with pytest.raises(StoreError, match="message -3 is in no archive"):
        verify_archives(path)


# --- archives of an older program ------------------------------------------------------------------------------------


def test_what_an_older_program_archived_is_sealed_by_the_next_start(path: Path, story: Story) -> None:
    sealed, messages = rows(path, "SELECT * FROM archives"), rows(path)
    made_by_an_older_program(path)

    assert book_after(read(path)) == book_after(story)

    assert rows(path, "SELECT * FROM archives") == sealed
    assert rows(path) == messages, f"all of {STAYING} are back"
    assert count(path) == len(story)


def test_an_older_checkpoint_that_was_changed_begins_no_recovery(path: Path, story: Story) -> None:
    made_by_an_older_program(path)
    change_checkpoint(path, {"trade_count": 7})

    for _ in range(2):
        with pytest.raises(StoreError, match=r"is not what .*parquet comes to"):
            SqliteJournal(path)


def test_an_older_checkpoint_without_its_archive_begins_no_recovery(path: Path, story: Story) -> None:
    made_by_an_older_program(path)
    [file] = (path.parent / "archive").iterdir()
    file.rename(path.parent / file.name)

    with pytest.raises(StoreError, match="is missing; put it back"):
        SqliteJournal(path)

    (path.parent / file.name).rename(file)
    assert book_after(read(path)) == book_after(story)


def test_a_refused_way_back_leaves_the_version_as_it_was(path: Path, story: Story) -> None:
    with pytest.raises(StoreError, match="it is unchanged"):
        migration.migrate_file(path, 1)

    assert rows(path, "PRAGMA user_version") == [(migration.newest_version(),)]
    assert count(path) == len(story)
