"""What must hold in every world, after every step and at the end."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from actors.simulator import Simulation
from engine import book as books
from engine.book import Book
from engine.messages import events as ev
from engine.order import OrderPurpose, OrderStatus
from tests.simulation.world import Market

MS = 1_000_000
# stop refused or lost for `naked_limit_ms`, the executor dead for up to 0.8 s at a time, requests that time out
# after 3 s: a closing order is on its way well within this
NAKED_BOUND_NS = 40_000 * MS


class Watch:
    """Checks after each step; keeps what can only be seen over time."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._naked_since_ns: int | None = None
        self._seen_events = 0
        self._intended: set[str] = set()
        self.longest_naked_ns = 0

    def __call__(self, simulation: Simulation) -> None:
        self._note_intents(simulation)
        self._one_order_per_intent()
        self._not_naked_for_long(simulation)

    def _note_intents(self, simulation: Simulation) -> None:
        for _, event in simulation.journal[self._seen_events :]:
            if isinstance(event, ev.OrderIntended):
                self._intended.add(event.order.client_order_id)
        self._seen_events = len(simulation.journal)

    def _one_order_per_intent(self) -> None:
        accepted = self._market.exchange.accepted
        assert len(accepted) == len(set(accepted)), f"accepted twice: {Counter(accepted).most_common(1)}"
        assert set(accepted) <= self._intended, f"never journaled: {set(accepted) - self._intended}"

    def _not_naked_for_long(self, simulation: Simulation) -> None:
        exchange = self._market.exchange
        if not exchange.position.quantity or _is_covered(exchange.orders.values(), exchange.position.quantity):
            self._naked_since_ns = None
            return
        self._naked_since_ns = self._naked_since_ns or simulation.now_ns
        naked = simulation.now_ns - self._naked_since_ns
        self.longest_naked_ns = max(self.longest_naked_ns, naked)
        assert naked <= NAKED_BOUND_NS, f"no working stop for {naked / 1e9:.1f} s"


def _is_covered(orders: object, held: Decimal) -> bool:
    return any(
        order.purpose is OrderPurpose.STOP and order.status is OrderStatus.ACCEPTED and order.quantity >= abs(held)
        for order in orders  # type: ignore[attr-defined]
    )


def at_the_end(simulation: Simulation, market: Market) -> None:
    """After a kind while: everything agrees, to the last unit, and the instance is healthy or halted with a cause."""
    executor = simulation.actors["executor"].state
    book, exchange = executor.book, market.exchange
    assert fold(simulation) == book, "the fold of the journal is not the executor's book"
    assert book.position_quantity == exchange.position.quantity
    assert book.wallet_expected == exchange.wallet_balance, "money appeared or vanished"
    assert {o.client_order_id for o in book.open_orders()} == {
        o.client_order_id for o in exchange.orders.values() if o.is_working
    }
    assert executor.phase == "READY" or book.breaker.cause, f"stuck in {executor.phase}: {executor.ready}"
    _one_message_per_trade(simulation)
    _one_entry_per_bar(simulation)
    _red_is_cleared_by_people_only(simulation)


def fold(simulation: Simulation) -> Book:
    book = Book()
    for at_ns, event in simulation.journal:
        book = books.apply(book, event, at_ns)
    return book


def _one_message_per_trade(simulation: Simulation) -> None:
    closed = [event.trade_number for _, event in simulation.journal if isinstance(event, ev.TradeClosed)]
    told = [event.trade_number for _, event in simulation.journal if isinstance(event, ev.NotificationDelivered)]
    assert len(closed) == len(set(closed))
    assert len(told) == len(set(told))
    assert set(told) == set(closed), "a trade without its message"


def _one_entry_per_bar(simulation: Simulation) -> None:
    bars = [
        event.order.bar_open_time_ns
        for _, event in simulation.journal
        if isinstance(event, ev.OrderIntended) and event.order.purpose is OrderPurpose.ENTRY
    ]
    assert len(bars) == len(set(bars))


def _red_is_cleared_by_people_only(simulation: Simulation) -> None:
    level = "GREEN"
    for _, event in simulation.journal:
        if isinstance(event, ev.BreakerTripped):
            level = "RED" if "RED" in (level, event.level) else event.level
        if isinstance(event, ev.BreakerReset):
            level = "GREEN"
        if isinstance(event, ev.BreakerEased) and level == "YELLOW":
            level = "GREEN"
    assert fold(simulation).breaker.level == level
