"""The shell with real processes: deaths, hangs, defects, commands, and who listens where."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from actors.shell.processes import recorded
from actors.spec import InstanceSpec
from engine.messages.control import ResetBreaker
from instance_manager import control, lifecycle
from tests.actors.tree_builders import (
    TOY,
    cells,
    eventually,
    is_gone,
    pid_of,
    processes_of,
    seen,
    tell,
    toy_spec,
)

pytestmark = pytest.mark.processes


@pytest.fixture
def spec(home: Path) -> InstanceSpec:
    """A running instance of toys."""
    spec = toy_spec(home)
    lifecycle.start(spec)
    return spec


def restarts(spec: InstanceSpec, role: str) -> int:
    cell = cells(spec).get(role)
    return cell.generation - 1 if cell else -1


def told_of(spec: InstanceSpec, role: str) -> list[str]:
    """What the executor was told of a role, in order, but for its first start (which it may be too young to hear)."""
    told = re.findall(rf"ActorChanged\(role='{role}', what='(\w+)'", (spec.log_folder / "executor.log").read_text())
    return [what for what in told if what != "started"]


def test_a_killed_actor_is_restarted_once_and_the_executor_is_told(spec: InstanceSpec) -> None:
    os.kill(pid_of(spec, "guard"), signal.SIGKILL)

    eventually(lambda: restarts(spec, "guard") == 1)
    time.sleep(0.5)
    assert restarts(spec, "guard") == 1
    assert [process.what for process in recorded(spec.run_folder) if process.is_running].count("guard") == 1
    eventually(lambda: told_of(spec, "guard") == ["died", "restarted"])


def test_an_actor_that_ends_by_sigterm_is_restarted_once(spec: InstanceSpec) -> None:
    """Thespian tells of a clean exit twice."""
    os.kill(pid_of(spec, "guard"), signal.SIGTERM)

    eventually(lambda: restarts(spec, "guard") == 1)
    time.sleep(0.5)
    assert restarts(spec, "guard") == 1


def test_two_that_die_together_both_come_back_at_once(spec: InstanceSpec) -> None:
    """Thespian forgets the second when it dies while the first is being replaced; it was then found by its silence."""
    for times, apart_ms in enumerate((1, 5, 10, 20), 1):
        for role in ("guard", "executor"):
            os.kill(pid_of(spec, role), signal.SIGKILL)
            time.sleep(apart_ms / 1_000)
        eventually(lambda times=times: restarts(spec, "guard") == restarts(spec, "executor") == times)
        eventually(lambda: cells(spec)["supervisor"].phase == "RUNNING")  # who dies before counts as not recovered

    assert "hangs" not in (spec.log_folder / "supervisor.log").read_text()


def test_a_machine_that_raises_ends_its_process_and_the_message_is_not_run_again(spec: InstanceSpec) -> None:
    first = pid_of(spec, "guard")

    tell(spec, "raise", role="guard")

    eventually(lambda: restarts(spec, "guard") == 1)
    time.sleep(0.5)
    assert is_gone(first)
    assert restarts(spec, "guard") == 1
    assert "a toy defect" in (spec.log_folder / "guard.log").read_text()


def test_an_actor_that_hangs_is_killed_and_restarted(spec: InstanceSpec) -> None:
    first = pid_of(spec, "guard")
    os.kill(first, signal.SIGSTOP)

    eventually(lambda: restarts(spec, "guard") == 1)
    assert is_gone(first)


def test_a_recovery_longer_than_a_hang_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A13: a long journal once made six hangs of one crash, and a panic of them."""
    monkeypatch.setenv("TOY_RECOVERY_S", "4.5")
    spec = toy_spec(home, executor="tests.actors.toys:long_lived", guard=TOY)

    lifecycle.start(spec)
    os.kill(pid_of(spec, "executor"), signal.SIGKILL)

    eventually(lambda: told_of(spec, "executor") == ["died", "restarted"])
    assert restarts(spec, "executor") == 1
    assert "killed" not in (spec.log_folder / "supervisor.log").read_text()


def test_an_actor_whose_line_to_the_exchange_is_blocked_is_killed_and_restarted(home: Path) -> None:
    spec = toy_spec(home, executor="tests.actors.toys:blocked", guard=TOY)
    lifecycle.start(spec)

    tell(spec, "read")

    eventually(lambda: restarts(spec, "executor") == 1)
    assert "killed: hangs" in (spec.log_folder / "supervisor.log").read_text()


def test_messages_reach_the_next_life_of_a_peer(spec: InstanceSpec) -> None:
    os.kill(pid_of(spec, "guard"), signal.SIGKILL)
    eventually(lambda: restarts(spec, "guard") == 1)

    eventually(lambda: tell(spec, "send:guard") or seen(spec, "guard", "ReconcileNow") > 0)


def test_a_command_is_answered_by_the_actor_it_is_for(spec: InstanceSpec) -> None:
    tell(spec, "a command without an answer")

    answer = control.ask(spec.home, spec.instance, ResetBreaker(reason="seen", operator="me"))

    assert answer.is_done
    assert answer.text == "reset: seen"


def test_a_command_to_a_role_that_is_not_there_is_answered_no(spec: InstanceSpec) -> None:
    answer = control.ask(spec.home, spec.instance, ResetBreaker(reason="x", operator="me"), role="nobody")

    assert not answer.is_done


def test_everything_listens_on_loopback_only(spec: InstanceSpec) -> None:
    pids = [process.pid for process in processes_of(spec.run_folder)]

    found = [address for pid in pids for address in listening_addresses(pid)]

    assert len(found) >= len(pids) - 1
    assert set(found) == {"0100007F"}


def listening_addresses(pid: int) -> list[str]:
    """The IPv4 addresses (in hexadecimal, as the kernel writes them) on which the process listens."""
    inodes = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    mine = [row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    six = [line.split() for line in Path(f"/proc/{pid}/net/tcp6").read_text().splitlines()[1:]]
    assert [row for row in six if row[3] == "0A" and f"socket:[{row[9]}]" in inodes] == []
    return mine
