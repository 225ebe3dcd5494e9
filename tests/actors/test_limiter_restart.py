"""A rate limiter that is started again, or whose disk refuses: it forgets neither what is out nor that it must wait."""

from __future__ import annotations

import pytest

from actors.spending import MINUTE, SECOND, total
from engine.machine import Record, Send
from engine.messages.account import SpendingNoted
from engine.messages.control import JournalRead, RecordFailed
from tests.actors.limiter_desk import START_NS, USABLE_ORDERS, USABLE_WEIGHT, Limiter, counted, wanted, weight_of


def on_disk(limiter: Limiter) -> SpendingNoted:
    """What it noted last."""
    [noted] = [one.events[-1] for one in limiter.effects if isinstance(one, Record)]
    assert isinstance(noted, SpendingNoted)
    return noted


def started_again(limiter: Limiter, after_ns: int) -> Limiter:
    again = Limiter(on_disk(limiter))
    again.now_ns = limiter.now_ns + after_ns
    return again


def test_a_lease_that_is_still_out_counts_in_the_window_that_began_meanwhile() -> None:
    """Leases of 840 and 70 orders were out at second 59; at 60.5 the next limiter knew nothing of them."""
    limiter = Limiter()
    limiter.now_ns = START_NS + 59 * SECOND
    held = limiter.ask("live-1", weight=840, orders=50)
    again = started_again(limiter, after_ns=1_500_000_000)

    granted = [again.ask(f"live-{number}", weight=2_000, orders=200) for number in range(2, 30)]

    assert held.weight + sum(one.weight for one in granted) <= USABLE_WEIGHT
    assert held.orders + sum(one.orders for one in granted) <= USABLE_ORDERS
    assert total(again.state, "main")[0] >= held.weight


def test_one_that_ran_out_before_the_window_began_does_not() -> None:
    limiter = Limiter()
    limiter.now_ns = START_NS + 50 * SECOND
    limiter.ask("live-1", weight=840)
    again = started_again(limiter, after_ns=11 * SECOND)

    again.ask("live-2", weight=10)

    assert weight_of(again) == 10


def test_a_holder_is_believed_after_a_restart_as_before() -> None:
    limiter = Limiter()
    limiter.ask("live-1", weight=50)
    again = started_again(limiter, after_ns=SECOND)

    again.ask("live-1", weight=50, spent=30)

    assert weight_of(again) == 30 + 50


def test_who_held_a_lease_hears_of_a_ban_after_a_restart_too() -> None:
    limiter = Limiter()
    limiter.ask("live-1")
    again = started_again(limiter, after_ns=SECOND)

    again.tell(counted(0, again.now_ns, retry_after_ms=5_000, is_ban=True))

    assert [one.to for one in again.effects if isinstance(one, Send)] == ["live-1.executor"]


@pytest.mark.parametrize("is_ban", [False, True])
def test_a_disk_that_refuses_loses_no_wish_to_be_left_alone(is_ban: bool) -> None:
    limiter = Limiter()
    limiter.ask("live-1")
    before = on_disk(limiter)
    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=5_000, is_ban=is_ban))
    assert [type(one) for one in limiter.effects if isinstance(one, Send | Record)] == [Send, Record]

    limiter.tell(RecordFailed(text="disk full"))
    limiter.tell(JournalRead(events=((1, before),)))

    granted = limiter.ask("live-1")
    assert (granted.weight, granted.banned_for_ns) == (0, 5 * SECOND * is_ban)
    assert on_disk(limiter).accounts[0].backed_off_until_ns == limiter.now_ns + 5 * SECOND


def test_a_wish_that_comes_while_nothing_may_be_noted_is_told_and_kept() -> None:
    limiter = Limiter()
    limiter.ask("live-1")
    before = on_disk(limiter)
    limiter.tell(RecordFailed(text="disk full"))

    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=5_000))
    assert [type(one) for one in limiter.effects if isinstance(one, Send | Record)] == [Send]
    limiter.tell(JournalRead(events=((1, before),)))

    assert limiter.ask("live-1").weight == 0


def test_a_table_of_a_version_that_noted_no_leases_has_them_as_spent() -> None:
    limiter = Limiter()
    limiter.tell(wanted("live-1", weight=300))
    [account] = on_disk(limiter).accounts
    old = SpendingNoted(accounts=(account,))

    again = Limiter(old)
    again.now_ns = START_NS + MINUTE - SECOND
    again.ask("live-2", weight=10)

    assert weight_of(again) == account.weight + 10
