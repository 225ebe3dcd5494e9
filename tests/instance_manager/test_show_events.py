"""`predator show-events`: what each event is about, how much it matters, and only what is asked for."""

from __future__ import annotations

import pytest

from engine.messages.events import BreakerTripped, StreamChanged
from tests.adapters.archive_builders import lived, write
from tests.builders import NOW_NS
from tests.desk_builders import predator, predator_json, workspace_with

LIVE = ("--instance", "live-1")


@pytest.fixture
def home(tmp_path):
    """A trade, then a lost stream and a RED breaker."""
    workspace = workspace_with(tmp_path / "home")
    lost = StreamChanged(stream="user", is_up=False, text="gone")
    red = BreakerTripped(level="RED", cause="drawdown", text="too much")
    write(workspace.journal_file("live-1"), (*lived(), (NOW_NS, lost), (NOW_NS, red)))
    return workspace.home


def test_each_event_says_what_it_is_about_and_how_much_it_matters(home):
    filled = predator_json("show-events", *LIVE, "--kind", "OrderFilled", home=home)[0]

    assert (filled["severity"], filled["symbol"], filled["trade"]) == ("INFO", "BTC/USDT:USDT", 1)
    assert filled["order"] == filled["event"]["client_order_id"]
    assert filled["correlation"] == filled["order"].split("-")[3]


def test_what_matters_less_is_left_out(home):
    def kinds(severity):
        found = predator_json("show-events", *LIVE, "--severity", severity, home=home)
        return [(row["kind"], row["severity"]) for row in found][-2:]

    assert kinds("warning") == [("StreamChanged", "WARNING"), ("BreakerTripped", "CRITICAL")]
    assert kinds("CRITICAL")[-1] == ("BreakerTripped", "CRITICAL")
    assert {severity for _, severity in kinds("CRITICAL")} == {"CRITICAL"}
    assert predator("show-events", *LIVE, "--severity", "loud", home=home).returncode == 2


def test_a_person_sees_it_in_the_table(home):
    shown = predator("show-events", *LIVE, "--limit", "1", home=home).stdout

    assert all(word in shown for word in ("severity", "symbol", "trade", "order", "CRITICAL", "cause=drawdown"))
