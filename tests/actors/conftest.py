"""A home for toy trees that leaves no process, whatever a test does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from instance_manager.detached import reap_ended
from tests.actors.tree_builders import end_everything

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short, so that sockets have room; actors find the toys."""
    folder = Path(tempfile.mkdtemp(prefix="pt-"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    try:
        yield folder
    finally:
        end_everything(folder)
        reap_ended()
        shutil.rmtree(folder, ignore_errors=True)
