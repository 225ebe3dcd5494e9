"""Correlation: one id from a signal over its orders, fills and position to the trade and its notification.

It is the minute of the bar that decided the entry, in base 36, as it stands in every client order id of that trade. So
it can be read off an order at the exchange, and needs no place of its own in the journal: it follows from the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine import checkpoint, ids
from engine.book.state import Book
from engine.market import MINUTE_NS
from engine.messages import events as ev
from engine.messages.base import Message
from engine.messages.facts import Checkpoint
from engine.order import Order

NONE = ""
_CARRIED = ("order", "fill", "signal", "payment", "instrument")
BEGINNINGS = ("OrderIntended", "TradeClosed")
_OF_THE_OPEN_TRADE = (ev.ExitWanted, ev.ProtectionAdvanced, ev.ReducedElsewhere, ev.PositionOpened)


def of_bar(open_time_ns: int) -> str:
    """The id that the signal of this bar begins."""
    return ids.base36(open_time_ns // MINUTE_NS)


def of_order(client_order_id: str) -> str:
    """The id in a client order id; empty for one that is not ours."""
    return client_order_id.split("-")[3] if ids.is_ours(client_order_id) else NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an event is about, as far as it, or what came before it, says."""

    symbol: str = ""
    trade_number: int | None = None
    client_order_id: str = ""


class Thread:
    """Follows a journal and says of each message where it belongs.

    From its beginning; or from any message on, once the checkpoint and all `BEGINNINGS` before it were followed.
    """

    def __init__(self) -> None:
        self._trades: dict[int, str] = {}
        self._orders: dict[str, int] = {}
        self._newest = 0
        self._symbol = ""

    def of(self, event: Message) -> str:
        """The id of `event`; empty for what belongs to no signal."""
        found = self._found(event)
        match event:
            case Checkpoint():
                self._resume(checkpoint.book_of(event))
            case ev.OrderIntended(order=order):
                self._learn(order)
            case ev.TradeClosed(trade_number=number):
                self._trades.setdefault(number, found)
        return found

    def _resume(self, book: Book) -> None:
        """As if all that was archived had been followed; of closed trades their end stays in the journal."""
        for order in book.orders.values():  # in the order of their intents
            self._learn(order)
        if book.trade is not None:
            self._trades.setdefault(book.trade.number, of_bar(book.trade.bar_open_time_ns))

    def _learn(self, order: Order) -> None:
        self._newest = order.trade_number
        self._trades.setdefault(order.trade_number, of_order(order.client_order_id))
        self._orders[order.client_order_id] = order.trade_number
        self._symbol = order.symbol

    def subject_of(self, event: Message) -> Subject:
        """What it is about; asked after `of`."""
        name, number = _order_id_of(event), self._trade_of(event)
        is_of_a_trade = bool(name) or number is not None
        symbol = _symbol_of(event) or (self._symbol if is_of_a_trade else "")
        return Subject(symbol=symbol, trade_number=number, client_order_id=name)

    def _trade_of(self, event: Message) -> int | None:
        if isinstance(event, _OF_THE_OPEN_TRADE):
            return self._newest or None
        number = getattr(event, "trade_number", None)
        return number if isinstance(number, int) else self._orders.get(_order_id_of(event))

    def _found(self, event: Message) -> str:
        match event:
            case ev.SignalReceived(signal=signal):
                return of_bar(signal.bar_open_time_ns)
            case ev.SignalFiltered(bar_open_time_ns=opened) | ev.SignalWaits(bar_open_time_ns=opened):
                return of_bar(opened)
            case ev.TradeClosed(entry_bar_open_time_ns=opened):
                return of_bar(opened)
            case ev.PositionProtected(trade_number=number) | ev.NotificationDelivered(trade_number=number):
                return self._trades.get(number, NONE)
            case _ if isinstance(event, _OF_THE_OPEN_TRADE):
                return self._trades.get(self._newest, NONE)
        return of_order(_order_id_of(event))


def _order_id_of(event: Message) -> str:
    """Ours or not; empty for what is about no order."""
    order = getattr(event, "order", None)
    return order.client_order_id if isinstance(order, Order) else str(getattr(event, "client_order_id", ""))


def _symbol_of(event: Message) -> str:
    """As the event says it, or what it carries does."""
    carried = (event, *(getattr(event, name, None) for name in _CARRIED))
    found = (getattr(one, "symbol", "") for one in carried)
    return next((symbol for symbol in found if isinstance(symbol, str) and symbol), "")


def threaded(events: Iterable[Message]) -> Iterator[tuple[Message, str]]:
    """Each message with its id."""
    thread = Thread()
    for event in events:
        yield event, thread.of(event)
