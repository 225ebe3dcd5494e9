"""The scoreboard: one writer per cell, readers that never believe half a cell."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from actors.shell import scoreboard
from actors.shell.scoreboard import CELL_BYTES, ScoreboardReader, ScoreboardWriter, create_scoreboard


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "scoreboard"
    create_scoreboard(path, ("executor", "guard", "standby_guard"))
    return path


def test_what_a_writer_publishes_any_reader_sees(board: Path) -> None:
    writer = ScoreboardWriter(board, "executor", 3)

    writer.publish(phase="READY", sequence=42, digest=b"12345678", extra={"mark": "1.5"})

    cell = ScoreboardReader(board).read()["executor"]
    assert (cell.phase, cell.sequence, cell.digest, cell.generation) == ("READY", 42, b"12345678", 3)
    assert cell.extra == {"mark": "1.5"}
    assert 0 <= cell.age_ns < 1_000_000_000


def test_what_was_met_at_the_inbox_is_shown_beside_what_the_machine_publishes(board: Path) -> None:
    writer, reader = ScoreboardWriter(board, "executor", 1), ScoreboardReader(board)
    writer.publish(phase="READY", sequence=1, digest=b"", extra={"mark": "1.5"})

    writer.show_beside("inbox", {"long queue": 2})
    assert reader.read()["executor"].extra == {"mark": "1.5", "inbox": {"long queue": 2}}

    writer.publish(phase="READY", sequence=2, digest=b"", extra={"mark": "1.6"})
    assert reader.read()["executor"].extra == {"mark": "1.6", "inbox": {"long queue": 2}}


def test_a_role_that_never_wrote_has_no_cell(board: Path) -> None:
    assert ScoreboardReader(board).read() == {}


def test_a_cell_left_half_written_by_a_killed_writer_reads_as_nobody(board: Path) -> None:
    ScoreboardWriter(board, "guard", 1)
    with board.open("r+b") as file:
        file.seek(2 * CELL_BYTES)
        file.write(struct.pack("@Q", 7))

    assert ScoreboardReader(board).read_role("guard") is None


def test_a_cell_with_a_wrong_checksum_reads_as_nobody(board: Path) -> None:
    ScoreboardWriter(board, "guard", 1).hold_guard_lease(10**12)
    with board.open("r+b") as file:
        file.seek(2 * CELL_BYTES + 40)
        file.write(b"\xff\xff\xff")

    reader = ScoreboardReader(board)
    assert reader.read_role("guard") is None
    assert reader.guard_lease_left_ns() <= 0


def test_the_next_life_of_a_role_mends_its_cell(board: Path) -> None:
    ScoreboardWriter(board, "guard", 1)
    with board.open("r+b") as file:
        file.seek(2 * CELL_BYTES)
        file.write(struct.pack("@Q", 7))

    ScoreboardWriter(board, "guard", 2)

    cell = ScoreboardReader(board).read_role("guard")
    assert cell is not None
    assert cell.generation == 2


def test_a_scoreboard_of_an_earlier_boot_shows_nobody(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ScoreboardWriter(board, "guard", 1).hold_guard_lease(10**15)
    monkeypatch.setattr(scoreboard, "boot_id", lambda: "another boot")

    reader = ScoreboardReader(board)

    assert reader.read() == {}
    assert reader.guard_lease_left_ns() <= 0


def test_a_reader_follows_to_the_scoreboard_of_the_next_life(board: Path) -> None:
    reader = ScoreboardReader(board)
    create_scoreboard(board, ("executor",))

    ScoreboardWriter(board, "executor", 5)

    assert {role: cell.generation for role, cell in reader.read().items()} == {"executor": 5}


def test_the_longest_lease_of_any_guard_counts_and_runs_out_by_itself(board: Path) -> None:
    first, second = ScoreboardWriter(board, "guard", 1), ScoreboardWriter(board, "standby_guard", 1)
    reader = ScoreboardReader(board)

    first.hold_guard_lease(20_000_000)
    second.hold_guard_lease(1)

    assert reader.guard_lease_left_ns() > 0
    time.sleep(0.03)
    assert reader.guard_lease_left_ns() <= 0


def test_a_beat_keeps_what_was_published(board: Path) -> None:
    writer = ScoreboardWriter(board, "executor", 1)
    writer.publish(phase="HALTED", sequence=1, digest=b"", extra={})

    writer.beat()

    assert ScoreboardReader(board).read()["executor"].phase == "HALTED"


def test_more_extra_than_a_cell_holds_is_said_and_not_torn(board: Path) -> None:
    ScoreboardWriter(board, "executor", 1).publish(phase="READY", sequence=0, digest=b"", extra={"x": "y" * 20_000})

    assert "truncated" in ScoreboardReader(board).read()["executor"].extra


def test_a_write_takes_microseconds(board: Path) -> None:
    writer = ScoreboardWriter(board, "executor", 1)
    began = time.perf_counter()

    for _ in range(1_000):
        writer.beat()

    assert time.perf_counter() - began < 0.5
