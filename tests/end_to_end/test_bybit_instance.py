"""live-1 on the local exchange spoken to as Bybit: it trades, protects itself, survives a kill, and its books agree."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from instance_manager.workspace import default_settings
from tests.desk_builders import free_port, predator, predator_json, workspace_with
from tests.watching import eventually, is_venue, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
LIVE = ("--instance", "live-1")
START_BALANCE = Decimal(100_000)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    settings = default_settings().replace("port: 18080", f"port: {free_port()}\n    speaks: bybit")
    workspace = workspace_with(tmp_path_factory.mktemp("bybit") / "home", settings)
    assert predator("venue", "start", home=workspace.home).returncode == 0
    yield workspace.home
    kill_all(processes_in(workspace.home))


def live(home: Path) -> dict[str, Any]:
    return predator_json("status", *LIVE, home=home)["instances"][0]


def control(home: Path, path: str) -> Any:
    address = predator_json("venue", "status", home=home)["address"]
    with urlopen(f"{address}/control/{path}", timeout=5) as answer:
        return json.load(answer)


def is_well(home: Path) -> bool:
    one = live(home)
    well = ("RUNNING", "HELD", "GREEN", "HEALTHY")
    return (one["state"], one["guard"], one["breaker"], one["reconciliation"]) == well


def test_it_starts_and_only_bybit_s_paths_are_asked(home):
    done = predator("start", *LIVE, home=home)
    assert done.returncode == 0, done.stderr

    eventually(lambda: is_well(home), 20, "all is well")
    asked = control(home, "truth?kind=request&account=account-1&limit=1000")["records"]
    assert asked
    assert {request["path"].split("/")[1] for request in asked} == {"v5"}


def test_a_position_has_a_stop_of_its_size_at_the_exchange_triggered_by_the_mark_price(home):
    def protected() -> Any:
        held = control(home, "accounts/account-1")
        stops = [one for one in held["open_algo_orders"] if one["type"] == "STOP_MARKET"]
        return held["positions"] and len(stops) == 1 and (held["positions"][0], stops[0])

    position, stop = eventually(protected, 60, "a protected position")

    assert Decimal(stop["quantity"]) == Decimal(position["quantity"]).copy_abs()
    assert (stop["reduce_only"], stop["working_type"]) == (True, "MARK_PRICE")


def test_after_kill_9_of_every_process_it_trades_on_without_a_doubled_order(home):
    kill_all(one for one in processes_in(home) if not is_venue(one))
    eventually(lambda: live(home)["state"] == "CRASHED", 5, "it is seen as crashed")

    done = predator("start", *LIVE, home=home)

    assert done.returncode == 0, done.stderr
    eventually(lambda: is_well(home), 30, "all is well after the crash")
    eventually(lambda: len(predator_json("show-trades", *LIVE, home=home)) >= 2, 60, "two trades")
    names = [order["client_order_id"] for order in control(home, "accounts/account-1")["orders"]]
    assert len(names) == len(set(names))


def test_every_signal_is_what_the_play_says_over_the_same_bars(home):
    done = predator("compare", *LIVE, "--json", home=home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["identical"] > 0


def test_a_liquidation_is_noticed_at_once_booked_and_cleaned_up(home):
    eventually(lambda: control(home, "accounts/account-1")["positions"], 60, "a position")
    address = predator_json("venue", "status", home=home)["address"]
    with urlopen(Request(f"{address}/control/accounts/account-1/liquidate", data=b"{}", method="POST"), timeout=5):
        pass

    eventually(lambda: live(home)["breaker"] == "RED", 10, "the breaker is RED")
    eventually(lambda: live(home)["position"] in ("0", "0.000"), 10, "it knows that nothing is held")
    eventually(lambda: not control(home, "accounts/account-1")["open_algo_orders"], 10, "its stop is gone")
    [booked] = predator_json("show-events", *LIVE, "--kind", "ReducedElsewhere", home=home)
    assert booked["event"]["reason"] == "liquidation"
    last = max(predator_json("show-trades", *LIVE, home=home), key=lambda trade: trade["trade_number"])
    # a play that decided to leave in the same moment had its reason first
    assert last["exit_reason"] in ("liquidation", "exit_signal")


def test_when_flat_the_trades_explain_the_wallet_to_the_last_unit(home):
    assert predator("panic", *LIVE, "--flatten", "--reason", "the books are compared", home=home).returncode == 0
    eventually(lambda: not control(home, "accounts/account-1")["positions"], 20, "flat")
    eventually(lambda: live(home)["position"] in ("0", "0.000"), 20, "it knows")
    predator("stop", *LIVE, home=home)

    truth = control(home, "accounts/account-1")
    trades = predator_json("show-trades", *LIVE, home=home)

    assert sum(Decimal(trade["profit"]) for trade in trades) == Decimal(truth["balance"]) - START_BALANCE
    assert sum(Decimal(trade["fees"]) for trade in trades) == Decimal(truth["fees"])
    assert truth["open_orders"] == truth["open_algo_orders"] == []
