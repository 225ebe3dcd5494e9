"""An order that is ours by its id and should not live is cancelled until it is gone, and told of once each way."""

from __future__ import annotations

from engine import ids
from engine.messages import exchange as ex
from engine.messages import facts
from engine.order import OrderKind
from tests.actors.executor_desk import Desk
from tests.actors.executor_laws import assert_all_agree
from tests.builders import SYMBOL, D, an_order

ZOMBIE = f"{ids.owner_prefix('live-1')}1-abcd-1-E1"


def haunted(fate=lambda call: "ok") -> Desk:
    """At rest, with an order of an earlier life that nobody remembers."""
    desk = Desk(fate).ready()
    order = an_order(ZOMBIE, kind=OrderKind.LIMIT, quantity=D("0.1"), price=D(39_000))
    desk.exchange.place_foreign(order, desk.now_ns)
    return desk


def cancels(desk: Desk) -> int:
    return sum(isinstance(call, ex.CancelOrder) and call.client_order_id == ZOMBIE for call in desk.calls)


def test_a_zombie_is_journaled_when_found_and_when_gone():
    desk = haunted()

    desk.run(30_000)

    [found] = desk.events(facts.ZombieFound)
    assert (found.client_order_id, found.symbol) == (ZOMBIE, SYMBOL)
    assert desk.events(facts.ZombieGone) == [facts.ZombieGone(client_order_id=ZOMBIE)]
    assert not desk.exchange.orders[ZOMBIE].is_open
    assert_all_agree(desk)


def test_one_that_will_not_die_is_cancelled_at_each_look_and_journaled_once():
    desk = haunted(lambda call: "request lost" if isinstance(call, ex.CancelOrder) else "ok")

    desk.run(60_000)

    assert cancels(desk) > 3
    assert len(desk.events(facts.ZombieFound)) == 1
    assert desk.events(facts.ZombieGone) == []


def test_the_next_life_tells_of_it_again():
    desk = haunted(lambda call: "request lost" if isinstance(call, ex.CancelOrder) else "ok")
    desk.run(10_000)
    desk.crash()
    desk.run(30_000)

    assert len(desk.events(facts.ZombieFound)) == 2


def test_an_order_of_somebody_else_is_none():
    desk = Desk().ready()
    desk.exchange.place_foreign(an_order("web-1", kind=OrderKind.LIMIT, price=D(39_000)), desk.now_ns)

    desk.run(30_000)

    assert desk.events(facts.ZombieFound) == []
