"""A person's words to a real instance: what is refused, what is adopted, and two people at once. One story."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.desk_builders import environment, predator, predator_json, workspace_with
from tests.watching import eventually, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(150)]
LIVE = ("--instance", "live-1")
WHY = ("--reason", "compared by hand")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An instance that trades; everything is gone afterwards, come what may."""
    workspace = workspace_with(tmp_path_factory.mktemp("operator") / "home")
    assert predator("start", *LIVE, home=workspace.home).returncode == 0
    yield workspace.home
    kill_all(processes_in(workspace.home))


def live(home: Path) -> dict[str, Any]:
    return predator_json("status", *LIVE, home=home)["instances"][0]


def at_the_exchange(home: Path, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What somebody else sees, or (with a body) does, on the account."""
    address = predator_json("venue", "status", home=home)["address"]
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{address}/control/accounts/account-1{path}", data), timeout=5) as answer:
        return json.load(answer)


def test_a_reset_without_a_reason_is_refused(home):
    missing, empty = predator("reset", *LIVE, home=home), predator("reset", *LIVE, "--reason", "  ", home=home)

    assert (missing.returncode, empty.returncode) == (2, 2)
    assert "--reason" in missing.stderr
    assert "say why" in empty.stderr


def test_a_resync_while_it_trades_is_refused(home):
    eventually(lambda: live(home)["reconciliation"] == "HEALTHY", 30, "it trades")

    done = predator("resync", *LIVE, *WHY, home=home)

    assert (done.returncode, "it trades" in done.stderr) == (4, True), done.stderr


def test_ct2_ct3_a_ghost_order_a_foreign_position_and_drift_are_found_and_halt(home):
    assert predator("panic", *LIVE, "--flatten", *WHY, home=home).returncode == 0
    eventually(lambda: not at_the_exchange(home, "")["positions"], 20, "flat")
    ghost = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "10000", "silent": True}
    at_the_exchange(home, "/order", ghost)
    bought = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.05", "silent": True}
    at_the_exchange(home, "/order", bought)
    at_the_exchange(home, "/balance", {"change": "-25", "silent": True})

    eventually(lambda: live(home)["reconciliation"] == "CRITICAL", 20, "it is found")

    told = predator_json("show-events", *LIVE, "--kind", "ReconciliationChanged", home=home)[-1]["event"]["differences"]
    assert {text.split(":")[0] for text in told} == {"untracked position", "an order nobody here sent", "balance drift"}
    refused = predator("reset", *LIVE, *WHY, home=home)
    said = " ".join(refused.stderr.split())  # lines end where the terminal does
    assert (refused.returncode, "CRITICAL and was not HEALTHY since it found" in said) == (4, True), said


def test_only_what_a_person_saw_is_adopted_and_then_it_is_healthy(home):
    shown = predator_json("resync", *LIVE, *WHY, home=home)
    assert shown["adopted"] is False
    assert len(shown["answer"].splitlines()) == 5, shown["answer"]
    stale = predator("resync", *LIVE, *WHY, "--confirm", "00000000", home=home)
    assert (stale.returncode, "not what you saw" in stale.stderr) == (4, True)

    done = predator("resync", *LIVE, *WHY, "--confirm", shown["answer"].split()[-1], home=home)

    assert done.returncode == 0, done.stderr
    eventually(lambda: live(home)["reconciliation"] == "HEALTHY", 20, "we and the exchange agree")
    eventually(lambda: not at_the_exchange(home, "")["positions"], 20, "the panic wants all flat: what is ours now too")
    assert at_the_exchange(home, "")["open_orders"] == [], "the ghost is gone"
    trade = predator_json("show-trades", *LIVE, home=home)[-1]
    assert (trade["quantity"], trade["exit_reason"]) == ("0.050", "force_exit")
    assert live(home)["panic"] is True
    word = predator_json("show-events", *LIVE, "--kind", "ResyncConfirmed", home=home)[-1]["event"]
    assert word["reason"] == "compared by hand"
    assert any("resync" in page.name for page in (home / "instances/live-1/incidents").glob("*.txt"))


def test_two_operators_who_reset_at_once_both_get_an_answer_and_it_trades(home):
    words = [sys.executable, "-c", "from instance_manager.cli.main import main; main()", "reset", *LIVE, *WHY]
    environ = environment(PREDATOR_HOME=str(home))
    both = [
        subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    texts = [one.communicate(timeout=30) for one in both]

    assert [one.returncode for one in both] == [0, 0], texts
    eventually(lambda: (live(home)["breaker"], live(home)["panic"]) == ("GREEN", False), 20, "it trades again")
    resets = predator_json("show-events", *LIVE, "--kind", "BreakerReset", home=home)
    assert {one["event"]["reason"] for one in resets} == {"compared by hand"}
