"""Instances that share an account: together they explain its balance, and what one finds concerns all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from actors.reconciler import Reconciler
from actors.shell.scoreboard import ScoreboardWriter, create_scoreboard
from actors.shell.sharers_port import SharersPort
from actors.wiring.live import view_in
from adapters.journal.sqlite_journal import SqliteJournal
from engine.errors import InvariantViolated
from engine.machine import Request, Send
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.messages.account import ReadSharers, SharersRead
from engine.messages.reports import InstanceView
from engine.safety.limits import Limits
from tests.actors.executor_desk import Desk
from tests.builders import NOW_NS, SYMBOL, D

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


def test_on_critical_all_who_share_the_account_are_panicked():
    desk = Desk()
    desk.settings = replace(desk.settings, sharers=("live-2", "live-3"))
    desk.boot()
    desk.ready()
    desk.exchange.wallet.balance += Decimal(7)
    desk.run(4_000)

    assert desk.book.breaker.level == "RED"
    told = [one for one in desk.sent if isinstance(one.message, ct.PanicRaised)]
    assert [(one.to, one.message.scope) for one in told] == [("account.panic", "live-2"), ("account.panic", "live-3")]
    assert "live-1, with whom it shares the account main" in told[0].message.reason


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
