"""Panic: the latch is on disk before anybody is woken; and what latches are worth when they cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from actors.panic import Panic, State
from actors.shell import latch
from actors.shell.latch import clear_latch, clear_seen, is_latched, latch_file, raise_latch, read_latch
from actors.shell.own_ports import LatchPort, ScoreboardPort
from actors.shell.scoreboard import ScoreboardWriter, create_scoreboard
from actors.shell.tree import tree_of
from engine.errors import StoreError
from engine.machine import Note, Request, Send
from engine.messages.account import LatchFailed, LatchRaised, RaiseLatch
from engine.messages.control import LatchesRead, PanicRaised, ReadLatches
from tests.actors.tree_builders import toy_spec

GLOBAL = PanicRaised(scope="global", reason="fire", flatten=False)


def test_nobody_is_woken_before_the_latch_is_durable() -> None:
    _, effects = Panic().receive(State(), GLOBAL, 0)

    assert effects == (Request(port="latch", call=RaiseLatch(scope="global", reason="fire", flatten=False)),)


def test_when_the_latch_is_durable_everybody_is_woken() -> None:
    _, effects = Panic().receive(State(), LatchRaised(scope="global", reason="fire", flatten=False), 0)

    assert Send(to="*.executor", message=GLOBAL) in effects


def test_an_instances_panic_wakes_only_its_own_executor() -> None:
    _, effects = Panic().receive(State(), LatchRaised(scope="live-1", reason="fire", flatten=True), 0)

    assert [effect.to for effect in effects if isinstance(effect, Send)] == ["live-1.executor"]


def test_when_the_disk_refuses_everybody_is_woken_all_the_same_and_it_is_said() -> None:
    failed = LatchFailed(scope="global", reason="fire", flatten=False, text="disk full")

    _, effects = Panic().receive(State(), failed, 0)

    assert Send(to="*.executor", message=GLOBAL) in effects
    assert any(isinstance(effect, Note) and "NOT on disk" in effect.text for effect in effects)


def test_the_port_has_the_latch_on_disk_when_it_answers(tmp_path: Path) -> None:
    answer = LatchPort(tmp_path).perform(RaiseLatch(scope="global", reason="fire"))

    assert isinstance(answer, LatchRaised)
    assert is_latched(tmp_path, "live-1")


def test_an_instance_latch_is_felt_by_that_instance_only(tmp_path: Path) -> None:
    raise_latch(latch_file(tmp_path, "live-1"), "fire", flatten=True)

    found = read_latch(latch_file(tmp_path, "live-1"))

    assert found is not None
    assert (found.reason, found.flatten) == ("fire", True)
    assert is_latched(tmp_path, "live-1")
    assert not is_latched(tmp_path, "live-2")


def test_the_first_reason_stays(tmp_path: Path) -> None:
    latch = latch_file(tmp_path, "global")
    raise_latch(latch, "first")
    raise_latch(latch, "second")

    found = read_latch(latch)

    assert found is not None
    assert found.reason == "first"


@pytest.mark.parametrize("text", [b"", b"nonsense", b"[]", b"\xff"])
def test_a_latch_that_cannot_be_read_holds(tmp_path: Path, text: bytes) -> None:
    latch = latch_file(tmp_path, "global")
    latch.write_bytes(text)

    found = read_latch(latch)

    assert found is not None
    assert "treated as panic" in found.reason
    assert is_latched(tmp_path, "live-1")


def test_a_disk_that_refuses_is_an_error_and_not_a_silence(tmp_path: Path) -> None:
    (tmp_path / "instances").write_text("a file where a folder should be")

    with pytest.raises(StoreError, match="cannot be written"):
        raise_latch(latch_file(tmp_path, "live-1"), "fire")


def test_only_clearing_ends_a_latch(tmp_path: Path) -> None:
    latch = latch_file(tmp_path, "live-1")
    raise_latch(latch, "fire")

    clear_latch(latch)
    clear_latch(latch)

    assert not is_latched(tmp_path, "live-1")


def test_two_operators_at_once_a_reset_does_not_clear_a_panic_its_person_has_not_seen(tmp_path: Path) -> None:
    latch = latch_file(tmp_path, "live-1")
    raise_latch(latch, "fire")
    seen = read_latch(latch)
    assert seen is not None
    raise_latch(latch, "a second fire", flatten=True)

    assert not clear_seen(latch, seen.raised_at_ns)

    held = read_latch(latch)
    assert held is not None
    assert (held.reason, held.flatten) == ("fire", True)
    assert clear_seen(latch, held.raised_at_ns)
    assert not is_latched(tmp_path, "live-1")
    assert clear_seen(latch, 0), "there was none"


def test_a_panic_after_the_clock_went_back_is_another_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = latch_file(tmp_path, "live-1")
    raise_latch(path, "fire")
    seen = read_latch(path)
    assert seen is not None
    monkeypatch.setattr(latch.time, "time_ns", lambda: seen.raised_at_ns - 3_600_000_000_000)
    raise_latch(path, "a second fire")

    assert not clear_seen(path, seen.raised_at_ns)
    assert is_latched(tmp_path, "live-1")


@pytest.mark.parametrize("seen_was_first", [True, False])
def test_who_dies_while_clearing_loses_no_panic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen_was_first: bool
) -> None:
    """Moved aside, and killed before it was looked at."""
    path = latch_file(tmp_path, "live-1")
    raise_latch(path, "fire")
    raised = read_latch(path)
    assert raised is not None
    with monkeypatch.context() as dying:
        dying.setattr(latch, "_read", _die)
        with pytest.raises(KeyboardInterrupt):
            clear_seen(path, 0)

    assert is_latched(tmp_path, "live-1")
    assert read_latch(path) == raised
    if not seen_was_first:
        raise_latch(path, "a second fire")
        assert not clear_seen(path, raised.raised_at_ns)
        raised = read_latch(path)
        assert raised is not None
    assert clear_seen(path, raised.raised_at_ns)
    assert not is_latched(tmp_path, "live-1")
    assert list(path.parent.iterdir()) == []


def _die(_path: Path) -> NoReturn:
    raise KeyboardInterrupt


def test_two_who_clear_at_once_do_not_come_between_each_other(tmp_path: Path) -> None:
    path = latch_file(tmp_path, "live-1")
    raise_latch(path, "fire")
    with latch._only_one_clears(path.parent):
        assert not clear_seen(path, 0)

    assert is_latched(tmp_path, "live-1")


def test_a_latch_that_cannot_be_read_is_cleared_by_who_saw_it(tmp_path: Path) -> None:
    latch = latch_file(tmp_path, "live-1")
    latch.parent.mkdir(parents=True)
    latch.write_bytes(b"\xff not a latch")
    held = read_latch(latch)
    assert held is not None

    assert clear_seen(latch, held.raised_at_ns)
    assert list(latch.parent.iterdir()) == []


def felt_by(home: Path, account: str) -> LatchesRead:
    """What the executor of live-1 is told on its tick."""
    tree = tree_of(toy_spec(home, "live-1", account=account))
    create_scoreboard(tree.scoreboard_file, tree.roles)
    writer = ScoreboardWriter(tree.scoreboard_file, "executor", 1)
    felt = ScoreboardPort(tree, writer).perform(ReadLatches())
    assert isinstance(felt, LatchesRead)
    return felt


@pytest.mark.parametrize(("flattening", "other"), [("live-1", "global"), ("global", "live-1")])
def test_a_panic_of_everything_does_not_hide_that_a_position_is_to_be_closed(
    tmp_path: Path, flattening: str, other: str
) -> None:
    """`panic --all`, then `panic --instance live-1 --flatten` while live-1 is down: back again, it hears of both."""
    raise_latch(latch_file(tmp_path, other), "all stand still")
    raise_latch(latch_file(tmp_path, flattening), "close it", flatten=True)

    felt = felt_by(tmp_path, account="main")

    assert (felt.scope, felt.flatten) == ("global", True)


def test_a_backtest_feels_its_own_latch_only(tmp_path: Path) -> None:
    raise_latch(latch_file(tmp_path, "global"), "all stand still", flatten=True)

    assert felt_by(tmp_path, account="") == LatchesRead(scope="", reason="", flatten=False)

    raise_latch(latch_file(tmp_path, "live-1"), "enough of it")

    assert felt_by(tmp_path, account="") == LatchesRead(scope="instance", reason="enough of it", flatten=False)
