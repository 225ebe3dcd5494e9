"""Archives go both ways, and a crash at any point of either leaves nothing that counts twice."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from adapters.journal import archive as archiving
from adapters.journal import migration
from adapters.journal import restore as restoring
from adapters.journal.archive import archive
from adapters.journal.archive_check import verify_archives
from adapters.journal.archive_file import folder_of
from adapters.journal.head import read_head
from adapters.journal.leftovers import leftovers_of
from adapters.journal.reader import JournalReader
from adapters.journal.restore import restore
from adapters.journal.sqlite_journal import SqliteJournal
from engine.errors import StoreError
from engine.messages.events import StreamChanged
from tests.adapters.archive_builders import Story, book_after, count, lived, read, rows, sql, write
from tests.builders import NOW_NS

FOR_EVER_NS = NOW_NS * 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live-1" / "journal.sqlite"


@pytest.fixture
def story(path: Path) -> Story:
    story = lived()
    write(path, story)
    return story


def files(path: Path) -> list[str]:
    return sorted(one.name for one in folder_of(path).iterdir())


def in_files(path: Path) -> int:
    """How many messages a person who queries the folder counts."""
    [found] = duckdb.sql(f"SELECT count(*) FROM '{folder_of(path)}/*.parquet'").fetchall()
    return int(found[0])


def killed(deed: Callable[[], object]) -> None:
    """`deed` in a process that ends without a word where it calls `os._exit`."""
    child = multiprocessing.get_context("fork").Process(target=deed)
    child.start()
    child.join(60)
    assert child.exitcode == 9


def test_what_was_archived_comes_back_to_the_byte(path: Path, story: Story) -> None:
    before, head = rows(path), read_head(path)
    archive(path, story[len(story) // 3][0])
    archive(path, story[-2][0])

    done = restore(path)

    assert (rows(path), read_head(path)) == (before, head)
    assert done.files == 2
    assert 0 < done.messages < len(story)
    assert (files(path), rows(path, "SELECT * FROM archives")) == ([], [])
    assert read(path) == story
    assert count(path) == len(story)


def test_then_an_older_program_can_read_it_and_it_can_be_archived_again(path: Path, story: Story) -> None:
    before = rows(path)
    archive(path, FOR_EVER_NS)

    restore(path)
    migration.migrate_file(path, 1)

    assert rows(path) == before
    migration.migrate_file(path, migration.newest_version())
    assert archive(path, FOR_EVER_NS).messages == len(story) == count(path)


def test_what_was_written_since_stays_chained(path: Path, story: Story) -> None:
    archive(path, FOR_EVER_NS)
    write(path, ((FOR_EVER_NS, StreamChanged(stream="user", is_up=True, text="")),))

    restore(path)

    assert count(path) == len(story) + 1
    assert book_after(read(path)[:-1]) == book_after(story)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE archives SET checkpoint = x'00'",
        "DELETE FROM messages WHERE name = 'TradeClosed'",
        "UPDATE messages SET bytes = x'00' WHERE name = 'SignalReceived'",
        "INSERT INTO messages SELECT -3, recorded_at_ns, name, bytes, hash FROM messages LIMIT 1",
    ],
)
def test_it_mends_what_was_changed_in_what_an_archive_left(path: Path, story: Story, damage: str) -> None:
    before = rows(path)
    archive(path, FOR_EVER_NS)
    sql(path, damage)
    with pytest.raises(StoreError, match="archive-journal --restore"):
        count(path)

    restore(path)

    assert rows(path) == before


def test_a_changed_file_restores_nothing(path: Path, story: Story) -> None:
    file = archive(path, story[-1][0]).file
    assert file is not None
    before = rows(path)
    file.write_bytes(file.read_bytes()[:-9] + b"x" * 9)

    with pytest.raises(StoreError, match="is not what was written"):
        restore(path)

    assert rows(path) == before


def test_a_damaged_rest_restores_nothing(path: Path, story: Story) -> None:
    archive(path, story[-3][0])
    sql(path, f"UPDATE messages SET bytes = x'00' WHERE sequence = {len(story)}")
    before = rows(path)

    with pytest.raises(StoreError, match=f"message {len(story)} is not what was written"):
        restore(path)

    assert rows(path) == before


def test_a_journal_in_use_is_not_restored_and_one_without_archives_is_as_it_was(path: Path, story: Story) -> None:
    before = rows(path)
    journal = SqliteJournal(path)
    with pytest.raises(StoreError, match="already open for writing"):
        restore(path)
    journal.close()

    assert restore(path).files == 0
    assert rows(path) == before


# --- crashes ---------------------------------------------------------------------------------------------------------


def archive_and_die_before_the_messages_leave(path: Path, before_ns: int) -> None:
    def deed() -> None:
        archiving._leave = lambda *_: os._exit(9)
        archive(path, before_ns)

    killed(deed)


def test_a_file_of_an_archiving_that_was_killed_is_noticed_and_removed_by_the_next(path: Path, story: Story) -> None:
    archive_and_die_before_the_messages_leave(path, story[len(story) // 2][0])
    assert [file.name for file in leftovers_of(path)] == files(path) != []
    assert count(path) == len(story)
    (folder_of(path) / "journal-0000000001-0000000002.tmp").write_bytes(b"half")

    archive(path, FOR_EVER_NS)

    assert leftovers_of(path) == ()
    assert in_files(path) == verify_archives(path) == len(story)
    assert files(path) == [f"journal-{1:010d}-{len(story):010d}.parquet"]


def test_it_is_removed_when_nothing_is_old_enough_too(path: Path, story: Story) -> None:
    archive_and_die_before_the_messages_leave(path, FOR_EVER_NS)

    assert archive(path, 1).file is None

    assert files(path) == []


def test_files_that_a_killed_restoring_left_are_removed_by_the_next_archiving(path: Path, story: Story) -> None:
    archive(path, story[-1][0])

    def deed() -> None:
        restoring.clear = lambda *_: os._exit(9)
        restore(path)

    killed(deed)

    assert len(leftovers_of(path)) == 1
    assert read(path) == story
    archive(path, FOR_EVER_NS)
    assert in_files(path) == len(story) == count(path)


def test_a_file_with_messages_that_the_journal_has_not_is_not_removed(path: Path, story: Story, tmp_path: Path) -> None:
    other = tmp_path / "other" / "journal.sqlite"
    write(other, story[:5])
    file = archive(other, FOR_EVER_NS).file
    assert file is not None
    archive(path, FOR_EVER_NS)
    file.replace(folder_of(path) / file.name)

    with pytest.raises(StoreError, match=r"is no archive of .* move it away"):
        archive(path, FOR_EVER_NS)

    with JournalReader(path) as reader:
        assert reader.verify() == 0
    assert file.name in files(path)
