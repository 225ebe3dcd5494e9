"""A Ray cluster of two nodes on this machine, each with one core. Without `tox -e ray` nothing here is collected."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.desk_builders import predator

collect_ignore_glob = [] if os.environ.get("PREDATOR_CLUSTER") else ["test_*.py"]
PORT = 6379
ADDRESS = f"127.0.0.1:{PORT}"


class Node:
    """One `ray start`, with all it started."""

    def __init__(self, log: Path, *words: str) -> None:
        ray = Path(sys.executable).with_name("ray")
        fixed = ("--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block")
        with log.open("wb") as output:
            self._process = psutil.Popen([str(ray), "start", *words, *fixed], stdout=output, stderr=output)
        self._log = log

    def wait_until_up(self) -> None:
        for _ in range(600):
            if "This command will now block" in self._log.read_text():
                return
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def processes(self) -> list[psutil.Process]:
        return [*self._process.children(recursive=True), self._process]

    def kill(self) -> None:
        """As if the machine had lost its power."""
        for one in self.processes() if self._process.poll() is None else []:
            one.kill()
        self._process.wait(10)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """The head, and a second node."""
    head = Node(tmp_path / "head.log", "--head", f"--port={PORT}", "--include-dashboard=false")
    try:
        head.wait_until_up()
        second = Node(tmp_path / "second.log", f"--address={ADDRESS}")
        try:
            second.wait_until_up()
            yield head, second
        finally:
            second.kill()
    finally:
        head.kill()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a month of candles."""
    folder = tmp_path_factory.mktemp("desk") / "home"
    assert predator("generate-data", "--days", "30", home=folder).returncode == 0
    return folder
