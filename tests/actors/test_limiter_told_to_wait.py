"""The rate limiter when the exchange wants to be left alone: a 429 for a while, a ban by everybody at the address."""

from __future__ import annotations

from actors.spending import SECOND
from engine.machine import Record, Send
from engine.messages.account import SpendingNoted
from engine.messages.budget import BudgetGranted
from tests.actors.limiter_desk import Limiter, counted


def test_a_429_ends_all_leases_at_once_and_all_grants_until_its_time() -> None:
    limiter = Limiter()
    limiter.ask("live-1")
    limiter.ask("live-2")

    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=5_000))

    told = {effect.to: effect.message for effect in limiter.effects if isinstance(effect, Send)}
    nothing = BudgetGranted(weight=0, orders=0, valid_for_ns=5 * SECOND)
    assert told == {"live-1.executor": nothing, "live-2.executor": nothing}
    assert limiter.ask("live-3").weight == 0
    limiter.now_ns += 6 * SECOND
    assert limiter.ask("live-3").weight == 50


def test_a_ban_stops_the_account_and_a_restart_does_not_forget_it() -> None:
    limiter = Limiter()
    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=180_000, is_ban=True))
    recorded = [effect.events[-1] for effect in limiter.effects if isinstance(effect, Record)][-1]
    assert isinstance(recorded, SpendingNoted)

    again = Limiter(recorded)
    again.now_ns = limiter.now_ns + 100 * SECOND

    assert again.ask("live-1").weight == 0
    assert again.ask("live-1").banned_for_ns == 80 * SECOND


def test_a_ban_is_told_to_everybody_at_once_and_with_each_answer_until_it_is_over() -> None:
    limiter = Limiter()
    limiter.ask("live-1")
    limiter.ask("live-2")

    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=5_000, is_ban=True))

    told = {one.to: one.message for one in limiter.effects if isinstance(one, Send)}
    stopped = BudgetGranted(weight=0, orders=0, valid_for_ns=5 * SECOND, banned_for_ns=5 * SECOND)
    assert told == {"live-1.executor": stopped, "live-2.executor": stopped}
    limiter.now_ns += 3 * SECOND
    assert limiter.ask("started meanwhile").banned_for_ns == 2 * SECOND
    limiter.now_ns += 2 * SECOND
    assert limiter.ask("live-1").banned_for_ns == 0


def test_a_429_is_no_ban_however_long_it_lasts() -> None:
    limiter = Limiter()

    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=600_000))

    assert limiter.ask("live-1").banned_for_ns == 0
