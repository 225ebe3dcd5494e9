"""The host port reads the real machine."""

from __future__ import annotations

import os
import time

import pytest

from actors.shell import host_port
from actors.shell.host_port import HostPort, private_bytes
from actors.shell.scoreboard import ScoreboardWriter, create_scoreboard
from actors.shell.tree import Tree
from engine.errors import InvariantViolated
from engine.messages.control import ReadHeartbeats
from engine.messages.host import ReadHost


@pytest.fixture
def tree(tmp_path):
    tree = Tree(name="account", home=tmp_path, roles=("limiter",))
    create_scoreboard(tree.scoreboard_file, tree.roles)
    ScoreboardWriter(tree.scoreboard_file, "limiter", 1)
    return tree


def test_it_reads_this_machine(tree):
    reading = HostPort(tree).perform(ReadHost())

    assert 0 < reading.memory_used < 1
    assert reading.load_per_core >= 0
    assert reading.disk_free_bytes == pytest.approx(
        os.statvfs(tree.home).f_bavail * os.statvfs(tree.home).f_frsize, rel=0.2
    )
    assert reading.instance_bytes == pytest.approx(private_bytes(os.getpid()), rel=0.5)
    assert abs(reading.clock_step_ns) < 1_000_000_000


def test_a_clock_that_was_set_shows_as_a_step_once(tree, monkeypatch):
    port = HostPort(tree)
    ahead_ns = 7_000_000_000
    now = time.time_ns
    monkeypatch.setattr(host_port.time, "time_ns", lambda: now() + ahead_ns)

    assert port.perform(ReadHost()).clock_step_ns == pytest.approx(ahead_ns, abs=10_000_000)
    assert abs(port.perform(ReadHost()).clock_step_ns) < 10_000_000


def test_a_process_that_is_gone_takes_nothing():
    assert private_bytes(2**22 + 1) == 0


def test_it_knows_one_question(tree):
    with pytest.raises(InvariantViolated):
        HostPort(tree).perform(ReadHeartbeats())
