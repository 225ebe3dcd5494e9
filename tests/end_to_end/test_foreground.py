"""`predator run` in the foreground, `restart`, and what happens when nothing else keeps the local exchange alive."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from instance_manager.workspace import Workspace
from tests.desk_builders import environment, predator, predator_json, workspace_with
from tests.watching import eventually, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
LIVE = ("--instance", "live-1")


@pytest.fixture
def home(tmp_path):
    """A workspace; no process of it outlives the test."""
    workspace = workspace_with(tmp_path / "home")
    yield workspace.home
    kill_all(processes_in(workspace.home))


def state(home) -> str:
    return predator_json("status", *LIVE, home=home)["instances"][0]["state"]


def test_it_runs_until_sigterm_and_then_leaves_nothing(home):
    words = [sys.executable, "-c", "from instance_manager.cli.main import main; main()", "run", *LIVE]
    process = subprocess.Popen(words, env=environment(PREDATOR_HOME=str(home)), stderr=subprocess.PIPE, text=True)
    eventually(lambda: state(home) == "RUNNING", 30, "it runs")
    second = predator("start", *LIVE, home=home)
    process.send_signal(signal.SIGTERM)

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 0, errors
    assert second.returncode == 5
    assert state(home) == "STOPPED"
    eventually(lambda: not processes_in(home), 15, "no process is left")


def test_two_starts_at_once_on_a_fresh_machine_give_one_instance_and_one_exchange(home):
    words = [sys.executable, "-c", "from instance_manager.cli.main import main; main()", "start", *LIVE]
    environ = environment(PREDATOR_HOME=str(home))
    both = [
        subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    texts = [one.communicate(timeout=60)[1] for one in both]

    assert sorted(one.returncode for one in both) == [0, 5], texts
    assert state(home) == "RUNNING"
    predator("stop", "--all", home=home)
    eventually(lambda: not processes_in(home), 10, "no process is left")


@pytest.mark.parametrize("command", ["start", "run"])
def test_a_journal_that_is_none_ends_the_start_with_the_code_of_stores_and_stays_as_it_is(home, command):
    file = Workspace(home).journal_file("live-1")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"not a database " * 1_000)

    done = predator(command, *LIVE, home=home)

    assert done.returncode == 7, done.stderr
    assert "journal.sqlite" in done.stderr
    assert file.read_bytes() == b"not a database " * 1_000
    predator("stop", "--all", home=home)
    eventually(lambda: not processes_in(home), 10, "no process is left")


def test_restart_gives_new_processes_and_the_same_journal_and_stop_ends_the_exchange_too(home):
    assert predator("start", *LIVE, home=home).returncode == 0
    before = {one["pid"] for one in predator_json("status", *LIVE, home=home)["instances"][0]["actors"]}

    done = predator("restart", *LIVE, home=home)

    assert (done.returncode, done.stdout) == (0, "live-1 is RUNNING\n"), done.stderr
    after = {one["pid"] for one in predator_json("status", *LIVE, home=home)["instances"][0]["actors"]}
    assert not before & after
    started = predator_json("show-events", *LIVE, "--kind", "InstanceStarted", home=home)
    assert [one["event"]["epoch"] for one in started] == sorted({one["event"]["epoch"] for one in started})
    stopped = predator("stop", "--all", home=home)
    assert "stopped the local exchange" in stopped.stderr
    eventually(lambda: not processes_in(home), 10, "no process is left")
