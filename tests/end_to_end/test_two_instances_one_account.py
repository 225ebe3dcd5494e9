"""Two real instances on one account: they explain its balance together, and money neither explains halts both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.desk_builders import free_port, predator, predator_json, workspace_with
from tests.watching import eventually, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(150)]
SETTINGS = """
exchanges:
  local: {{kind: local, port: {port}, symbols: [BTC/USDT:USDT, ETH/USDT:USDT], seed: 3}}
accounts:
  shared: {{exchange: local, local_account: 1, key_env: SHARED_KEY, secret_env: SHARED_SECRET}}
instances:
  one: {{mode: live, account: shared, play: quickstart, symbol: BTC/USDT:USDT}}
  two: {{mode: live, account: shared, play: quickstart, symbol: ETH/USDT:USDT}}
"""


@pytest.fixture
def home(tmp_path):
    workspace = workspace_with(tmp_path / "home", SETTINGS.format(port=free_port()))
    yield workspace.home
    kill_all(processes_in(workspace.home))


def both(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = predator_json("status", "--all", home=home)["instances"]
    return found


def test_two_instances_explain_one_balance_and_drift_panics_both(home):
    started = predator("start", "--all", home=home)
    assert started.returncode == 0, started.stderr
    eventually(lambda: sum(one["trades"] or 0 for one in both(home)) >= 3, 60, "they trade")
    assert [one["breaker"] for one in both(home)] == ["GREEN", "GREEN"], both(home)

    address = predator_json("venue", "status", home=home)["address"]
    body = json.dumps({"change": "-25", "silent": True}).encode()
    urlopen(Request(f"{address}/control/accounts/account-1/balance", body), timeout=5).close()

    eventually(lambda: all(one["breaker"] == "RED" or one["panic"] for one in both(home)), 60, "both are halted")
    told = [
        text
        for name in ("one", "two")
        for event in predator_json("show-events", "--instance", name, "--kind", "ReconciliationChanged", home=home)
        for text in event["event"]["differences"]
    ]
    assert any("account drift: the balance moved by -25" in text for text in told), told
