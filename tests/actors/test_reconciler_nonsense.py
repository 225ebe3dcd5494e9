"""C8: after an answer that cannot be the reconciler doubts the exchange until its answers have made sense again."""

import pytest

from actors.reconciler import Reconciler
from engine.machine import Publish, Send
from engine.messages import control as ct
from engine.messages import exchange as ex
from engine.safety.limits import Limits
from tests.builders import NOW_NS, SECOND_NS, SYMBOL, D

QUIET_NS = Limits().quiet_ms * 1_000_000
NONSENSE = "nonsense: MalformedMessage field 'algoStatus' is 'HALF_DONE'"


class Rounds:
    """A reconciler of a flat instance, told what its readings come to."""

    def __init__(self) -> None:
        self.machine = Reconciler(instance="live-1", symbol=SYMBOL, limits=Limits(), owns_wallet=False)
        self.state, _ = self.machine.start(NOW_NS)
        self.now_ns = NOW_NS

    def fails(self, kind: str, text: str) -> list[ct.Reconciled]:
        return self.told(
            ex.ExchangeUnavailable(call="TakeSnapshot", detail="", kind=kind, text=text, retry_after_ms=1_000)
        )

    def agrees(self) -> list[ct.Reconciled]:
        taken = ex.AccountSnapshot(
            symbol=SYMBOL, started_at_ns=self.now_ns, finished_at_ns=self.now_ns, wallet_balance=D(1_000),
            available_balance=D(1_000), position_quantity=D(0), entry_price=D(0), mark_price=D(40_000),
            liquidation_price=None, open_orders=(), fills=(),
        )  # fmt: skip
        self.told(ex.SnapshotTaken(snapshot=taken))
        return self.told(
            ct.ViewReported(
                snapshot_started_at_ns=self.now_ns, position_quantity=D(0), open_orders=(), wallet_expected=None,
                in_flight=False, fills_since_ns=NOW_NS,
            )
        )  # fmt: skip

    def told(self, message) -> list[ct.Reconciled]:
        self.state, effects = self.machine.receive(self.state, message, self.now_ns)
        self.shown = [e.extra for e in effects if isinstance(e, Publish)]
        return [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, ct.Reconciled)]


def test_the_first_nonsense_is_a_warning_that_says_what_it_was_where_a_person_looks():
    rounds = Rounds()

    [word] = rounds.fails("nonsense", NONSENSE)

    assert word.state == "WARNING"
    assert NONSENSE in word.differences[0]
    assert rounds.shown[0]["differences"] == list(word.differences)


def test_a_snapshot_without_what_made_no_sense_clears_it_only_after_a_while():
    rounds = Rounds()
    rounds.fails("nonsense", NONSENSE)

    rounds.now_ns += QUIET_NS - 1
    [early] = rounds.agrees()
    rounds.now_ns += 1
    [late] = rounds.agrees()

    assert (early.state, late.state) == ("WARNING", "HEALTHY")
    assert NONSENSE in early.differences[0]
    assert late.differences == ()


def test_each_nonsense_begins_the_while_anew():
    rounds = Rounds()
    rounds.fails("nonsense", NONSENSE)
    rounds.now_ns += QUIET_NS - SECOND_NS
    rounds.fails("nonsense", NONSENSE)
    rounds.now_ns += QUIET_NS - SECOND_NS

    [word] = rounds.agrees()

    assert word.state == "WARNING"


@pytest.mark.parametrize("kind", ["unavailable", "rate_limited", "resting"])
def test_an_exchange_that_is_only_away_is_believed_as_soon_as_it_is_back(kind):
    rounds = Rounds()

    assert [len(rounds.fails(kind, "away")) for _ in range(3)] == [0, 0, 1]
    assert [word.state for word in rounds.agrees()] == ["HEALTHY"]
