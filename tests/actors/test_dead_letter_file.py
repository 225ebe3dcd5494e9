"""The file of dead letters: a disk that takes nothing ends no actor, and two who put it aside lose nothing."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from actors.shell import dead_letters
from actors.shell.dead_letters import DeadLetters, dead_letters_file
from engine.messages.control import ReconcileNow
from engine.messages.notices import Notify
from tests.actors.test_shell_host import Stage, stage  # noqa: F401 - the fixture of a host

NOTIFY = Notify(trade_number=1, text="closed")


@pytest.fixture
def said() -> Any:
    """What the log says."""
    found: list[str] = []
    number = logger.add(lambda line: found.append(str(line)), level="ERROR")
    yield found
    logger.remove(number)


def names_in(file: Path) -> list[str]:
    return [json.loads(line)["name"] for line in file.read_text().splitlines() if line]


def test_a_disk_that_takes_nothing_is_said_and_ends_nothing(stage: Stage, said: list[str]) -> None:  # noqa: F811
    full = dead_letters_file(stage.tree.log_folder)
    full.parent.mkdir(parents=True, exist_ok=True)
    full.symlink_to("/dev/full")

    stage.tell(ReconcileNow(reason="send:strategy"))

    assert "Undeliverable" in stage.names()
    assert "No space left" in said[0]
    assert "to strategy" in said[0]


def test_a_folder_that_cannot_be_made_is_said_when_a_letter_comes(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "logs").write_text("a file")

    DeadLetters(tmp_path / "logs" / "live-1", "executor").keep("notifier", NOTIFY)

    assert "could not be kept" in said[0]


def test_a_line_that_a_full_disk_cut_short_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    file = dead_letters_file(tmp_path)
    file.write_bytes(b'{"id": "torn')

    DeadLetters(tmp_path, "executor").keep("notifier", NOTIFY)

    assert file.read_text().splitlines()[0] == '{"id": "torn'
    assert json.loads(file.read_text().splitlines()[1])["name"] == "Notify"


def _write_many(folder: Path, role: str, count: int) -> None:
    for _ in range(count):
        DeadLetters(folder, role).keep("notifier", NOTIFY)


def test_a_long_file_is_put_aside_once_by_however_many_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "MOST_BYTES", 300 * 400)  # put aside every few hundred letters
    writers = [
        multiprocessing.get_context("fork").Process(target=_write_many, args=(tmp_path, f"role-{number}", 150))
        for number in range(4)
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)

    assert [one.exitcode for one in writers] == [0] * 4
    kept = [file for file in (dead_letters_file(tmp_path), tmp_path / "dead_letters.1.jsonl") if file.exists()]
    assert sum(len(names_in(file)) for file in kept) == 600, "600 letters fill it once"


def test_who_finds_another_file_in_its_place_leaves_it_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two that saw a long file, when the first has just put it aside."""
    file = dead_letters_file(tmp_path)
    file.write_bytes(b"x" * 100 + b"\n")
    monkeypatch.setattr(dead_letters, "MOST_BYTES", 50)
    first_is_done = False

    def put_aside_by_the_first(*_: object) -> None:
        nonlocal first_is_done
        if not first_is_done:
            first_is_done = True
            file.replace(file.with_suffix(".1.jsonl"))
            file.write_bytes(b"")

    monkeypatch.setattr(dead_letters.fcntl, "flock", put_aside_by_the_first)
    DeadLetters(tmp_path, "executor").keep("notifier", NOTIFY)

    assert file.with_suffix(".1.jsonl").read_bytes().startswith(b"xxx")
    assert names_in(file) == ["Notify"]
