"""A supervisor's children whose pid the kernel did not tell: they are killed all the same (no double start)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.shell import children as kin
from actors.shell.children import Children
from actors.shell.envelope import Boot
from actors.shell.processes import recorded
from actors.shell.tree import tree_of
from tests.actors.tree_builders import eventually, is_gone, toy_spec


class Parent:
    """Creates a process for each actor, as Thespian does."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def createActor(self, _name: str) -> int:  # noqa: N802 - Thespian's name
        self.started.append(subprocess.Popen(["sleep", "60"]))
        return len(self.started)

    def send(self, _address: object, _message: object) -> None: ...


@pytest.fixture
def parent() -> Iterator[Parent]:
    parent = Parent()
    yield parent
    for process in parent.started:
        process.kill()
        process.wait()


@pytest.fixture
def children(parent: Parent, tmp_path: Path) -> Children:
    tree = tree_of(toy_spec(tmp_path))
    tree.run_folder.mkdir(parents=True)
    boot = Boot(tree_file="", role="supervisor", generation=1, launcher_pid=0, launcher_started="")
    stand_in: Any = parent
    return Children(stand_in, tree, boot)


def spawn_unseen(children: Children, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as blind:
        blind.setattr(kin, "children_of", lambda _pid: [])
        children.spawn(role, 1)


def test_a_child_whose_pid_is_unknown_is_found_and_killed_and_no_other(
    children: Children, parent: Parent, monkeypatch: pytest.MonkeyPatch
) -> None:
    children.spawn("guard", 1)
    spawn_unseen(children, "executor", monkeypatch)
    guard, executor = parent.started
    monkeypatch.setattr(kin, "children_of", lambda _pid: [guard.pid, executor.pid])

    children.kill("executor", 1)

    eventually(lambda: is_gone(executor.pid))
    assert not is_gone(guard.pid)


def test_what_a_child_says_of_itself_is_learned(
    children: Children, parent: Parent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn_unseen(children, "executor", monkeypatch)
    (executor,) = parent.started

    children.learn("executor", 1, executor.pid)

    assert executor.pid in [process.pid for process in recorded(tree_of(toy_spec(tmp_path)).run_folder)]
    executor.kill()
    eventually(lambda: [child.role for child in children.take_dead()] == ["executor"])
