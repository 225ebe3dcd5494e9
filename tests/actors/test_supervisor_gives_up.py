"""A13: what restarts do not mend goes to a person: after three failed recoveries, or too many deaths in some time."""

from __future__ import annotations

import pytest

from actors.account import account_supervisor
from actors.supervision import SECOND
from engine.machine import Note, Request, Stop
from engine.messages.account import LatchFailed, LatchRaised, RaiseLatch
from engine.messages.control import HeartbeatsRead, Spawned, StopInstance, Woken
from tests.actors.test_supervisor import Tree


def latches(tree: Tree) -> list[RaiseLatch]:
    return [request.call for request in tree.of(Request) if isinstance(request.call, RaiseLatch)]


def dies_while_it_recovers(tree: Tree, role: str, after_s: float = 0.1) -> None:
    tree.pass_s(after_s)
    tree.die(role)
    tree.tell(Woken(label=f"restart:{role}"))


def hangs_while_it_recovers(tree: Tree, role: str) -> None:
    tree.pass_s(30.2)
    tree.tell(HeartbeatsRead(ages_ns=((role, 30 * SECOND), ("guard", 0), ("data", 0))))
    dies_while_it_recovers(tree, role)


@pytest.mark.parametrize("fails", [dies_while_it_recovers, hangs_while_it_recovers])
def test_a_role_that_is_not_recovered_in_three_attempts_ends_the_instance_under_panic(fails) -> None:  # type: ignore[no-untyped-def]
    tree = Tree()
    tree.is_slow = True
    tree.die("executor")

    for _ in range(2):
        fails(tree, "executor")
    assert tree.state.ending is None
    fails(tree, "executor")

    assert tree.spawned("executor") == [1, 2, 3, 4]
    assert [latch.scope for latch in latches(tree)] == ["live-1"]
    assert "executor died 3 times before it was recovered" in latches(tree)[0].reason
    assert "live-1/executor.log" in latches(tree)[0].reason, "a person must know where to look"


def test_a_recovery_that_succeeds_makes_the_next_failure_a_first_attempt() -> None:
    tree = Tree()

    for _ in range(4):
        tree.is_slow = True
        tree.pass_s(40)
        tree.die("executor")
        for _ in range(2):
            dies_while_it_recovers(tree, "executor")
        tree.is_slow = False
        tree.tell(Spawned(role="executor", generation=tree.state.children["executor"].generation, pid=7))

    assert tree.state.ending is None


def test_a_death_every_eight_seconds_is_not_borne_for_ever() -> None:
    tree = Tree()

    for _ in range(16):
        tree.pass_s(8)
        tree.die("executor")
        tree.tell(Woken(label="restart:executor"))

    assert tree.state.ending is not None
    assert "executor died 16 times in 300 s" in tree.state.ending
    assert len(latches(tree)) == 1


def test_the_account_system_gives_up_without_panic() -> None:
    assert account_supervisor().rules.escalates_to_panic is False


# --- the latch -------------------------------------------------------------------------------------------------------


def escalated() -> Tree:
    """Six deaths at once, and the disk says nothing yet."""
    tree = Tree()
    for _ in range(6):
        tree.die("guard")
        tree.tell(Woken(label="restart:guard"))
    return tree


def ends(tree: Tree) -> None:
    """Everybody leaves as asked."""
    for role in ("data", "executor"):
        tree.die(role)


def failed() -> LatchFailed:
    return LatchFailed(scope="live-1", reason="", flatten=False, text="no space left")


def test_a_latch_that_the_disk_refuses_is_told_and_tried_again() -> None:
    tree = escalated()

    tree.tell(failed())
    tree.tell(Woken(label="tick"))

    assert any(note.level == "CRITICAL" and "no space left" in note.text for note in tree.of(Note))
    assert len(latches(tree)) == 2
    tree.tell(LatchRaised(scope="live-1", reason="", flatten=False))
    tree.tell(Woken(label="tick"))
    assert len(latches(tree)) == 2


def test_the_tree_waits_with_its_end_until_the_latch_is_on_disk() -> None:
    tree = escalated()
    tree.tell(failed())
    ends(tree)
    assert tree.of(Stop) == []

    tree.tell(LatchRaised(scope="live-1", reason="", flatten=False))

    assert len(tree.of(Stop)) == 1


def test_a_disk_that_never_takes_the_latch_does_not_hold_the_end_for_ever() -> None:
    tree = escalated()
    ends(tree)
    tree.pass_s(10)
    tree.tell(failed())

    tree.tell(Woken(label="tick"))

    assert len(tree.of(Stop)) == 1


def test_an_end_that_a_person_wants_needs_no_latch() -> None:
    tree = Tree()

    tree.tell(StopInstance(reason="enough"))
    for role in ("data", "guard", "executor"):
        tree.die(role)

    assert tree.of(Stop) == [Stop(reason="enough")]
