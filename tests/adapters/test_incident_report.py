"""Incident reports: a page for a person and JSON for programs, whatever the journal's state; trouble stops nothing."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from adapters.incident_report import IncidentReports
from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.events import BreakerTripped
from engine.messages.reports import IncidentHappened, InstanceView
from engine.order import Order, OrderKind, OrderPurpose, OrderStatus, Side

AT_NS = 1_795_252_405_942_000_000


def incident(cause: str = "reconciliation") -> IncidentHappened:
    view = InstanceView(
        sequence=12, phase="HALTED", epoch=7, position_quantity=Decimal("0.016"), entry_price=Decimal("60079.20"),
        wallet_balance=Decimal("9998.5"), realised_profit=Decimal(0), fees=Decimal("1.5"),
        stop_price=Decimal("59478.4"), take_profit_price=None, open_orders=1,
        unresolved_orders=0, trade_count=3, breaker="RED", breaker_cause=cause,
        reconciliation="CRITICAL", is_panicked=False,
    )  # fmt: skip
    stop = Order(
        client_order_id="p0323-1-504a-a-S0", symbol="BTC/USDT:USDT", side=Side.SELL, kind=OrderKind.STOP_MARKET,
        purpose=OrderPurpose.STOP, quantity=Decimal("0.016"), trade_number=4, bar_open_time_ns=0, is_reduce_only=True,
        trigger_price=Decimal("59478.4"), status=OrderStatus.ACCEPTED,
    )  # fmt: skip
    text = "position differs: we hold 0.016, the exchange says 0"
    return IncidentHappened(cause=cause, text=text, occurred_at_ns=AT_NS, view=view, orders=(stop,), snapshot=None)


@pytest.fixture
def reports(tmp_path) -> IncidentReports:
    file = tmp_path / "journal.sqlite"
    journal = SqliteJournal(file)
    journal.append((BreakerTripped(level="RED", cause="reconciliation", text="it differs"),), (), None, AT_NS)
    journal.close()
    return IncidentReports(tmp_path / "incidents", "live-1", file)


def test_the_page_says_what_when_what_is_at_stake_and_what_to_do(reports):
    page = reports.write(incident()).read_text()

    assert page.startswith("live-1 halted: reconciliation\n")
    for told in (
        "position differs: we hold 0.016", "2026-11-21 09:13:25.942", "stop 59478.4", "p0323-1-504a-a-S0",
        'predator reset --instance live-1 --reason "…"', "runbooks/reconciliation.md", "BreakerTripped",
    ):  # fmt: skip
        assert told in page


def test_the_same_facts_stand_beside_it_as_json_without_losing_a_digit(reports):
    facts = json.loads(reports.write(incident()).with_suffix(".json").read_text())

    assert facts["instance"] == "live-1"
    assert facts["view"]["position_quantity"] == "0.016"
    assert facts["orders"][0]["trigger_price"] == "59478.4"
    assert len(facts["last_events"]) == 1


def test_two_incidents_are_two_reports(reports):
    first, second = reports.write(incident()), reports.write(incident("foreign fill"))

    assert first != second
    assert second.name == "20261121T091325.942Z-foreign-fill.txt"


def test_a_journal_that_cannot_be_read_does_not_stop_the_report(tmp_path):
    page = IncidentReports(tmp_path / "incidents", "live-1", tmp_path / "none.sqlite").write(incident())

    assert "the journal cannot be read" in page.read_text()


def test_a_folder_that_cannot_be_written_is_logged_and_stops_nothing(tmp_path):
    (tmp_path / "incidents").write_text("a file stands where the folder should be")

    assert IncidentReports(tmp_path / "incidents", "live-1", tmp_path / "none.sqlite").write(incident()) is None
