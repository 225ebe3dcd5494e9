"""`predator show-trades --score`, run as a user runs it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from adapters.journal.sqlite_journal import SqliteJournal
from instance_manager.cli.main import app
from plays.loading import library_plays
from tests.actors.trades import closed_trade
from tests.desk_builders import workspace_with


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PREDATOR_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(app, ["show-trades", "--instance", "live-1", "--score", *words])


def test_what_an_instance_traded_is_judged_by_what_its_play_requires(run, tmp_path):
    workspace = workspace_with(tmp_path / "home")
    required = "\nrequired: {trades: 2, profit_factor: 1.5, max_drawdown_bars: 9}\n"
    (workspace.plays / "quickstart.yml").write_text(library_plays()["quickstart"].read_text() + required)
    never = run("--json")
    journal = SqliteJournal(workspace.journal_file("live-1"))
    for number, profit in ((1, 30), (2, -10)):
        journal.append((closed_trade(number, Decimal(profit)),), (), None, number)
    journal.close()

    told, shown = json.loads(run("--json").stdout), run()

    assert json.loads(never.stdout)["required"]["missing"].startswith("trades 0 (at least 2)")
    assert told["required"]["passed"] is True
    assert (told["metrics"]["trades"], told["metrics"]["profit_factor"]) == (2, 3.0)
    assert "required score: passed" in shown.stdout
    assert "max_drawdown_bars cannot be told" in shown.stderr


def test_a_play_that_requires_nothing_is_told_its_figures(run, tmp_path):
    workspace_with(tmp_path / "home")

    done = run()

    assert done.exit_code == 0
    assert "trades" in done.stdout
    assert "required" not in done.stdout
