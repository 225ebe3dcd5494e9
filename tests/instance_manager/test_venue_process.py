"""The local exchange as a process: started once, found again, stopped, and what stands in its way is named."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from instance_manager import venue_process
from instance_manager.settings import Account
from instance_manager.settings_file import load_settings
from tests.desk_builders import predator, predator_json, workspace_with

pytestmark = pytest.mark.processes


@pytest.fixture
def home(tmp_path):
    """A workspace whose local exchange is ended after the test."""
    workspace = workspace_with(tmp_path / "home")
    yield workspace.home
    venue_process.stop(workspace, "local")


def settings_port(home) -> int:
    return load_settings(home / "predator.yaml", {}).exchanges["local"].port


def test_start_status_stop(home):
    started = predator_json("venue", "start", home=home)
    status = predator_json("venue", "status", home=home)
    again = predator("venue", "start", home=home)
    stopped = predator_json("venue", "stop", home=home)
    after = predator("venue", "status", home=home)

    assert started["address"] == status["address"] == f"http://127.0.0.1:{settings_port(home)}"
    assert status["answer"]["speed"] == 60
    assert (again.returncode, "already" in again.stderr) == (5, True)
    assert stopped == {"exchange": "local", "state": "STOPPED", "was_running": True}
    assert after.returncode == 3


def test_a_taken_port_is_named_with_the_remedy(home):
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings_port(home)))
        other.listen()

        venue, instance = predator("venue", "start", home=home), predator("start", "--instance", "live-1", home=home)

    for done in (venue, instance):
        assert done.returncode == 2
        assert f"port {settings_port(home)}" in done.stderr
        assert "predator.yaml" in done.stderr


def test_a_killed_exchange_is_seen_as_stopped_and_starts_again(home):
    pid = predator_json("venue", "start", home=home)["pid"]
    os.kill(pid, signal.SIGKILL)

    assert predator("venue", "status", home=home).returncode == 3
    assert predator_json("venue", "start", home=home)["pid"] != pid


def test_a_pid_that_is_now_somebody_elses_is_not_ours(home):
    predator("venue", "start", home=home)
    workspace = workspace_with(home, (home / "predator.yaml").read_text())
    found = venue_process.find(workspace, "local")
    assert found is not None
    file = home / "run" / "venue-local" / "process.json"
    mine = file.read_text()
    file.write_text(mine.replace(str(found.pid), str(os.getpid())))

    assert venue_process.find(workspace, "local") is None
    file.write_text(mine)  # so that the fixture ends the real one


def test_another_set_of_instruments_needs_a_fresh_exchange_and_says_so(home):
    predator("venue", "start", home=home)
    predator("venue", "stop", home=home)
    text = (home / "predator.yaml").read_text().replace("[BTC/USDT:USDT]", "[BTC/USDT:USDT, ETH/USDT:USDT]")
    (home / "predator.yaml").write_text(text)

    refused = predator("venue", "start", home=home)
    fresh = predator_json("venue", "start", "--fresh", home=home)

    assert (refused.returncode, "--fresh" in refused.stderr) == (2, True)
    assert fresh["state"] == "RUNNING"
    assert set(predator_json("venue", "status", home=home)["answer"]["symbols"]) == {"BTCUSDT", "ETHUSDT"}


def test_a_name_that_is_no_local_exchange_is_refused(home):
    done = predator("venue", "start", "--exchange", "lokal", home=home)

    assert done.returncode == 2
    assert "did you mean 'local'?" in done.stderr


def test_candles_that_do_not_exist_are_named(home):
    text = (home / "predator.yaml").read_text().replace("# candles: my-candles.parquet", "candles: nowhere.parquet")
    (home / "predator.yaml").write_text(text)

    done = predator("venue", "start", home=home)

    assert done.returncode == 2
    assert "nowhere.parquet" in done.stderr


def test_local_accounts_have_keys_of_their_own():
    first = Account(exchange="local", key_env="A", secret_env="B")
    second = Account(exchange="local", key_env="A", secret_env="B", local_account=2)

    assert venue_process.local_keys(first) == {"A": "predator-local-key", "B": "predator-local-secret"}
    assert venue_process.local_keys(second) == {"A": "predator-local-key-2", "B": "predator-local-secret-2"}
