"""`predator panic` and `reset` where nothing runs, the disk refuses, or somebody hangs: what is latched and said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from actors.shell.latch import is_latched
from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.control import CommandAnswered
from engine.messages.reports import InstanceView
from instance_manager import control, lifecycle
from instance_manager.cli.main import app
from instance_manager.errors import NotRunning
from tests.builders import NOW_NS, D
from tests.desk_builders import workspace_with

BOTH = ("--instance", "live-1", "--instance", "demo-1")
WHY = ("--reason", "looked at it")


class Desktop:
    """Commands in a workspace, and what was said to instances that (as the test says) run."""

    def __init__(self, home: Any) -> None:
        self.workspace = workspace_with(home)
        self.told: list[tuple[str, bool]] = []

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    def status(self, name: str) -> dict[str, Any]:
        return dict(json.loads(self.run("status", "--instance", name, "--json").stdout)["instances"][0])

    def is_latched(self, name: str) -> bool:
        return is_latched(self.workspace.home, name)

    def write_view(self, name: str, **fields: Any) -> None:
        journal = SqliteJournal(self.workspace.journal_file(name))
        view = InstanceView(sequence=1, phase="HALTED", wallet_balance=D(1), realised_profit=D(0), fees=D(0), **fields)
        journal.append((), (), view, NOW_NS)
        journal.close()


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Desktop:
    monkeypatch.setenv("PREDATOR_HOME", str(tmp_path / "home"))
    return Desktop(tmp_path / "home")


@pytest.fixture
def running(desk, monkeypatch) -> Desktop:
    """Everybody runs, and answers."""

    def ask(_home: Any, name: str, _command: Any, **_: Any) -> CommandAnswered:
        desk.told.append((name, desk.is_latched("live-1") and desk.is_latched("demo-1")))
        return CommandAnswered(is_done=True, text="")

    monkeypatch.setattr(lifecycle, "is_running", lambda *_: True)
    monkeypatch.setattr(control, "ask", ask)
    return desk


# --- panic -----------------------------------------------------------------------------------------------------------


def test_every_latch_is_on_disk_before_anyone_is_asked(running):
    """One that hangs takes five seconds to be asked; nobody else may wait for its latch so long."""
    done = running.run("panic", *BOTH, *WHY)

    assert done.exit_code == 0
    assert running.told == [("live-1", True), ("demo-1", True)]
    assert done.stdout.splitlines() == ["live-1 is PANICKED", "demo-1 is PANICKED"]


def test_a_disk_that_refuses_one_latch_keeps_nobody_from_being_latched_or_woken(running):
    in_the_way = running.workspace.home / "instances" / "live-1"
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("a file where a folder should be")

    done = running.run("panic", *BOTH, *WHY)

    assert done.exit_code == 7
    assert "live-1" in done.stderr
    assert "cannot be written" in done.stderr
    assert "it runs and was told all the same" in done.stderr
    assert [name for name, _ in running.told] == ["live-1", "demo-1"]
    assert running.is_latched("demo-1")


def test_a_panic_of_everything_that_the_disk_refuses_wakes_everybody_and_says_so(running):
    (running.workspace.home / "panic.latch").mkdir()
    (running.workspace.home / "panic.latch" / "something").touch()

    done = running.run("panic", "--all", *WHY)

    assert done.exit_code == 7
    assert {"live-1", "demo-1"} <= {name for name, _ in running.told}


# --- reset of what is stopped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "why"),
    [
        ({"is_panicked": True}, "it is panicked"),
        ({"breaker": "RED", "breaker_cause": "daily loss"}, "the breaker is RED: daily loss"),
    ],
)
def test_what_the_journal_says_is_reset_by_the_executor_only(desk, view, why):
    """The latch was cleared and RESET was said; no name was kept, and after its start it traded nothing."""
    desk.write_view("live-1", **view)
    desk.run("panic", "--instance", "live-1")

    done = desk.run("reset", "--instance", "live-1", *WHY)

    assert done.exit_code == 3
    assert f"not reset: {why}, as its journal says; start it (it stays halted), then reset" in done.stderr
    assert desk.is_latched("live-1")


def test_a_latch_that_the_instance_never_felt_is_all_there_is_to_reset(desk):
    desk.run("panic", "--instance", "live-1")

    done = desk.run("reset", "--instance", "live-1", *WHY)

    assert (done.exit_code, done.stdout) == (0, "live-1 is RESET\n")
    assert not desk.is_latched("live-1")


def test_a_panic_that_only_the_journal_remembers_is_shown(desk):
    desk.write_view("live-1", is_panicked=True)

    shown = desk.status("live-1")

    assert (shown["panic"], shown["panic_reason"]) == (True, "its journal says that it is panicked")


def test_a_journal_that_cannot_be_read_says_nothing_of_a_reset(desk):
    file = desk.workspace.journal_file("live-1")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"nonsense" * 1_000)
    desk.run("panic", "--instance", "live-1")

    done = desk.run("reset", "--instance", "live-1", *WHY)

    assert done.exit_code == 7
    assert desk.is_latched("live-1")


def test_while_an_instance_is_being_restarted_no_reset_clears_what_nobody_judged(desk, monkeypatch):
    desk.run("panic", "--instance", "live-1")

    def ask(*_: Any, **__: Any) -> CommandAnswered:
        raise NotRunning("live-1 is just being restarted; try again")

    monkeypatch.setattr(lifecycle, "is_running", lambda *_: True)
    monkeypatch.setattr(control, "ask", ask)

    result = desk.run("reset", "--instance", "live-1", *WHY)
    again = desk.run("panic", "--instance", "live-1")

    assert result.exit_code == 3
    assert "try again" in result.stderr
    assert desk.is_latched("live-1")
    assert again.exit_code == 0, "a panic needs nobody's answer: the latch is what counts"
