"""`predator quickstart` as a newcomer meets it, without a terminal and interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.desk_builders import environment, predator
from tests.watching import eventually, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


@pytest.fixture
def home(tmp_path):
    """A home that quickstart must not use; its processes are known by it all the same, and end with the test."""
    yield tmp_path / "elsewhere"
    kill_all(processes_in(tmp_path / "elsewhere"))


def test_it_shows_trading_and_a_backtest_stops_cleanly_and_says_what_next(home):
    done = predator("quickstart", "--seconds", "25", "--speed", "120", home=home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"live-1 +RUNNING bars [1-9]", done.stdout)
    assert re.search(r"backtest-1 (RUNNING|FINISHED)", done.stdout)
    assert "trade 1 of live-1" in done.stdout
    assert "stopped cleanly" in done.stdout
    assert "try next" in done.stdout
    assert not home.exists(), "the user's own workspace was not touched"
    eventually(lambda: not processes_in(home), 5, "no process is left")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_everything(home, number):
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", "from instance_manager.cli.main import main; main()", "quickstart"],
        env=environment(PREDATOR_HOME=str(home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "following" in line:
            break
    time.sleep(1)
    os.kill(process.pid, number)

    output, _ = process.communicate(timeout=30)

    assert process.returncode == 0, output
    assert "stopped cleanly" in output
    eventually(lambda: not processes_in(home), 5, "no process is left")


def test_a_workspace_that_exists_is_not_touched(tmp_path):
    home = tmp_path / "mine"
    assert predator("init", home=home).returncode == 0

    done = predator("quickstart", "--seconds", "5", "--home", str(home), home=home)

    assert done.returncode == 2
    assert "workspace already" in done.stderr
    assert list((home / "run").iterdir()) == []
