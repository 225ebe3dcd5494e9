"""What must hold of every decision in an instance's journal, when it is made. Of what becomes of it: `invariants`.

The settings of the worlds' play (`cast`) are known here, not read from the machines: an instance that trades the wrong
side, the wrong size or behind a stop too far away keeps every law of bookkeeping.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from engine.book.state import Book
from engine.messages import events as ev
from engine.order import Order, OrderPurpose, Side
from engine.safety.breaker import Level
from engine.signal import Signal, decide
from tests.simulation.cast import SHARE_OF_EQUITY, STOPLOSS, WIDEST_STOP
from tests.simulation.laws import demand

NEAR = Decimal("0.0005")  # a stop is rounded to the tick, and the price a decision was made at is the last close
PROFIT_LEFT = Decimal("1e-9")


class Decisions:
    """Over one instance's journal, event by event; `before` is the book that the decision was made on."""

    def __init__(self) -> None:
        self.anchor_ns: int | None = None
        self.signals: list[Signal] = []
        self._stops: dict[int, Decimal] = {}
        self._opened: dict[int, Decimal] = {}
        self._days: Counter[str] = Counter()
        self._profit = Decimal(0)

    def take(self, before: Book, event: object) -> None:
        match event:
            case ev.AnchorRecorded(open_time_ns=open_time_ns):
                self.anchor_ns = open_time_ns
            case ev.SignalReceived(signal=signal):
                self.signals.append(signal)
            case ev.OrderIntended(order=order, decision_id=decision) if decision != "adopted":
                self._order(before, order)
            case ev.PositionOpened(trade_number=number, protection=levels):
                assert before.instrument is not None
                self._opened[number] = before.instrument.from_ticks(levels.entry_ticks)
                self._stop_is_near(number, before.instrument.from_ticks(levels.stop_ticks))
            case ev.DayBegan(day=day):
                self._days[day] += 1
                demand(self._days[day] == 1, "a day begins once", f"{day} began {self._days[day]} times")
            case ev.TradeClosed():
                self._profit_is_the_ledgers(before, event)

    def _order(self, before: Book, order: Order) -> None:
        if order.purpose is OrderPurpose.ENTRY:
            self._only_when_sure(before, order)
            self._as_the_play_wishes(before, order)
        if order.purpose is OrderPurpose.STOP:
            self._stop_is_never_looser(order)

    def _only_when_sure(self, before: Book, order: Order) -> None:
        """If you are not sure where the money is, you do not trade."""
        is_sure = before.breaker.level is Level.GREEN and before.reconciliation == "HEALTHY" and not before.is_panicked
        text = f"entry {order.client_order_id} on {before.breaker.level}, {before.reconciliation}"
        demand(is_sure, "only when sure", text)

    def _as_the_play_wishes(self, before: Book, order: Order) -> None:
        signal = self.signals[-1] if self.signals else None
        demand(
            signal is not None and signal.bar_open_time_ns == order.bar_open_time_ns,
            "as the play wishes",
            f"entry {order.client_order_id} of {order.bar_open_time_ns} after {signal}",
        )
        assert signal is not None
        side = 1 if order.side is Side.BUY else -1
        wish = decide(int(signal.intent), 0)[1]
        demand(side == wish, "as the play wishes", f"{order.side} {order.client_order_id} after {signal.intent!r}")
        most = before.ledger.wallet_balance * SHARE_OF_EQUITY * (1 + NEAR)
        notional = order.quantity * Decimal(str(signal.close))
        demand(notional <= most, "size", f"{order.client_order_id} is worth {notional}, and {most} is the most")

    def _stop_is_near(self, number: int, stop: Decimal) -> None:
        entry = self._opened[number]
        far = abs(entry - stop) / entry
        demand(far <= WIDEST_STOP + NEAR, "stop is near", f"trade {number}: {stop} for {entry}, {STOPLOSS} was wanted")

    def _stop_is_never_looser(self, order: Order) -> None:
        assert order.trigger_price is not None
        last = self._stops.get(order.trade_number, order.trigger_price)
        closer = (order.trigger_price - last) * (1 if order.side is Side.SELL else -1)
        demand(closer >= 0, "stop never looser", f"{order.client_order_id} at {order.trigger_price} after {last}")
        self._stops[order.trade_number] = order.trigger_price

    def _profit_is_the_ledgers(self, before: Book, event: ev.TradeClosed) -> None:
        """What the messages of all trades tell is what the ledger earned."""
        self._profit += event.profit
        earned = before.ledger.realised_profit - before.ledger.fees
        text = f"after trade {event.trade_number} all trades made {self._profit}, the ledger {earned}"
        demand(abs(self._profit - earned) < PROFIT_LEFT, "profit of trades", text)
