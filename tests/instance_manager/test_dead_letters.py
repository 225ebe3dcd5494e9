"""Dead letters: what nobody took is listed, and given again only when an old one of its kind does no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actors.shell.dead_letters import DeadLetters, dead_letters_file
from engine import delivery
from engine.market import MarkPrice
from engine.messages import control as ct
from engine.messages import market as mk
from engine.messages.budget import BudgetWanted
from instance_manager import dead_letters
from instance_manager.dead_letters import letters_of, replay
from instance_manager.errors import RefusedForSafety
from tests.builders import NOW_NS, D
from tests.desk_builders import predator, predator_json, workspace_with

NOTIFY = ct.Notify(trade_number=3, text="closed")
MARK = mk.MarkPriceChanged(mark=MarkPrice(price=D(1), observed_at_ns=NOW_NS))
SNAPSHOT_VIEW = ct.InstrumentRefused(symbol="BTC/USDT:USDT", holder="live-2")


@pytest.fixture
def home(tmp_path) -> Path:
    workspace = workspace_with(tmp_path / "home")
    kept = DeadLetters(workspace.home / "logs" / "live-1", "executor")
    kept.keep("notifier", NOTIFY)
    kept.keep("strategy", MARK)
    kept.keep_malformed("not a message: b'xx'")
    return workspace.home


@pytest.fixture
def given(monkeypatch) -> list[tuple[Any, ...]]:
    """What was handed to running instances."""
    found: list[tuple[Any, ...]] = []

    def ask(home: Path, tree: str, message: Any, *, role: str, timeout_s: float) -> ct.CommandAnswered:
        found.append((tree, role, message))
        return ct.CommandAnswered(is_done=False, text="no word")

    monkeypatch.setattr(dead_letters.control, "ask", ask)
    return found


def test_they_are_listed_with_what_was_promised(home):
    listed = predator_json("dead-letters", "list", "--instance", "live-1", home=home)

    assert [(one["name"], one["to"], one["promise"]) for one in listed] == [
        ("Notify", "notifier", "effectively once"),
        ("MarkPriceChanged", "strategy", "at most once"),
        ("malformed", "executor", ""),
    ]
    assert len({one["id"] for one in listed}) == 3


def test_what_is_recognised_when_it_comes_twice_is_given_again(home, given):
    letter = letters_of(home / "logs" / "live-1")[0]

    assert "given" in replay(home, "live-1", letter)
    assert given == [("live-1", "notifier", NOTIFY)]


def test_a_letter_to_another_tree_goes_there(home, given):
    DeadLetters(home / "logs" / "account", "panic").keep(
        "live-2.executor", ct.PanicRaised(scope="global", reason="fire", flatten=False)
    )

    replay(home, "account", letters_of(home / "logs" / "account")[0])

    assert given[0][:2] == ("live-2", "executor")


@pytest.mark.parametrize(("number", "told"), [(1, "worthless when late"), (2, "never a message of ours")])
def test_what_would_do_harm_is_refused(home, given, number, told):
    with pytest.raises(RefusedForSafety, match=told):
        replay(home, "live-1", letters_of(home / "logs" / "live-1")[number])
    assert given == []


def test_no_view_of_a_moment_is_ever_replayed():
    assert "believed" in delivery.objection(
        BudgetWanted(instance="a", account="b", role="c", reply_to="d", weight=1, orders=1)
    )
    assert all(kind in delivery.PROMISED for kind in delivery.REPLAYABLE)
    assert delivery.promise_of(SNAPSHOT_VIEW) is delivery.Delivery.AT_MOST_ONCE


def test_torn_and_older_lines_do_not_hide_the_others(home):
    file = dead_letters_file(home / "logs" / "live-1")
    older = json.dumps({"at_ns": 1, "from": "executor", "to": "data", "name": "Old", "message": "Old()"})
    file.write_text(older + "\n" + file.read_text() + '{"id": "to')

    found = letters_of(home / "logs" / "live-1")

    assert [one.name for one in found] == ["Old", "Notify", "MarkPriceChanged", "malformed"]


def test_the_command_says_what_is_wrong(home):
    unknown = predator("dead-letters", "replay", "00", "--instance", "live-1", home=home)
    letter = letters_of(home / "logs" / "live-1")[0]
    stopped = predator("dead-letters", "replay", letter.id, "--instance", "live-1", home=home)

    assert (unknown.returncode, "dead-letters list" in unknown.stderr) == (2, True)
    assert (stopped.returncode, "not running" in stopped.stderr) == (3, True)


def test_status_counts_them(home):
    (one,) = predator_json("status", "--instance", "live-1", home=home)["instances"]

    assert one["dead_letters"] == 3
