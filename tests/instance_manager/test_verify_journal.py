"""`predator verify-journal`: an intact journal is counted, a changed one is refused with the first bad row."""

from __future__ import annotations

import json
import sqlite3

import pytest

from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.events import StreamChanged
from instance_manager.workspace import Workspace
from tests.desk_builders import predator, workspace_with

LIVE = ("--instance", "live-1")


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return workspace_with(tmp_path / "home")


def write_journal(workspace: Workspace, messages: int) -> None:
    journal = SqliteJournal(workspace.journal_file("live-1"))
    for number in range(messages):
        journal.append((StreamChanged(stream="user", is_up=True, text=f"number {number}"),), (), None, number)
    journal.close()


def change(workspace: Workspace, statement: str) -> None:
    connection = sqlite3.connect(workspace.journal_file("live-1"))
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_intact_journal_is_counted(workspace):
    write_journal(workspace, 5)

    done = predator("verify-journal", *LIVE, home=workspace.home)

    assert (done.returncode, done.stdout) == (0, "live-1: 5 messages, each intact and in its place\n")


def test_an_instance_that_never_ran_has_nothing_to_break(workspace):
    done = predator("verify-journal", "--all", home=workspace.home)

    assert done.returncode == 0
    assert "live-1: no journal yet" in done.stdout


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE messages SET bytes = CAST('changed' AS BLOB) WHERE sequence = 3",
        "DELETE FROM messages WHERE sequence = 3",
        "UPDATE messages SET recorded_at_ns = recorded_at_ns + 1 WHERE sequence = 3",
        "UPDATE messages SET hash = zeroblob(16) WHERE sequence = 3",
    ],
)
def test_the_first_row_that_is_not_what_was_written_is_named(workspace, damage):
    write_journal(workspace, 5)
    change(workspace, damage)

    done = predator("verify-journal", *LIVE, "--json", home=workspace.home)

    [found] = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["is_intact"] is False
    assert "message 3 is not what was written" in found["trouble"]


def test_an_unknown_instance_is_refused(workspace):
    assert predator("verify-journal", "--instance", "nobody", home=workspace.home).returncode == 3
