"""What each day made, and what today did so far, run as a user runs it (B14)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.funding import FundingBooked, FundingPayment
from engine.messages.reports import InstanceView
from instance_manager.cli.main import app
from instance_manager.daily import by_day
from tests.actors.trades import closed_trade
from tests.desk_builders import workspace_with

D = Decimal
BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
SYMBOL = "BTC/USDT:USDT"


def at(text: str) -> int:
    """`2026-03-29 23:30` UTC."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1_000_000_000


def closed(number: int, profit: str, time: str):
    return replace(closed_trade(number, D(profit)), fees=D(1), profit=D(profit) - 1, closed_at_ns=at(time))


def paid(number: int, amount: str, time: str, asset: str = "USDT") -> FundingPayment:
    return FundingPayment(payment_id=str(number), symbol=SYMBOL, amount=D(amount), asset=asset, occurred_at_ns=at(time))


# In Berlin 29 March 2026 has 23 hours: it begins at 23:00 UTC of the 28th and ends at 22:00 UTC of the 29th.
TRADES = (closed(1, "10", "2026-03-28 22:59"), closed(2, "20", "2026-03-28 23:00"), closed(3, "-5", "2026-03-29 22:00"))
PAYMENTS = (paid(1, "-0.25", "2026-03-29 21:59"), paid(2, "0.5", "2026-03-31 08:00"))


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        (
            BERLIN,
            [
                ("2026-03-28", 1, D(9)),
                ("2026-03-29", 1, D("18.75")),
                ("2026-03-30", 1, D(-6)),
                ("2026-03-31", 0, D("0.5")),
            ],
        ),
        (UTC, [("2026-03-28", 2, D(28)), ("2026-03-29", 1, D("-6.25")), ("2026-03-31", 0, D("0.5"))]),
    ],
    ids=str,
)
def test_a_day_is_from_midnight_to_midnight_in_its_zone(zone, days):
    assert [(day.date, day.trades, day.profit) for day in by_day(TRADES, PAYMENTS, zone)] == days


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("PREDATOR_HOME", str(tmp_path / "home"))
    made = workspace_with(tmp_path / "home")
    text = made.settings_file.read_text()
    made.settings_file.write_text(text.replace("\nrisk:", "\nrisk:\n  day_zone: Europe/Berlin", 1))
    return made


def told(*words: str):
    done = CliRunner().invoke(app, [*words, "--instance", "live-1", "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_journal_is_summed_by_day_in_the_zone_of_the_settings(workspace):
    assert told("show-trades", "--by-day") == {"instance": "live-1", "zone": "Europe/Berlin", "days": []}
    journal = SqliteJournal(workspace.journal_file("live-1"))
    elsewhere = paid(3, "-9", "2026-03-31 16:00", asset="BNB")
    booked = tuple(FundingBooked(payment=payment) for payment in (*PAYMENTS, elsewhere))
    journal.append((*TRADES, *booked), (), None, 1)
    journal.close()

    days = told("show-trades", "--by-day")["days"]
    shown = CliRunner().invoke(app, ["show-trades", "--instance", "live-1", "--by-day"]).stdout

    assert [day["date"] for day in days] == ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"]
    assert days[1] == {
        "date": "2026-03-29", "trades": 1, "gross_profit": "20", "fees": "1", "funding": "-0.25", "profit": "18.75",
    }  # fmt: skip
    assert days[3]["profit"] == "0.5"
    assert "Europe/Berlin" in shown
    assert "18.75" in shown


@pytest.mark.parametrize(("days_ago", "profit"), [(0, "-49.50"), (1, None)])
def test_status_tells_what_today_made_and_nothing_of_another_day(workspace, days_ago, profit):
    day = (datetime.now(BERLIN) - timedelta(days=days_ago)).date().isoformat()
    view = InstanceView(
        sequence=1, phase="TRADING", wallet_balance=D("10050.50"), day=day, day_start_equity=D(10_100),
        fees=D("3.25"), funding=D("-0.75"), margin_used=D(950),
    )  # fmt: skip
    journal = SqliteJournal(workspace.journal_file("live-1"))
    journal.append((TRADES[0],), (), view, 1)
    journal.close()

    [one] = told("status")["instances"]

    assert (one["day_profit"], one["fees"], one["funding"], one["margin_used"]) == (profit, "3.25", "-0.75", "950")
    assert one["day"] == (None if profit is None else day)
