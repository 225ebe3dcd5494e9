"""Instances that share an account: together they explain its balance, and what one finds concerns all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from actors.reconciler import Reconciler
from actors.shell.latch import latch_file, read_latch
from actors.shell.own_ports import LatchPort
from actors.shell.scoreboard import ScoreboardWriter, create_scoreboard
from actors.shell.sharers_port import SharersPort
from actors.wiring.live import view_in
from adapters.journal.sqlite_journal import SqliteJournal
from engine import account_drift
from engine.errors import InvariantViolated
from engine.machine import Record, Request, Send
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.account import LatchRaised, RaiseLatch, ReadSharers, SharersRead
from engine.messages.reports import InstanceView
from engine.order import OrderPurpose
from engine.safety.limits import Limits
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.builders import NOW_NS, SYMBOL, D, an_order

READER = Reconciler(instance="live-1", symbol=SYMBOL, limits=Limits(), owns_wallet=False, has_sharers=True)


def verdicts(*looks: tuple[int, int]) -> list[str]:
    """What the reconciler says after each look at (wallet, what all explain)."""
    state, _ = READER.start(NOW_NS)
    said = []
    for number, (wallet, total) in enumerate(looks, 1):
        snapshot = ex.AccountSnapshot(
            symbol=SYMBOL, started_at_ns=number, finished_at_ns=number, wallet_balance=D(wallet),
            available_balance=D(wallet), position_quantity=D(0), entry_price=D(0), mark_price=D(1),
            liquidation_price=None, open_orders=(), fills=(),
        )  # fmt: skip
        view = ct.ViewReported(
            snapshot_started_at_ns=number, position_quantity=D(0), open_orders=(), wallet_expected=None,
            in_flight=False, fills_since_ns=0,
        )  # fmt: skip
        state, asked = READER.receive(state, ex.SnapshotTaken(snapshot=snapshot), NOW_NS)
        assert Request(port="sharers", call=ReadSharers()) in asked
        state, _ = READER.receive(state, SharersRead(total=D(total), down=()), NOW_NS)
        state, effects = READER.receive(state, view, NOW_NS)
        said += [e.message.state for e in effects if isinstance(e, Send) and isinstance(e.message, ct.Reconciled)]
    return said


def test_the_reconciler_halts_on_money_that_no_instance_explains():
    assert verdicts(*[(10_000, 0)] * 3, *[(10_050, 50)] * 3) == ["HEALTHY"] * 6
    assert verdicts(*[(10_000, 0)] * 3, *[(9_975, 0)] * 3) == ["HEALTHY"] * 5 + ["CRITICAL"]


def test_a_balance_that_moved_is_in_doubt_until_it_is_explained_or_believed_to_have():
    crowded = account_drift.Watch(anchor=D(0), unexplained=D(50), looks=1)

    assert [account_drift.is_in_doubt(replace(crowded, looks=n), D("1e-6")) for n in (1, 2, 3)] == [True, True, False]
    assert not account_drift.is_in_doubt(replace(crowded, unexplained=D(0)), D("1e-6"))
    assert not account_drift.is_in_doubt(replace(crowded, anchor=None), D("1e-6"))


def test_drift_of_the_account_stands_while_there_is_budget_for_light_readings_only():
    drifted = account_drift.Watch(anchor=D(0), unexplained=D(50), looks=3)
    state = replace(
        READER.start(NOW_NS)[0], account=drifted, explained=account_drift.Explained(total=D(0), down=("live-2",))
    )
    light = ex.AccountSnapshot(
        symbol=SYMBOL, started_at_ns=1, finished_at_ns=1, wallet_balance=D(0), available_balance=D(0),
        position_quantity=D(0), entry_price=D(0), mark_price=D(1), liquidation_price=None, open_orders=(), fills=(),
        is_light=True,
    )  # fmt: skip
    view = ct.ViewReported(
        snapshot_started_at_ns=1, position_quantity=D(0), open_orders=(), wallet_expected=None, in_flight=False,
        fills_since_ns=0,
    )  # fmt: skip

    state, _ = READER.receive(state, ex.SnapshotTaken(snapshot=light), NOW_NS)
    _, effects = READER.receive(state, view, NOW_NS)

    [verdict] = [e.message for e in effects if isinstance(e, Send)]
    assert verdict.state == "WARNING"
    assert "live-2 holds a position and is down" in verdict.differences[0]


def sharing() -> Desk:
    """live-1 on an account with two others, ready to trade."""
    desk = Desk()
    desk.settings = replace(desk.settings, sharers=("live-2", "live-3"))
    desk.boot()
    return desk.ready()


def woken(desk: Desk) -> list[tuple[str, str]]:
    return [(one.to, one.message.scope) for one in desk.sent if isinstance(one.message, ct.PanicRaised)]


def run_until_recorded(desk: Desk, kind: type) -> None:
    """Until this is in the journal: nothing that follows from it has been performed."""
    perform = desk._perform_one

    def stop_there(effect: object, life: object) -> None:
        perform(effect, life)  # type: ignore[arg-type]
        if isinstance(effect, Record) and any(isinstance(event, kind) for event in effect.events):
            desk.die_before = desk.performed

    desk._perform_one = stop_there  # type: ignore[method-assign, assignment]
    desk.run(4_000)
    desk._perform_one = perform  # type: ignore[method-assign]


def test_on_critical_all_who_share_the_account_are_latched_by_the_one_who_found_it_and_then_woken():
    desk = sharing()
    desk.exchange.wallet.balance += Decimal(7)
    desk.run(4_000)

    assert desk.book.breaker.level == "RED"
    assert set(desk.latches_of_others) == {"live-2", "live-3"}
    assert "live-1, with whom it shares the account main: balance drift" in desk.latches_of_others["live-2"].reason
    assert woken(desk) == [("account.panic", "live-2"), ("account.panic", "live-3")]


def test_the_latch_of_the_others_is_on_its_way_in_the_very_turn_before_anybody_is_told():
    desk = sharing()
    found = ct.Reconciled(state="CRITICAL", differences=("balance drift: 7",), compared_at_ns=desk.now_ns)

    _, effects = desk.executor.receive(desk.state, found, desk.now_ns)

    kinds = [("latch", e.call.scope) for e in effects if isinstance(e, Request) and e.port == "latch"]
    assert kinds == [("latch", "live-2"), ("latch", "live-3")]
    first_told = next(at for at, e in enumerate(effects) if isinstance(e, Send) and e.to == "account.panic")
    assert isinstance(effects[0], Record)
    assert isinstance(effects[first_told - 1], Request)


def test_a_breaker_that_is_red_already_hides_nothing_from_the_others_and_from_people():
    """First the network, then the difference: it used to halt nobody else, and no report was written."""
    desk = sharing()
    desk.tell(ct.FreezeWanted(cause="network blocked", text="no word for a minute"))
    desk.exchange.wallet.balance += Decimal(7)
    desk.run(4_000)

    assert set(desk.latches_of_others) == {"live-2", "live-3"}
    assert [one.cause for one in desk.incidents] == ["network blocked", "reconciliation"]
    assert desk.book.breaker.cause == "network blocked", "the first cause is kept"


def test_who_dies_between_the_record_and_the_panic_of_the_others_panics_them_when_it_lives_again():
    desk = sharing()
    desk.exchange.wallet.balance += Decimal(7)
    run_until_recorded(desk, ev.ReconciliationChanged)
    assert desk.book.reconciliation != "HEALTHY"

    desk.run(4_000)

    assert desk.book.reconciliation == "CRITICAL"
    assert set(desk.latches_of_others) == {"live-2", "live-3"}


def test_a_disk_that_refuses_the_latch_is_asked_again_and_the_others_are_woken_meanwhile():
    desk = sharing()
    desk.takes_latches = False
    desk.exchange.wallet.balance += Decimal(7)
    desk.run(4_000)
    assert ("account.panic", "live-2") in woken(desk)
    assert any("NOT on disk" in note for note in desk.notes)

    desk.takes_latches = True
    desk.run(1_100)

    assert set(desk.latches_of_others) == {"live-2", "live-3"}


def test_who_is_reset_while_the_difference_stands_is_latched_again_and_not_once_both_agree():
    desk = sharing()
    desk.exchange.wallet.balance += Decimal(7)
    desk.run(4_000)
    desk.latches_of_others.clear()  # a person reset them
    desk.run(1_100)
    assert set(desk.latches_of_others) == {"live-2", "live-3"}

    desk.exchange.wallet.balance -= Decimal(7)
    desk.run(3_000)
    desk.latches_of_others.clear()
    desk.run(3_000)

    assert desk.book.reconciliation == "HEALTHY"
    assert desk.latches_of_others == {}


def test_the_same_difference_is_reported_once_and_another_kind_again():
    desk = sharing()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)
    desk.exchange.wallet.balance += Decimal(7)
    desk.run(4_000)
    desk.tell(ct.Reconciled(state="WARNING", differences=("the exchange cannot be read",), compared_at_ns=1))
    desk.run(4_000)
    assert len(desk.incidents) == 1

    desk.exchange.place_foreign(an_order("web-1", OrderPurpose.STOP), desk.now_ns)
    desk.run(4_000)

    kinds = {text.partition(":")[0] for text in desk.book.unexplained}
    assert kinds == {"balance drift", "an order nobody here sent"}
    assert [one.cause for one in desk.incidents] == ["reconciliation"] * 2


def test_a_reminder_leaves_the_latch_that_a_person_looked_at_as_it_is(tmp_path):
    port = LatchPort(tmp_path)
    port.perform(RaiseLatch(scope="live-2", reason="first"))
    seen = read_latch(latch_file(tmp_path, "live-2"))

    answer = port.perform(RaiseLatch(scope="live-2", reason="still", is_reminder=True))

    assert isinstance(answer, LatchRaised)
    assert read_latch(latch_file(tmp_path, "live-2")) == seen


@pytest.fixture
def home(tmp_path):
    for name, profit, held in (("live-1", "30", "0"), ("live-2", "-10", "0.5")):
        journal = SqliteJournal(tmp_path / "instances" / name / "journal.sqlite")
        view = InstanceView(
            sequence=1, phase="TRADING", wallet_balance=D(1), realised_profit=D(profit), fees=D(1),
            position_quantity=D(held),
        )  # fmt: skip
        journal.append((), (), view, NOW_NS)
        journal.close()
    return tmp_path


def test_the_port_adds_up_what_the_journals_say_and_names_who_is_down(home):
    port = SharersPort(home, ("live-1", "live-2", "live-never"), view_in)

    assert port.perform(ReadSharers()) == SharersRead(total=D(18), down=("live-2",))

    board = home / "run" / "live-2" / "scoreboard"
    create_scoreboard(board, ("executor",))
    ScoreboardWriter(board, "executor", 1)
    assert port.perform(ReadSharers()) == SharersRead(total=D(18), down=())
    with pytest.raises(InvariantViolated):
        port.perform(ct.ReadJournal())
