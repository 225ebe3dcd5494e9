"""Limits that bind less over an open position: a person's word is in the journal, or a person must look."""

from __future__ import annotations

from dataclasses import replace

from actors.spec import Permission
from engine.messages import facts
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree, fate_of, holding
from tests.builders import D


def born_again(desk: Desk, **changed) -> Desk:
    """The next life, with other settings."""
    limits = replace(desk.settings.limits, max_notional=D(90_000))
    desk.settings = replace(desk.settings, limits=limits, **changed)
    desk.crash()
    desk.run(3_000)
    return desk


def test_the_limits_of_each_life_are_in_the_journal_once():
    desk = holding()
    assert desk.events(facts.LimitsSet)[0].limits["max_notional"] == "50000"

    desk.crash()
    desk.run(3_000)

    assert len(desk.events(facts.LimitsSet)) == 1


def test_looser_ones_over_an_open_position_without_a_word_halt():
    desk = born_again(holding())

    assert (desk.book.breaker.level, desk.book.breaker.cause) == ("RED", "limits loosened")
    assert_all_agree(desk)


def test_with_a_word_they_hold_and_the_word_is_kept():
    desk = born_again(holding(), loosening=Permission(operator="anna", reason="hedged elsewhere"))

    assert desk.book.breaker.level == "GREEN"
    word = desk.events(facts.LimitsSet)[-1]
    assert (word.operator, word.reason, word.loosened) == (
        "anna", "hedged elsewhere", ("max_notional 50000 -> 90000",),
    )  # fmt: skip


def test_while_flat_limits_are_free():
    desk = born_again(Desk().ready())

    assert desk.book.breaker.level == "GREEN"
    assert desk.events(facts.LimitsSet)[-1].loosened == ()


def test_an_entry_whose_answer_was_lost_counts_as_a_position():
    """It filled, nobody heard of it, and all died: the book is flat and the exchange is not."""
    desk = Desk(fate_of(OrderPurpose.ENTRY, "answer lost")).ready()
    desk.stream_is_up = False
    desk.cycle(1, Intent.ENTER_LONG)
    assert (desk.book.position_quantity, bool(desk.exchange.position.quantity)) == (0, True)
    desk.stream_is_up = True

    born_again(desk)

    assert (desk.book.breaker.level, desk.book.breaker.cause) == ("RED", "limits loosened")
    assert desk.events(facts.LimitsSet)[-1].loosened == ("max_notional 50000 -> 90000",)
