"""Timers of a machine: by label, oldest first."""

from __future__ import annotations

from actors.shell.timers import Timers


def due(timers: Timers, now_ns: int) -> list[str]:
    found = []
    while (label := timers.take_due(now_ns)) is not None:
        found.append(label)
    return found


def test_due_ones_come_oldest_first_and_equal_ones_in_the_order_they_were_wished() -> None:
    timers = Timers()
    for at_ns, label in ((5, "c"), (3, "a"), (3, "b"), (9, "later")):
        timers.wake_at(at_ns, label)

    assert due(timers, 5) == ["a", "b", "c"]
    assert timers.next_due_ns() == 9


def test_a_newer_wish_replaces_the_older_of_the_same_label() -> None:
    timers = Timers()
    timers.wake_at(3, "tick")
    timers.wake_at(8, "tick")

    assert due(timers, 7) == []
    assert due(timers, 8) == ["tick"]
    assert due(timers, 100) == []


def test_without_wishes_nothing_is_due() -> None:
    assert Timers().next_due_ns() is None
    assert Timers().take_due(10**18) is None
