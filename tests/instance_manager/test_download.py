"""Downloading candles from an exchange, and what is said when it does not answer."""

from __future__ import annotations

import pytest

from instance_manager import venue_process
from tests.desk_builders import predator, predator_json, workspace_with


@pytest.mark.processes
def test_candles_of_the_local_exchange_are_stored_once(tmp_path):
    workspace = workspace_with(tmp_path / "home")
    assert predator("venue", "start", home=workspace.home).returncode == 0
    try:
        words = ("download-data", "--timerange", "20240101-20240102")
        first, second = (predator_json(*words, home=workspace.home) for _ in range(2))
        unknown = predator("download-data", "--symbol", "NOPE/USDT:USDT", home=workspace.home)
    finally:
        venue_process.stop(workspace, "local")

    assert (first["added"], second["added"]) == (1440, 0)
    (stored,) = predator_json("list-data", home=workspace.home)
    assert (stored["bars"], stored["from"]) == (1440, "2024-01-01 00:00:00")
    assert (unknown.returncode, "NOPE" in unknown.stderr) == (2, True)


def test_an_exchange_that_does_not_answer_is_named_with_the_remedy(tmp_path):
    done = predator("download-data", home=workspace_with(tmp_path / "home").home)

    assert done.returncode == 6
    assert "predator venue start" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--exchange", "lokal"], "did you mean 'local'?"),
        (["--timeframe", "7m"], "7m"),
        (["--timerange", "2024"], "20240101-20240601"),
    ],
)
def test_wrong_words_are_refused(tmp_path, words, expected):
    done = predator("download-data", *words, home=workspace_with(tmp_path / "home").home)

    assert done.returncode == 2
    assert expected in done.stderr
