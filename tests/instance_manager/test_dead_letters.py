"""Dead letters: what nobody took is listed, and given again only when an old one of its kind does no harm."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from actors.shell.dead_letters import DeadLetters, dead_letters_file
from actors.shell.envelope import absent
from adapters.journal.archive import archive
from adapters.journal.sqlite_journal import SqliteJournal
from engine import delivery
from engine.market import MarkPrice
from engine.messages import control as ct
from engine.messages import market as mk
from engine.messages import notices as nt
from engine.messages.budget import BudgetWanted
from engine.messages.events import BreakerReset
from instance_manager import dead_letters
from instance_manager.dead_letters import letters_of, replay
from instance_manager.errors import NotRunning, RefusedForSafety
from instance_manager.workspace import Workspace
from tests.builders import NOW_NS, SECOND_NS, D
from tests.desk_builders import predator, predator_json, workspace_with

NOTIFY = nt.Notify(trade_number=3, text="closed")
MARK = mk.MarkPriceChanged(mark=MarkPrice(price=D(1), observed_at_ns=NOW_NS))
PANIC = ct.PanicRaised(scope="global", reason="fire", flatten=False)
HOUR_NS = 3_600 * SECOND_NS
SNAPSHOT_VIEW = ct.InstrumentRefused(symbol="BTC/USDT:USDT", holder="live-2")


@pytest.fixture
def home(tmp_path) -> Path:
    workspace = workspace_with(tmp_path / "home")
    kept = DeadLetters(workspace.home / "logs" / "live-1", "executor")
    kept.keep("notifier", NOTIFY)
    kept.keep("strategy", MARK)
    kept.keep_malformed("not a message: b'xx'")
    return workspace.home


class Told(list):
    """What was handed to running instances; `answer` is what they say to it."""

    answer = ct.CommandAnswered(is_done=False, text="notifier did not answer within 1 s")


@pytest.fixture
def given(monkeypatch) -> Told:
    found = Told()

    def ask(home: Path, tree: str, message: Any, *, role: str, timeout_s: float) -> ct.CommandAnswered:
        found.append((tree, role, message))
        return found.answer

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


def test_what_nobody_was_there_to_take_was_not_given(home, given):
    given.answer = absent("notifier")

    with pytest.raises(NotRunning, match=r"notifier of live-1 is not running: .* given to nobody"):
        replay(home, "live-1", letters_of(home / "logs" / "live-1")[0])


def a_reset(home, name="live-1", at_ns=None):
    journal = SqliteJournal(Workspace(home).journal_file(name))
    journal.append((BreakerReset(reason="all is well", operator="anna"),), (), None, at_ns or time.time_ns() + HOUR_NS)
    journal.close()


@pytest.mark.parametrize("message", [PANIC, ct.FreezeWanted(cause="store", text="differs")])
def test_a_stop_that_a_person_reset_since_wants_another_word(home, given, message):
    DeadLetters(home / "logs" / "live-1", "guard").keep("executor", message)
    letter = letters_of(home / "logs" / "live-1")[-1]
    a_reset(home)

    with pytest.raises(RefusedForSafety, match=r"live-1 was reset.*by anna: all is well.*until a reset.*--confirm"):
        replay(home, "live-1", letter)
    assert given == []

    assert "nothing is opened until a reset" in replay(home, "live-1", letter, is_confirmed=True)
    assert given == [("live-1", "executor", message)]


def test_a_stop_that_came_after_the_reset_is_given_again(home, given):
    a_reset(home, at_ns=1)
    DeadLetters(home / "logs" / "live-1", "guard").keep("executor", PANIC)

    replay(home, "live-1", letters_of(home / "logs" / "live-1")[-1])

    assert given == [("live-1", "executor", PANIC)]


def test_a_reset_that_was_archived_still_counts(home, given):
    DeadLetters(home / "logs" / "live-1", "guard").keep("executor", PANIC)
    a_reset(home)
    archive(Workspace(home).journal_file("live-1"), time.time_ns() * 2)

    with pytest.raises(RefusedForSafety, match="was reset after it"):
        replay(home, "live-1", letters_of(home / "logs" / "live-1")[-1])


def test_what_the_account_system_is_told_stops_any_instance_that_was_reset(home, given):
    DeadLetters(home / "logs" / "account", "panic").keep("panic", PANIC)
    a_reset(home, "live-2")

    with pytest.raises(RefusedForSafety, match="live-2 was reset after it"):
        replay(home, "account", letters_of(home / "logs" / "account")[-1])


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
    assert "0 min" in stopped.stderr, "how old it is"


def test_status_counts_them(home):
    (one,) = predator_json("status", "--instance", "live-1", home=home)["instances"]

    assert one["dead_letters"] == 3
