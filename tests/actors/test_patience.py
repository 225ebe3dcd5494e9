"""A recovery that takes long beats; a handler that hangs does not, and no recovery beats for ever (A13)."""

from __future__ import annotations

import threading

import pytest

from actors.shell import patience as patiently
from actors.shell.patience import patience
from engine.messages.base import Message
from engine.messages.control import JournalRead, ReadJournal, ReconcileNow


class Heart:
    def __init__(self) -> None:
        self.beats = 0
        self.has_beaten = threading.Event()

    def beat(self) -> None:
        self.beats += 1
        self.has_beaten.set()


@pytest.mark.parametrize("message", [ReadJournal(), JournalRead(events=())])
def test_it_beats_while_the_journal_is_read_and_folded_and_not_after(message: Message) -> None:
    heart = Heart()

    with patience(message, heart.beat):
        assert heart.has_beaten.wait(10)

    beats = heart.beats
    assert not threading.Event().wait(3 * patiently.BEAT_EVERY_S)
    assert heart.beats == beats


def test_any_other_message_that_takes_long_is_a_hang() -> None:
    heart = Heart()

    with patience(ReconcileNow(reason="hang"), heart.beat):
        assert not heart.has_beaten.wait(3 * patiently.BEAT_EVERY_S)


def test_a_recovery_that_hangs_stops_beating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patiently, "PATIENCE_S", 0.0)
    heart = Heart()

    with patience(JournalRead(events=()), heart.beat):
        assert not heart.has_beaten.wait(3 * patiently.BEAT_EVERY_S)


def test_what_is_raised_meanwhile_comes_out() -> None:
    with pytest.raises(RuntimeError), patience(ReadJournal(), Heart().beat):
        raise RuntimeError("a defect")
