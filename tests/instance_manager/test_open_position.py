"""`start` over an open position: looser limits are refused with their names, and accepted with a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.journal.archive import archive
from adapters.journal.migration import migrate_file
from adapters.journal.sqlite_journal import SqliteJournal
from engine.messages.facts import LimitsSet
from engine.messages.reports import InstanceView
from engine.safety import loosening
from engine.safety.limits import Limits
from instance_manager.errors import RefusedForSafety
from instance_manager.open_position import permitted
from instance_manager.settings_file import load_settings
from instance_manager.specification import Order, specify
from tests.adapters.archive_builders import sql
from tests.builders import NOW_NS, D
from tests.desk_builders import predator, workspace_with


@pytest.fixture
def workspace(tmp_path):
    return workspace_with(tmp_path / "home")


@pytest.fixture
def spec(workspace):
    settings = load_settings(workspace.settings_file, {})
    return specify(workspace, settings, Order(instance="live-1"), {})


def holds(spec, quantity, **orders):
    journal = SqliteJournal(spec.journal_file)
    held = InstanceView(sequence=1, phase="TRADING", wallet_balance=D(10_000), position_quantity=D(quantity))
    view = replace(held, **orders)
    journal.append((LimitsSet(limits=loosening.as_text(spec.limits)),), (), view, NOW_NS)
    journal.close()


def test_looser_limits_over_a_position_want_a_reason(spec):
    holds(spec, "0.1")
    looser = replace(spec, limits=replace(Limits(), max_notional=D(90_000)))

    with pytest.raises(RefusedForSafety, match=r"max_notional 50000 -> 90000.*--confirm-loosen"):
        permitted(looser, "")

    allowed = permitted(looser, "hedged elsewhere")
    assert allowed.loosening is not None
    assert allowed.loosening.reason == "hedged elsewhere"


def test_limits_behind_an_archive_are_still_those_to_compare_with(spec):
    holds(spec, "0.1")
    archive(spec.journal_file, NOW_NS * 2)
    looser = replace(spec, limits=replace(Limits(), max_notional=D(90_000)))

    with pytest.raises(RefusedForSafety, match="max_notional 50000 -> 90000"):
        permitted(looser, "")


def test_limits_that_an_older_program_archived_are_in_its_checkpoint(spec):
    holds(spec, "0.1")
    archive(spec.journal_file, NOW_NS * 2)
    sql(spec.journal_file, "DELETE FROM messages")
    migrate_file(spec.journal_file, 2)
    looser = replace(spec, limits=replace(Limits(), max_notional=D(90_000)))

    with pytest.raises(RefusedForSafety, match="max_notional 50000 -> 90000"):
        permitted(looser, "")


def test_the_journal_of_an_older_program_stops_no_start(spec):
    holds(spec, "0.1")
    migrate_file(spec.journal_file, 1)

    assert permitted(spec, "") is spec


@pytest.mark.parametrize("orders", [{"open_orders": 1}, {"unresolved_orders": 1}])
def test_an_order_that_may_have_opened_a_position_counts_as_one(spec, orders):
    holds(spec, "0", **orders)

    with pytest.raises(RefusedForSafety, match="open orders"):
        permitted(replace(spec, limits=replace(Limits(), max_notional=D(90_000))), "")


def test_tighter_ones_flat_ones_and_first_ones_want_none(spec):
    looser = replace(spec, limits=replace(Limits(), max_notional=D(90_000)))
    assert permitted(looser, "") is looser, "no journal yet"
    holds(spec, "0")
    assert permitted(looser, "") is looser


def test_the_command_refuses_before_anything_starts(workspace, spec):
    holds(spec, "0.1")
    text = workspace.settings_file.read_text().replace("max_notional: 50000", "max_notional: 90000")
    workspace.settings_file.write_text(text)

    done = predator("start", "--instance", "live-1", home=workspace.home)

    assert (done.returncode, "max_notional 50000 -> 90000" in done.stderr) == (4, True), done.stderr
    assert not (workspace.home / "run").exists() or not list((workspace.home / "run").glob("*/launcher.json"))
