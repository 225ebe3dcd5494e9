"""What must hold at an executor's desk, and the usual stories to begin with."""

from __future__ import annotations

import collections

from engine.book.state import Book
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.order import OrderPurpose
from engine.signal import Intent
from tests.actors.executor_desk import Desk, Fate
from tests.builders import folded


def assert_all_agree(desk: Desk) -> None:
    """Engine, journal and exchange say the same, to the last unit, and every order was sent for once."""
    book, exchange = desk.book, desk.exchange
    assert book == folded_journal(desk)
    assert book.position_quantity == exchange.position.quantity
    assert book.wallet_expected == exchange.wallet_balance
    working = {o.client_order_id for o in exchange.orders.values() if o.is_working}
    assert {o.client_order_id for o in book.open_orders()} == working
    assert len(exchange.accepted) == len(set(exchange.accepted))


def folded_journal(desk: Desk, length: int | None = None) -> Book:
    book = Book()
    for at_ns, event in desk.journal[:length]:
        book = folded([event], at_ns, book)
    return book


def fate_of(purpose: OrderPurpose, *fates: str) -> Fate:
    """The first orders of this purpose meet these fates, one each; everything else goes well."""
    left = collections.deque(fates)

    def fate(call: Message) -> str:
        is_it = isinstance(call, ex.PlaceOrder) and call.order.purpose is purpose
        return left.popleft() if is_it and left else "ok"

    return fate


def closed_trades(desk: Desk) -> list[ev.TradeClosed]:
    return [event for event in desk.events(ev.TradeClosed) if isinstance(event, ev.TradeClosed)]


def holding(fate: Fate = lambda call: "ok") -> Desk:
    """A long of 0.1 from 40,000, protected."""
    desk = Desk(fate).ready()
    desk.cycle(1, Intent.ENTER_LONG)
    desk.run(1_000)
    return desk
