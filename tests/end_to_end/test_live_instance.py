"""live-1 on the local exchange as real processes: it trades, is hurt, comes back, agrees with the exchange, and goes.

The tests of this file tell one story in their order; the instance lives through all of them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.desk_builders import environment, predator, predator_json, workspace_with
from tests.watching import eventually, is_venue, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
LIVE = ("--instance", "live-1")
ROLES = {"supervisor", "data", "strategy", "executor", "reconciler", "guard", "standby_guard", "notifier"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A workspace with a local exchange that runs on its own; everything is gone afterwards, come what may."""
    workspace = workspace_with(tmp_path_factory.mktemp("e2e") / "home")
    assert predator("venue", "start", home=workspace.home).returncode == 0
    yield workspace.home
    kill_all(processes_in(workspace.home))


def live(home: Path) -> dict[str, Any]:
    return predator_json("status", *LIVE, home=home)["instances"][0]


def actor(home: Path, role: str) -> dict[str, Any]:
    return next(one for one in live(home)["actors"] if one["role"] == role)


def account(home: Path) -> dict[str, Any]:
    address = predator_json("venue", "status", home=home)["address"]
    with urlopen(f"{address}/control/accounts/account-1", timeout=5) as answer:
        return json.load(answer)


def is_well(home: Path) -> dict[str, Any] | None:
    one = live(home)
    well = ("RUNNING", "HELD", "GREEN", "HEALTHY")
    return one if (one["state"], one["guard"], one["breaker"], one["reconciliation"]) == well else None


def test_start_returns_when_running_and_holds_no_pipe(home):
    command = f"{sys.executable} -c 'from instance_manager.cli.main import main; main()' start --instance live-1 | cat"

    done = subprocess.run(
        ["bash", "-c", command],
        env=environment(PREDATOR_HOME=str(home)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "live-1 is RUNNING\n", done.stderr
    one = live(home)
    assert {a["role"] for a in one["actors"]} == ROLES
    assert all(a["pid"] and a["restarts"] == 0 for a in one["actors"])
    assert (one["mode"], one["play"], one["exchange"], one["state"]) == ("live", "quickstart", "local", "RUNNING")


def test_starting_it_again_is_refused_and_disturbs_nothing(home):
    before = live(home)["actors"]

    done = predator("start", *LIVE, home=home)

    assert (done.returncode, "running already" in done.stderr) == (5, True)
    assert [a["pid"] for a in live(home)["actors"]] == [a["pid"] for a in before]


def test_two_starts_at_once_give_one_instance(home):
    words = [
        sys.executable,
        "-c",
        "from instance_manager.cli.main import main; main()",
        "start",
        "--instance",
        "demo-1",
    ]
    environ = environment(PREDATOR_HOME=str(home))
    both = [
        subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    texts = [one.communicate(timeout=60)[1] for one in both]

    assert sorted(one.returncode for one in both) == [0, 5], texts
    assert predator("stop", "--instance", "demo-1", home=home).returncode == 0


def test_a_newcomer_sees_a_trade_within_a_minute(home):
    trades = eventually(lambda: predator_json("show-trades", *LIVE, home=home), 60, "a closed trade")

    assert isinstance(trades, list)
    assert {"trade_number", "entry_price", "exit_price", "profit", "exit_reason"} <= set(trades[0])


def test_a_backtest_runs_beside_it_and_neither_notices_the_other(home):
    assert predator("start", "--instance", "backtest-1", home=home).returncode == 0

    def finished() -> dict[str, Any] | None:
        one = predator_json("status", "--instance", "backtest-1", home=home)["instances"][0]
        return one if one["state"] == "FINISHED" else None

    done = eventually(finished, 60, "the backtest finishes")
    assert done["trades"] > 0
    assert live(home)["state"] == "RUNNING"
    assert predator_json("show-trades", "--instance", "backtest-1", home=home)[0]["symbol"] == "BTC/USDT:USDT"


def test_a_killed_guard_comes_back_and_the_journal_tells_the_story(home):
    before = actor(home, "guard")
    next(p for p in processes_in(home) if p.pid == before["pid"]).send_signal(signal.SIGKILL)

    def back() -> bool:
        now = actor(home, "guard")
        return now["pid"] not in (None, before["pid"]) and now["restarts"] == 1

    eventually(back, 10, "the guard is back")
    eventually(lambda: is_well(home), 15, "all is well")
    changes = predator_json("show-events", *LIVE, "--kind", "ActorChanged", home=home)
    assert "guard" in {one["event"]["role"] for one in changes}


def test_after_kill_9_of_every_process_it_goes_on_where_it_was(home):
    eventually(lambda: live(home)["position"] not in ("0", "0.000"), 60, "an open position")
    kill_all(one for one in processes_in(home) if not is_venue(one))
    eventually(lambda: live(home)["state"] == "CRASHED", 5, "it is seen as crashed")

    done = predator("start", *LIVE, home=home)

    assert done.returncode == 0, done.stderr
    eventually(lambda: is_well(home), 30, "all is well after the crash")
    orders = predator_json("show-orders", *LIVE, home=home)
    assert max(Counter(order["client_order_id"] for order in orders).values()) == 1


def test_every_signal_is_what_the_play_says_over_the_same_bars(home):
    done = predator("compare", *LIVE, "--json", home=home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["identical"] > 0


def test_panic_flattens_and_holds_until_reset(home):
    assert predator("panic", *LIVE, "--flatten", "--reason", "a test", home=home).returncode == 0

    def flat() -> bool:
        one = live(home)
        return one["panic"] and one["open_orders"] == 0 and not account(home)["positions"]

    eventually(flat, 20, "flat and without orders")
    reset = predator("reset", *LIVE, "--reason", "the test is over", home=home)
    assert reset.returncode == 0, reset.stderr
    eventually(lambda: is_well(home), 20, "it trades again")
    assert live(home)["panic"] is False


def test_e5_each_halt_reached_a_person_once(home):
    halts = predator_json("show-events", *LIVE, "--kind", "PanicObserved", home=home)
    told = [json.loads(line) for line in (home / "instances/live-1/notifications.jsonl").read_text().splitlines()]
    alerts = [one for one in told if "alert" in one]

    assert len({one["alert"] for one in alerts}) == len(alerts) == len(halts) > 0
    assert all(one["text"].startswith("live-1 HALTED, panic: a test. It holds") for one in alerts)


def test_every_trade_has_its_orders_and_one_notification(home):
    predator("stop", *LIVE, home=home)
    trades = predator_json("show-trades", *LIVE, home=home)
    orders = predator_json("show-orders", *LIVE, "--limit", "100000", home=home)

    told = [json.loads(line) for line in (home / "instances/live-1/notifications.jsonl").read_text().splitlines()]
    purposes = {trade["trade_number"]: set() for trade in trades}
    for order in orders:
        purposes.setdefault(order["trade_number"], set()).add(order["purpose"])
    of_trades = sorted(one["trade_number"] for one in told if "trade_number" in one)
    assert of_trades == sorted(trade["trade_number"] for trade in trades)
    assert all({"entry", "stop"} <= purposes[trade["trade_number"]] for trade in trades)


def test_after_stop_the_exchange_agrees_and_no_process_is_left(home):
    one, held = live(home), account(home)

    assert one["state"] == "STOPPED"
    assert sum(float(position["quantity"]) for position in held["positions"]) == float(one["position"])
    assert len(held["open_orders"]) + len(held["open_algo_orders"]) == one["open_orders"]
    assert predator("venue", "stop", home=home).returncode == 0
    eventually(lambda: not processes_in(home), 10, "no process is left")
