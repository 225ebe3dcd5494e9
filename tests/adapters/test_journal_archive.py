"""Archives: recovery is the same after one, the chain goes through it, and every damage is named. And the head."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from adapters.journal import migration
from adapters.journal.archive import archive
from adapters.journal.archive_check import verify_archives
from adapters.journal.head import head_file
from adapters.journal.reader import JournalReader
from adapters.journal.sqlite_journal import SqliteJournal
from engine import checkpoint
from engine.errors import StoreError
from engine.messages.events import StreamChanged
from engine.messages.facts import Checkpoint, LimitsSet
from tests.adapters.archive_builders import Story, book_after, count, lived, read, sql, write
from tests.builders import NOW_NS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live-1" / "journal.sqlite"


@pytest.fixture
def story(path: Path) -> Story:
    story = lived()
    write(path, story)
    return story


def test_a_checkpoint_is_the_same_book_wherever_the_journal_is_cut(story: Story) -> None:
    for length in range(len(story) + 1):
        made = checkpoint.after(story[:length])
        assert checkpoint.book_of(made) == book_after(story[:length])


def test_after_an_archive_the_recovery_is_the_same_and_the_chain_goes_through(path: Path, story: Story) -> None:
    middle = story[len(story) // 2][0]

    done = archive(path, middle)

    assert done.file is not None
    assert 0 < done.messages < len(story)
    rest = read(path)
    assert isinstance(rest[0][1], Checkpoint)
    assert book_after(rest) == book_after(story)
    assert len(rest) - 1 + done.messages == len(story) == count(path)


def test_archives_follow_each_other_and_a_journal_may_be_archived_whole(path: Path, story: Story) -> None:
    first = archive(path, story[len(story) // 3][0])
    second = archive(path, NOW_NS * 2)

    assert first.messages + second.messages == len(story) == count(path)
    assert book_after(read(path)) == book_after(story)
    write(path, ((NOW_NS * 2, StreamChanged(stream="user", is_up=True, text="")),))
    assert count(path) == len(story) + 1
    assert archive(path, 1).file is None
    limits = [event.limits for _, event in story if isinstance(event, LimitsSet)]
    assert checkpoint.after(read(path)).limits == limits[-1]


def test_what_commands_show_is_still_there_and_anybody_can_query_the_file(path: Path, story: Story) -> None:
    with JournalReader(path) as reader:
        before = reader.trades(), reader.signals()

    done = archive(path, NOW_NS * 2)

    with JournalReader(path) as reader:
        assert (reader.trades(), reader.signals()) == before
    found = duckdb.sql(f"SELECT count(*) FROM '{done.file}' WHERE name = 'OrderFilled'").limit(1).fetchall()
    assert found == [(sum(type(event).__name__ == "OrderFilled" for _, event in story),)]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path, file: file.unlink(), "is missing"),
        (lambda path, file: file.write_bytes(file.read_bytes()[:-9] + b"x" * 9), "not what was written"),
        (lambda path, file: sql(path, "UPDATE archives SET last_hash = x'00'"), "ends at message"),
        (
            lambda path, file: sql(path, "UPDATE messages SET bytes = x'00'"),
            "is not the one",
        ),
    ],
)
def test_every_damage_to_an_archive_is_named(path: Path, story: Story, damage, told: str) -> None:
    file = archive(path, NOW_NS * 2).file

    damage(path, file)

    with pytest.raises(StoreError, match=told):
        verify_archives(path)


def test_a_journal_in_use_is_not_archived(path: Path, story: Story) -> None:
    journal = SqliteJournal(path)
    with pytest.raises(StoreError, match="already open for writing"):
        archive(path, NOW_NS * 2)
    journal.close()


def test_with_archives_there_is_no_way_back_to_a_program_that_cannot_read_them(path: Path, story: Story) -> None:
    archive(path, NOW_NS * 2)

    with pytest.raises(StoreError, match="archive-journal --restore puts them back"):
        migration.migrate_file(path, 1)

    assert count(path) == len(story)


def test_the_first_version_is_migrated_and_goes_on(path: Path, story: Story) -> None:
    assert migration.migrate_file(path, 1) == migration.newest_version()
    with pytest.raises(StoreError, match="migrate-journal"):
        JournalReader(path)

    assert read(path) == story


# --- the head --------------------------------------------------------------------------------------------------------


def test_cutting_off_the_newest_messages_is_noticed(path: Path, story: Story) -> None:
    sql(path, f"DELETE FROM messages WHERE sequence > {len(story) - 3}")

    with pytest.raises(StoreError, match=f"message {len(story)} was written and is not here"):
        SqliteJournal(path)
    with JournalReader(path) as reader, pytest.raises(StoreError, match="journal was cut"):
        reader.verify()


def test_an_older_copy_put_back_is_noticed_until_a_person_moves_the_head_away(path: Path, story: Story) -> None:
    copy = path.read_bytes()
    write(path, ((NOW_NS * 2, StreamChanged(stream="user", is_up=True, text="")),))
    for one in path.parent.glob("journal.sqlite-[ws]*"):
        one.unlink()
    path.write_bytes(copy)

    with pytest.raises(StoreError, match="cut or exchanged"):
        SqliteJournal(path)

    head_file(path).unlink()
    assert read(path) == story


def test_another_end_of_the_same_length_is_noticed(path: Path, story: Story) -> None:
    write(path.with_name("other.sqlite"), (*story[:-1], (story[-1][0] + 1, story[-1][1])))
    path.with_name("other.sqlite").replace(path)

    with pytest.raises(StoreError, match="was written and is not here"):
        SqliteJournal(path)


def test_a_head_left_behind_by_a_power_cut_stops_nothing_and_a_changed_one_does(path: Path, story: Story) -> None:
    old = head_file(path).read_bytes()
    write(path, ((NOW_NS * 2, StreamChanged(stream="user", is_up=True, text="")),))
    head_file(path).write_bytes(old)
    assert len(read(path)) == len(story) + 1

    head_file(path).write_bytes(bytes(len(old)))
    assert len(read(path)) == len(story) + 1

    head_file(path).write_bytes(b"\1" + old[1:])
    with pytest.raises(StoreError, match="was changed"):
        SqliteJournal(path)
