"""Status from files: what each state looks like on disk, and that nothing there can break the look."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest

from actors.shell.outcome import write_crash, write_outcome
from actors.shell.processes import process_id, record, started_of
from actors.shell.scoreboard import ScoreboardWriter, create_scoreboard
from engine.errors import StoreError
from instance_manager.cli.status import troubles
from instance_manager.settings_file import load_settings
from instance_manager.status import ActorStatus, status_of
from tests.desk_builders import workspace_with

NAME = "live-1"


@pytest.fixture
def place(tmp_path):
    """A workspace with the run folder of an instance."""
    workspace = workspace_with(tmp_path / "home")
    (workspace.run / NAME).mkdir()
    return workspace


def look(workspace):
    return status_of(workspace, load_settings(workspace.settings_file, {}), NAME)


def write_card(workspace, pid: int) -> None:
    card = {"pid": pid, "started": started_of(pid), "admin_port": 0, "supervisor_port": 0}
    (workspace.run / NAME / "launcher.json").write_text(json.dumps(card))


def gone_pid() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_what_came_late_rests_or_was_never_taken_is_told():
    actor = ActorStatus(
        role="reconciler", pid=1, restarts=0, phase="READY", heartbeat_age_ms=1, inbox={"old message": 2},
        services={"account": "OPEN"}, undelivered={"trade 7": "503"},
    )  # fmt: skip
    one = SimpleNamespace(actors=(actor,), dead_letters=3)

    assert troubles(one) == [
        "inbox of reconciler: 2 times old message",
        "reconciler reads account: OPEN",
        "message of trade 7 not delivered yet: 503",
        "dead letters: 3; `predator dead-letters list`",
    ]


def test_what_never_ran_is_stopped(place):
    status = look(place)

    assert (status.state, status.actors, status.uptime, status.panic) == ("STOPPED", (), None, False)
    assert status.equity == "10000"


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("asked by SIGTERM", "STOPPED"),
        ("finished", "FINISHED"),
        ("failed: no candles", "FAILED"),
        ("escalated: guard died 6 times in 30 s", "FAILED"),
    ],
)
def test_how_it_ended_is_its_state(place, reason, state):
    write_card(place, gone_pid())
    write_outcome(place.run / NAME, reason)

    assert look(place).state == state


def test_why_it_gave_up_is_told_with_what_an_actor_raised_last(place):
    write_card(place, gone_pid())
    write_outcome(place.run / NAME, "cannot start: executor died 3 times before it ran")
    write_crash(place.run / NAME, "executor", StoreError("the disk"))

    told = look(place)

    assert told.state == "FAILED"
    assert told.error == "cannot start: executor died 3 times before it ran; last of all executor: StoreError: the disk"


def test_a_store_that_fails_and_what_is_doubted_are_told_as_long_as_their_process_lives(place):
    write_card(place, os.getpid())
    create_scoreboard(place.run / NAME / "scoreboard", ["supervisor", "executor", "reconciler"])
    shown = {"executor": {"store_failed": "the disk is full"}, "reconciler": {"differences": ["an order of nobody"]}}
    for role, extra in shown.items():
        ScoreboardWriter(place.run / NAME / "scoreboard", role, 1).publish(
            phase="HALTED", sequence=0, digest=b"", extra=extra
        )
    before = look(place)
    record(place.run / NAME, process_id(os.getpid(), "executor"))
    now = look(place)

    assert (before.error, before.doubts) == (None, ())
    assert (now.error, now.doubts) == ("the disk is full", ("an order of nobody",))


def test_an_end_without_a_word_is_a_crash(place):
    write_card(place, gone_pid())

    assert look(place).state == "CRASHED"


def test_a_launcher_without_a_supervisor_is_starting(place):
    write_card(place, os.getpid())

    assert look(place).state == "STARTING"


def test_actors_show_pid_restarts_and_phase(place):
    write_card(place, os.getpid())
    record(place.run / NAME, process_id(os.getpid(), "guard"))
    create_scoreboard(place.run / NAME / "scoreboard", ["supervisor", "executor", "guard"])
    guard = ScoreboardWriter(place.run / NAME / "scoreboard", "guard", 3)
    guard.publish(phase="GUARDING", sequence=0, digest=b"", extra={})
    guard.hold_guard_lease(60_000_000_000)

    status = look(place)

    (actor,) = status.actors
    assert (actor.role, actor.pid, actor.restarts, actor.phase) == ("guard", os.getpid(), 2, "GUARDING")
    assert status.guard == "HELD"


def test_a_dead_guards_lease_does_not_count(place):
    write_card(place, os.getpid())
    create_scoreboard(place.run / NAME / "scoreboard", ["guard"])
    ScoreboardWriter(place.run / NAME / "scoreboard", "guard", 1).hold_guard_lease(60_000_000_000)

    status = look(place)

    assert status.guard == "ABSENT"
    assert status.actors[0].pid is None


@pytest.mark.parametrize("name", ["scoreboard", "launcher.json", "processes"])
def test_nonsense_in_a_file_does_not_break_the_look(place, name):
    (place.run / NAME / name).write_bytes(b"\0 nonsense")

    assert look(place).state in {"STOPPED", "CRASHED"}


def test_an_empty_file_by_hand_is_a_panic(place):
    (place.home / "panic.latch").touch()

    status = look(place)

    assert status.panic
    assert "panic" in (status.panic_reason or "")


def test_a_journal_that_is_none_is_told(place):
    place.journal_file(NAME).parent.mkdir()
    place.journal_file(NAME).write_bytes(b"not a database" * 100)

    assert "journal" in (look(place).error or "")
