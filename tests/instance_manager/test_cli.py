"""The command line: exit codes, errors that name place and remedy on standard error, JSON alone on standard output."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile

import pytest
from typer.testing import CliRunner

from adapters.journal.sqlite_journal import SqliteJournal
from instance_manager.cli import journal
from instance_manager.cli.main import app
from tests.desk_builders import REAL, environment, free_port, predator, workspace_with

KEYS = {"TEST_BINANCE_KEY": "k" * 64, "TEST_BINANCE_SECRET": "s" * 64}
CONFIRMED = {"PREDATOR_CONFIRM_LIVE_TRADING": "true"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run(words…)` in this process, in a workspace of its own."""
    for name in ("PREDATOR_CONFIRM_LIVE_TRADING", *KEYS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREDATOR_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_first_use_makes_a_workspace_and_status_shows_its_instances(run, tmp_path):
    done = run("status", "--json")

    assert done.exit_code == 0, done.stderr
    found = {one["instance"]: one for one in json.loads(done.stdout)["instances"]}
    assert set(found) == {"live-1", "demo-1", "shadow-1", "backtest-1"}
    assert {one["state"] for one in found.values()} == {"STOPPED"}
    assert (tmp_path / "home" / "predator.yaml").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--instance", "live-2"],
        ["start", "--instance", "live-2"],
        ["stop", "--instance", "live-2"],
        ["restart", "--instance", "live-2"],
        ["run", "--instance", "live-2"],
        ["panic", "--instance", "live-2"],
        ["reset", "--instance", "live-2", "--reason", "x"],
        ["show-trades", "--instance", "live-2"],
        ["compare", "--instance", "live-2"],
    ],
)
def test_an_unknown_instance_is_answered_with_the_nearest_name(run, words):
    done = run(*words)

    assert done.exit_code == 3
    assert "did you mean 'live-1'?" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["start", "stop", "restart", "panic"])
def test_a_command_that_changes_something_must_be_told_which_instances(run, command):
    neither, both = run(command), run(command, "--all", "--instance", "live-1")

    assert (neither.exit_code, both.exit_code) == (2, 2)
    assert "--instance NAME" in neither.stderr


@pytest.mark.parametrize("words", [["stop", "--instance", "live-1"], ["venue", "status"]])
def test_what_does_not_run_is_told_by_exit_code_3(run, words):
    assert run(*words).exit_code == 3


def test_stopping_all_when_nothing_runs_is_no_error(run):
    assert run("stop", "--all").exit_code == 0


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("instances: {live-1: {mode: [", "not valid YAML"),
        ("instance: {}", "did you mean 'instances'?"),
        ("- just a list", "line 1"),
    ],
)
@pytest.mark.parametrize("command", [["status"], ["start", "--all"], ["show-trades", "--instance", "live-1"]])
def test_broken_settings_stop_every_command_with_the_place(run, tmp_path, settings, expected, command):
    workspace_with(tmp_path / "home", settings)

    done = run(*command)

    assert done.exit_code == 2
    assert expected in done.stderr
    assert "predator.yaml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "environ", "code", "expected"),
    [
        (["start", "--instance", "real-1"], KEYS, 4, "--confirm"),
        (["start", "--instance", "real-1", "--confirm"], KEYS, 4, "PREDATOR_CONFIRM_LIVE_TRADING=true"),
        (["start", "--instance", "real-1"], KEYS | CONFIRMED, 4, "--confirm"),
        (["run", "--instance", "real-1"], KEYS, 4, "real money"),
        (["restart", "--instance", "real-1"], KEYS, 4, "real money"),
        (["start", "--instance", "real-1", "--confirm"], CONFIRMED, 2, "TEST_BINANCE_KEY"),
        (["start", "--instance", "demo-1"], {}, 2, "TEST_BINANCE_SECRET"),
        (
            ["start", "--instance", "real-1", "--confirm"],
            CONFIRMED | {"TEST_BINANCE_KEY": "predator-local-key", "TEST_BINANCE_SECRET": "x"},
            4,
            "disagree",
        ),
    ],
)
def test_real_exchanges_are_refused_unless_all_agrees(run, tmp_path, monkeypatch, words, environ, code, expected):
    workspace = workspace_with(tmp_path / "home", REAL.format(port=free_port()))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    done = run(*words)

    assert done.exit_code == code
    assert expected in done.stderr
    assert not any(value in done.output for value in KEYS.values())
    assert list(workspace.run.iterdir()) == [], "nothing was started"


def test_a_play_that_does_not_exist_is_named_and_nothing_starts(run, tmp_path):
    settings = REAL.format(port=free_port()).replace(
        "live, account: binance, play: quickstart", "backtest, play: qickstart"
    )
    workspace = workspace_with(tmp_path / "home", settings)

    done = run("start", "--instance", "real-1")

    assert done.exit_code == 2
    assert "quickstart" in done.stderr
    assert list(workspace.run.iterdir()) == []


def test_a_workspace_that_cannot_be_written_is_named(run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PREDATOR_HOME", str(tmp_path / "file" / "home"))

    done = run("status")

    assert done.exit_code == 2
    assert "cannot be used" in done.stderr


def test_home_may_stand_before_or_after_the_command(run, tmp_path):
    run("--home", str(tmp_path / "a"), "init")
    run("init", "--home", str(tmp_path / "b"))

    assert (tmp_path / "a" / "predator.yaml").is_file()
    assert (tmp_path / "b" / "predator.yaml").is_file()


@pytest.mark.parametrize("command", ["show-trades", "show-orders", "show-signals", "show-events"])
def test_an_instance_that_never_ran_has_an_empty_list(run, command):
    done = run(command, "--instance", "live-1", "--json")

    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


def test_a_journal_of_a_newer_schema_is_refused_and_left_alone(run, tmp_path):
    workspace = workspace_with(tmp_path / "home")
    file = workspace.journal_file("live-1")
    SqliteJournal(file).close()
    newer = sqlite3.connect(file)
    newer.execute("PRAGMA user_version = 999")
    newer.close()

    shown, status = run("show-trades", "--instance", "live-1"), run("status", "--instance", "live-1", "--json")

    assert shown.exit_code == 7
    assert "newer" in shown.stderr
    assert status.exit_code == 0
    assert "newer" in json.loads(status.stdout)["instances"][0]["error"]


def test_panic_latches_on_disk_even_when_nothing_runs_and_reset_needs_a_reason(run):
    run("panic", "--instance", "live-1", "--reason", "looks wrong")
    panicked = json.loads(run("status", "--instance", "live-1", "--json").stdout)["instances"][0]
    without_reason = run("reset", "--instance", "live-1")
    run("reset", "--instance", "live-1", "--reason", "looked")
    after = json.loads(run("status", "--instance", "live-1", "--json").stdout)["instances"][0]

    assert (panicked["panic"], panicked["panic_reason"]) == (True, "looks wrong")
    assert without_reason.exit_code == 2
    assert after["panic"] is False


def test_a_panic_of_everything_holds_until_everything_is_reset(run):
    run("panic", "--all", "--reason", "leaving")

    one = run("reset", "--instance", "live-1", "--reason", "looked")
    every = run("reset", "--all", "--reason", "looked")

    assert one.exit_code == 4
    assert "reset --all" in one.stderr
    assert every.exit_code == 0


def test_a_defect_of_ours_is_told_without_a_traceback(run, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def defect(*_: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(journal, "read", defect)

    done = run("show-trades", "--instance", "live-1")

    assert done.exit_code == 70
    assert "boom" in done.stderr
    assert "Traceback" not in done.stderr
    (report,) = tmp_path.glob("predator-defect-*")
    assert "Traceback" in report.read_text()


def test_an_unknown_word_on_the_command_line_is_a_usage_error(run):
    done = run("stauts")

    assert done.exit_code == 2
    assert "status" in done.stderr


def test_the_command_line_loads_no_heavy_library_before_it_needs_one():
    heavy = {"pydantic", "yaml", "numpy", "numba", "duckdb", "pyarrow", "ccxt", "aiohttp", "thespian", "zmq", "psutil"}
    code = "import sys, instance_manager.cli.main; print(*{name.split('.')[0] for name in sys.modules})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())

    assert heavy & set(done.stdout.split()) == set()


def test_output_can_be_piped_into_something_that_stops_reading(tmp_path):
    command = f"{sys.executable} -c 'from instance_manager.cli.main import main; main()' init --help | head -n 1"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment())

    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_errors_go_to_standard_error_and_results_to_standard_output(tmp_path):
    done = predator("status", "--instance", "nobody", home=tmp_path / "home")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")
