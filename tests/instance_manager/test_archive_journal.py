"""`predator archive-journal | migrate-journal` as people run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.journal import migration
from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.events import StreamChanged
from tests.builders import SECOND_NS
from tests.desk_builders import predator, predator_json, workspace_with

LIVE = ("--instance", "live-1")
DAY_NS = 86_400 * SECOND_NS


@pytest.fixture
def home(tmp_path):
    """A journal of ten days, a message a day from 1970-01-01."""
    workspace = workspace_with(tmp_path / "home")
    journal = SqliteJournal(workspace.journal_file("live-1"))
    for day in range(10):
        journal.append((StreamChanged(stream="user", is_up=True, text=""),), (), None, day * DAY_NS)
    journal.close()
    return workspace.home


def test_what_is_older_goes_and_all_is_still_counted(home):
    done = predator_json("archive-journal", *LIVE, "--before", "1970-01-04", home=home)

    assert done["messages"] == 3
    assert predator_json("verify-journal", *LIVE, home=home)[0]["messages"] == 10
    again = predator("archive-journal", *LIVE, "--before", "19700104", home=home)
    assert again.stdout == "live-1: nothing is that old\n"


def test_what_went_comes_back_and_then_the_schema_goes_back(home):
    predator("archive-journal", *LIVE, "--before", "1970-01-04", home=home)
    refused = predator("migrate-journal", *LIVE, "--to", "1", home=home)
    assert (refused.returncode, "archive-journal --restore" in refused.stderr) == (7, True), refused.stderr

    done = predator("archive-journal", *LIVE, "--restore", home=home)

    assert done.stdout == "live-1: 3 messages of 1 files are in the journal again\n"
    assert predator_json("archive-journal", *LIVE, "--restore", home=home)["messages"] == 0
    assert predator_json("verify-journal", *LIVE, home=home)[0]["messages"] == 10
    assert predator("migrate-journal", *LIVE, "--to", "1", home=home).returncode == 0


def test_a_file_of_no_archive_is_named(home):
    file = Path(predator_json("archive-journal", *LIVE, "--before", "1970-01-04", home=home)["file"])
    copy = file.with_name("journal-copy.parquet")
    copy.write_bytes(file.read_bytes())

    done = predator("verify-journal", *LIVE, home=home)

    assert (done.returncode, f"{copy} is of no archive" in done.stdout) == (0, True), done.stdout
    assert predator_json("verify-journal", *LIVE, home=home)[0]["leftovers"] == [str(copy)]


def test_what_cannot_be_meant_is_refused(home):
    assert predator("archive-journal", *LIVE, home=home).returncode == 2
    assert predator("archive-journal", *LIVE, "--restore", "--before", "1970-01-04", home=home).returncode == 2
    assert predator("archive-journal", *LIVE, "--before", "yesterday", home=home).returncode == 2
    shadow = predator("archive-journal", "--instance", "shadow-1", "--before", "1970-01-04", home=home)
    assert (shadow.returncode, "send orders" in shadow.stderr) == (4, True)
    assert predator("migrate-journal", *LIVE, "--to", "99", home=home).returncode == 2


def test_the_schema_goes_back_and_forth(home):
    newest = migration.newest_version()

    back = predator("migrate-journal", *LIVE, "--to", "1", home=home)
    assert back.stdout == f"live-1: schema version {newest} -> 1\n"
    refused = predator("show-events", *LIVE, home=home)
    assert (refused.returncode, "migrate-journal" in refused.stderr) == (7, True)
    assert predator("migrate-journal", *LIVE, home=home).returncode == 0
    assert predator_json("verify-journal", *LIVE, home=home)[0]["messages"] == 10
