"""SIGTERM that comes before an instance runs is not lost, not even by pid 1, which has no default for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.shell.tree import tree_of
from instance_manager.cli import entry
from instance_manager.cli import main as command_line
from instance_manager.launcher import Launcher
from tests.actors.tree_builders import toy_spec

ROOT = Path(__file__).parents[2]
STOPPED_EARLY = """
import os, signal
from instance_manager.early_end import end_on_sigterm
end_on_sigterm()
try:
    os.kill(os.getpid(), signal.SIGTERM)
    print("went on")
finally:
    print("cleaned up")
"""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_launcher_that_is_stopped_while_it_prepares_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Launcher(tree_of(toy_spec(tmp_path)))
    monkeypatch.setattr(launcher, "_prepare", lambda: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(launcher, "_live", lambda: "lived")

    assert launcher.run() == "asked by SIGTERM"


def test_before_there_is_a_launcher_the_process_ends_and_cleans_up() -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED_EARLY], capture_output=True, text=True, cwd=ROOT, check=False)

    assert (done.returncode, done.stdout) == (0, "cleaned up\n"), done.stderr


@pytest.mark.parametrize(("pid", "is_caught"), [(1, True), (4_711, False)])
def test_pid_1_is_ready_for_it_before_it_imports_the_commands(
    monkeypatch: pytest.MonkeyPatch, pid: int, is_caught: bool
) -> None:
    caught = []
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    monkeypatch.setattr(os, "getpid", lambda: pid)
    monkeypatch.setattr(command_line, "main", lambda: caught.append(signal.getsignal(signal.SIGTERM)))

    entry.main()

    assert (caught[0] is not signal.SIG_DFL) is is_caught
