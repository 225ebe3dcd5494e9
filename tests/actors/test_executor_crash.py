"""The kill matrix of the machine: it dies before every effect of a whole trade, each order meeting each fate.

The tests walk every fourth death of each fate, each fate beginning elsewhere; `python -m
tests.actors.test_executor_crash` walks them all and prints the table.

In every world: no order twice, none lost, engine = journal = exchange, one message per trade, and no position without
a working stop for longer than the bound.
"""

import sys
from collections.abc import Iterator
from itertools import product

import pytest

from engine.messages import events as ev
from engine.order import OrderPurpose
from engine.safety.limits import Limits
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, closed_trades, fate_of, folded_journal
from tests.builders import MS

DOWN_MS = 500  # the desk lets a dead executor come back after so long
STEP_MS = 1_000  # the longest between two looks of the desk
NAKED_BOUND_NS = (Limits().naked_limit_ms + Limits().exit_again_ms + DOWN_MS + 2 * STEP_MS) * MS
PURPOSES = (OrderPurpose.ENTRY, OrderPurpose.STOP, OrderPurpose.TAKE_PROFIT, OrderPurpose.EXIT)
STRIDE = 4
FATES = ("ok", "request lost", "answer lost", "late", "silent", "refuse nonsense")


def whole_trade(desk: Desk) -> Desk:
    """Enter, trail, exit; wishes are repeated bar by bar, as a play would. Then quiet until all is settled."""
    desk.run(1_500, 500)
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(2_000, 250)
    desk.market(40_500)
    desk.cycle(2, Intent.ENTER_LONG, 40_500.0)
    desk.run(3_000, 250)
    for bar in (3, 4, 5):
        desk.cycle(bar, Intent.EXIT_LONG, 40_500.0)
        desk.run(5_000, 500)
    desk.die_before = -1
    desk.run(20_000, 1_000)
    return desk


def effects_of_a_whole_trade() -> int:
    return whole_trade(Desk()).performed


def law(desk: Desk) -> None:
    assert_all_agree(desk)
    assert desk.book.position_quantity == 0, "the wish to leave was repeated"
    entries = [name for name in desk.exchange.accepted if "-E" in name]
    assert len(entries) <= 2
    assert desk.book.trade_count == len(closed_trades(desk)) == len(desk.events(ev.NotificationDelivered))
    assert desk.book.breaker.level != "RED", desk.book.breaker
    assert desk.longest_naked_ns <= NAKED_BOUND_NS, f"naked for {desk.longest_naked_ns / 1e9} s"


def worlds(purpose: OrderPurpose, fate: str, first: int = 0, step: int = 1) -> Iterator[Desk]:
    for die_before in range(first, effects_of_a_whole_trade(), step):
        yield whole_trade(Desk(fate_of(purpose, fate), die_before))


@pytest.mark.parametrize(("purpose", "fate"), list(product(PURPOSES, FATES)))
def test_kill_matrix_no_order_is_doubled_lost_or_left_naked(purpose, fate):
    first = (PURPOSES.index(purpose) + FATES.index(fate)) % STRIDE
    for desk in worlds(purpose, fate, first, STRIDE):
        law(desk)


def test_what_the_matrix_does_without_a_death_is_a_whole_trade():
    desk = whole_trade(Desk())

    assert [o.purpose.value for o in desk.placed()] == ["entry", "stop", "take_profit", "stop", "exit"]
    assert [t.exit_reason for t in closed_trades(desk)] == ["exit_signal"]
    law(desk)


def test_every_prefix_of_a_whole_trades_journal_folds_and_is_the_state_of_that_moment():
    desk = whole_trade(Desk())
    books = [folded_journal(desk, length) for length in range(len(desk.journal) + 1)]

    assert [book.sequence for book in books] == list(range(len(desk.journal) + 1))
    assert books[-1] == desk.book


def print_the_whole_table() -> None:
    """Every death of every fate: how many worlds, and the longest without a working stop."""
    sys.stdout.write(f"{'order':12} {'fate':16} {'worlds':>6} {'trades':>6} {'longest naked':>14}\n")
    for purpose, fate in product(PURPOSES, FATES):
        lived = list(worlds(purpose, fate))
        for desk in lived:
            law(desk)
        trades, naked = sum(desk.book.trade_count for desk in lived), max(desk.longest_naked_ns for desk in lived)
        sys.stdout.write(f"{purpose.value:12} {fate:16} {len(lived):6} {trades:6} {naked / 1e9:12.1f} s\n")
    sys.stdout.write(f"0 doubled, 0 lost, none naked for longer than {NAKED_BOUND_NS / 1e9:.1f} s\n")


if __name__ == "__main__":
    print_the_whole_table()
