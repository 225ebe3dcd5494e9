"""The journal: durable before it says so, in order, chained, and honest about what is wrong with it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
from adapter_builders import a_signal, a_trade, a_view, an_order, filled

from adapters.journal import migration
from adapters.journal.sqlite_journal import SqliteJournal
from engine.errors import StoreError
from engine.messages.events import NotificationDelivered, OrderAccepted, OrderIntended
from engine.order import OrderStatus


@pytest.fixture
def path(tmp_path):
    return tmp_path / "live-1" / "journal.sqlite"


@pytest.fixture
def journal(path):
    journal = SqliteJournal(path)
    yield journal
    journal.close()


def accepted(name="p0000-1-abcd-1-E1"):
    return OrderAccepted(client_order_id=name, venue_order_id="7")


def test_sequences_start_at_one_and_have_no_gaps(journal):
    first = journal.append([accepted(), accepted()], [], None, 10)
    second = journal.append([accepted()], [], None, 20)

    assert (first, second) == (2, 3)


def test_everything_is_read_back_as_it_was_written(path):
    events = [OrderIntended(order=an_order()), accepted(), filled(), a_signal(), a_trade()]
    journal = SqliteJournal(path)
    journal.append(events, [an_order()], a_view(5), 10)
    journal.close()

    again = SqliteJournal(path)

    assert again.read_all() == tuple((10, event) for event in events)
    assert again.sequence == 5
    again.close()


def test_a_view_alone_moves_no_sequence(journal):
    journal.append([accepted()], [], None, 10)

    assert journal.append([], [], a_view(1), 11) == 1


def test_a_journal_that_is_closed_and_opened_goes_on_with_its_chain(path):
    for number in range(3):
        journal = SqliteJournal(path)
        journal.append([accepted(f"p0000-1-abcd-1-E{number}")], [], None, number)
        journal.close()

    journal = SqliteJournal(path)

    assert journal.verify() == 3
    journal.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE messages SET bytes = CAST(replace(bytes, x'37', x'38') AS BLOB) WHERE sequence = 2",
        "UPDATE messages SET recorded_at_ns = recorded_at_ns + 1 WHERE sequence = 2",
        "DELETE FROM messages WHERE sequence = 2",
        "UPDATE messages SET sequence = 20 WHERE sequence = 2",
        "UPDATE messages SET hash = x'00' WHERE sequence = 2",
    ],
)
def test_a_changed_or_missing_message_is_found_and_named(path, damage):
    journal = SqliteJournal(path)
    journal.append([accepted(), accepted(), accepted()], [], None, 10)
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    journal = SqliteJournal(path)

    with pytest.raises(StoreError, match="message 2 is not what was written"):
        journal.verify()
    with pytest.raises(StoreError, match="message 2 is not what was written"):
        journal.read_all()
    journal.close()


def test_bytes_that_a_broken_disk_left_are_refused_with_what_to_do(path):
    journal = SqliteJournal(path)
    journal.append([a_trade(number) for number in range(1, 200)], [], None, 10)
    journal.close()
    data = bytearray(path.read_bytes())
    data[4096 : 4096 + 8192] = os.urandom(8192)
    path.write_bytes(data)

    with pytest.raises(StoreError, match="restore a backup"):  # noqa: PT012 - either step may notice it
        damaged = SqliteJournal(path)
        try:
            damaged.read_all()
        finally:
            damaged.close()
    assert path.read_bytes()[4096:12288] == bytes(data[4096:12288])


def test_a_damaged_wal_is_refused_and_what_stands_behind_the_damage_is_kept(path, tmp_path):
    journal = SqliteJournal(path)
    for number in range(1, 30):
        journal.append([a_trade(number)], [], None, 10)
    copy = tmp_path / "left" / path.name  # as a process that was killed leaves it: nothing is moved out of the -wal
    copy.parent.mkdir()
    for suffix in ("", "-wal", "-head"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    journal.close()
    wal = copy.with_name(copy.name + "-wal")
    data = bytearray(wal.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = os.urandom(4096)
    wal.write_bytes(data)

    for _ in range(3):
        with pytest.raises(StoreError, match="was written and is not here"):
            SqliteJournal(copy)
    assert wal.read_bytes() == bytes(data)


def test_a_damaged_table_beside_the_messages_is_found_when_they_are_read(path):
    journal = SqliteJournal(path)
    journal.append([a_trade(number) for number in range(1, 200)], [], None, 10)
    journal.close()
    with sqlite3.connect(path) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'trades'").fetchall()
    connection.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = os.urandom(4096)
    path.write_bytes(data)

    damaged = SqliteJournal(path)
    for look in (damaged.verify, damaged.read_all):
        with pytest.raises(StoreError, match=r"is damaged: .*restore a backup"):
            look()
    damaged.close()


def test_a_failed_append_leaves_nothing_and_the_next_one_goes_on(path):
    journal = SqliteJournal(path)
    journal.append([accepted()], [], None, 10)
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages + 2}")  # a disk with room for two pages more

    with pytest.raises(StoreError, match="free space on this disk"):
        journal.append([a_trade(number) for number in range(1, 200)], [], a_view(200), 11)

    assert journal.sequence == 1
    assert journal.append([accepted()], [], None, 12) == 2
    assert [when for when, _ in journal.read_all()] == [10, 12]
    journal.close()


def test_a_folder_that_cannot_be_made_is_a_store_error_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StoreError, match="check its owner and free space"):
        SqliteJournal(tmp_path / "file" / "journal.sqlite")


def test_a_file_that_is_no_journal_is_refused_and_kept(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else entirely " * 100)

    with pytest.raises(StoreError, match="keep the file for inspection"):
        SqliteJournal(path)

    assert path.read_bytes().startswith(b"something else")


def test_a_second_writer_in_this_process_is_refused(journal, path):
    with pytest.raises(StoreError, match="already open for writing"):
        SqliteJournal(path)


WRITER = """
import sys, pathlib
from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.events import OrderAccepted
journal = SqliteJournal(pathlib.Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    event = OrderAccepted(client_order_id=f"p0000-1-abcd-1-E{number}", venue_order_id=str(number))
    print(journal.append([event], [], None, number), flush=True)
sys.stdin.read()
"""


def a_writer(path, count):
    arguments = [sys.executable, "-c", WRITER, str(path), str(count)]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end(process, number=signal.SIGKILL):
    process.send_signal(number)
    process.wait(timeout=10)
    process.stdin.close()
    process.stdout.close()


@pytest.mark.processes
def test_a_second_writing_process_is_refused_by_name_and_may_write_once_the_first_died(path):
    writer = a_writer(path, 1)
    assert writer.stdout.readline() == "1\n"

    with pytest.raises(StoreError, match=f"being written by process {writer.pid}"):
        SqliteJournal(path)

    end(writer)
    journal = SqliteJournal(path)  # the lock died with it
    assert journal.append([accepted()], [], None, 1) == 2
    journal.close()


@pytest.mark.processes
def test_a_writer_killed_in_the_middle_loses_nothing_it_acknowledged(path):
    for round_number in range(3):
        writer = a_writer(path, 1_000_000)
        acknowledged = 0
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged >= 150 * (round_number + 1):
                break
        end(writer)

        journal = SqliteJournal(path)
        assert journal.verify() >= acknowledged
        assert journal.sequence == len(journal.read_all())
        journal.close()


def test_a_newer_schema_is_refused_and_left_alone(path):
    SqliteJournal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {migration.newest_version() + 1}")
    connection.close()

    with pytest.raises(StoreError, match="written by a newer one"):
        SqliteJournal(path)


def test_migration_goes_down_to_nothing_and_up_again(path):
    SqliteJournal(path).close()
    connection = sqlite3.connect(path, isolation_level=None)

    migration.migrate(connection, 0)
    assert migration.version_of(connection) == 0
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)

    migration.migrate(connection)
    assert migration.version_of(connection) == migration.newest_version()
    connection.close()
    journal = SqliteJournal(path)
    assert journal.append([accepted()], [an_order(status=OrderStatus.ACCEPTED)], a_view(), 1) == 1
    journal.close()


def test_a_migration_that_fails_changes_nothing(path, monkeypatch):
    SqliteJournal(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    known = migration._steps("up")
    newest = migration.newest_version()
    broken = known | {newest + 1: "CREATE TABLE more (a); CREATE TABLE view (a);"}
    monkeypatch.setattr(migration, "_steps", lambda direction: broken)

    with pytest.raises(StoreError, match=f"could not be migrated to version {newest + 1}"):
        migration.migrate(connection)

    assert migration.version_of(connection) == newest
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
    connection.close()


def test_delivering_a_notification_twice_keeps_the_first_time(journal):
    journal.append([a_trade(1), a_trade(2)], [], None, 10)
    journal.append([NotificationDelivered(trade_number=1)], [], None, 20)
    journal.append([NotificationDelivered(trade_number=1)], [], None, 30)

    rows = journal._connection.execute("SELECT trade_number, delivered_at_ns FROM outbox ORDER BY 1").fetchall()

    assert rows == [(1, 20), (2, None)]
