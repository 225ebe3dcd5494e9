"""Turn: one message handled by the executor. Facts are folded into the book as they are decided; effects wait for them.

Whatever the order in which a turn decides, its effects come out as: the record of all its facts (durable first), then
what follows from them, then what everybody may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from actors.executor_state import State
from actors.executor_view import alert_of, shown
from engine.book import fold
from engine.book.state import Book
from engine.book.view import view_of
from engine.frozen import replace
from engine.machine import Effect, Publish, Record, Request, Send
from engine.messages import wire
from engine.messages.base import Message
from engine.messages.events import BreakerTripped, PanicObserved
from engine.messages.exchange import CancelOrder, FetchFills, FindOrder, PlaceOrder
from engine.messages.reports import IncidentHappened, InstanceView, digest_of
from engine.order import Order
from engine.safety import alarms
from engine.safety.breaker import Level

MS = 1_000_000
KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
FILL_MARGIN_NS = 60_000_000_000  # executions are asked for from a little before the newest known one


class Turn:
    """The executor's workbench for one message."""

    def __init__(self, state: State, now_ns: int) -> None:
        self.state = self._before = state
        self.now_ns = now_ns
        self._events: list[Message] = []
        self._effects: list[Effect] = []
        self._touched: dict[str, None] = {}
        self._grave: tuple[int, Message] | None = None

    @property
    def book(self) -> Book:
        return self.state.book

    @property
    def has_news(self) -> bool:
        """Whether anything is known that was not known before."""
        return self.state is not self._before

    def has_happened(self, *kinds: type[Message]) -> bool:
        """Whether this turn found out, or decided, something of these kinds."""
        return bool(self._events) and any(isinstance(event, kinds) for event in self._events)

    def change(self, **fields: object) -> None:
        """Replace fields of the state that are not money."""
        self.state = replace(self.state, **fields)  # type: ignore[arg-type]

    def ready(self, **fields: object) -> None:
        """Replace what is known of the world."""
        self.change(ready=replace(self.state.ready, **fields))  # type: ignore[arg-type]

    def happen(self, event: Message) -> None:
        """A fact: it is in the book now and will be in the journal before any effect of this turn."""
        book = fold.apply(self.book, event, self.now_ns)
        self.change(book=book, vitals=alarms.after_event(self.state.vitals, event, book, self.now_ns))
        self._events.append(event)
        if is_grave(event):
            self.report(event, self.now_ns)
        touched = getattr(event, "client_order_id", None) or getattr(
            getattr(event, "order", None), "client_order_id", None
        )
        if touched:
            self._touched[touched] = None
            self._forget_if_over(touched)

    def report(self, grave: Message, at_ns: int) -> None:
        """What halted trading is to be reported to a person (once, however often it is asked for)."""
        self._grave = self._grave or (at_ns, grave)

    def _forget_if_over(self, client_order_id: str) -> None:
        """What was asked about an order that is over matters no more; a doubt must not outlive it."""
        known = self.book.orders.get(client_order_id)
        if known is not None and not known.is_open:
            self.answered(client_order_id)
            self.found(client_order_id)
            self._busy(amended=self.state.busy.amended - {client_order_id})

    def do(self, effect: Effect) -> None:
        """Something to be performed after the facts are durable."""
        self._effects.append(effect)

    def place(self, order: Order) -> None:
        self._busy(placing={**self.state.busy.placing, order.client_order_id: self.now_ns})
        self.do(Request(port="exchange", call=PlaceOrder(order=self.book.orders[order.client_order_id])))

    def cancel(self, order: Order) -> None:
        self._busy(cancelling={**self.state.busy.cancelling, order.client_order_id: self.now_ns})
        call = CancelOrder(
            client_order_id=order.client_order_id, symbol=order.symbol, is_conditional=order.kind.is_conditional
        )
        self.do(Request(port="exchange", call=call))

    def find(self, order: Order) -> None:
        asked = {key: at for key, at in self.state.busy.finding.items() if key in self.book.orders}
        unheard = {key: times for key, times in self.state.busy.unheard.items() if key in asked}
        name, times = order.client_order_id, unheard.get(order.client_order_id, 0)
        self._busy(finding={**asked, name: self.now_ns}, unheard={**unheard, name: times + 1})
        call = FindOrder(client_order_id=name, symbol=order.symbol, is_conditional=order.kind.is_conditional)
        self.do(Request(port="exchange", call=call))

    def fetch_fills(self) -> None:
        """Ask for executions we may not know of."""
        call = FetchFills(symbol=self.state.settings.symbol, since_ns=self.fills_wanted_since())
        self.do(Request(port="exchange", call=call))

    def fills_wanted_since(self) -> int:
        """From when on executions may be unknown to us, with a margin for clocks."""
        oldest = min((o.created_at_ns for o in self.book.open_orders()), default=self.now_ns)
        return min(oldest, self.book.last_fill_at_ns or self.book.began_at_ns or self.now_ns) - FILL_MARGIN_NS

    def doubt(self, order: Order) -> None:
        """Its fate must be asked for, whatever its status says."""
        self._busy(doubted=self.state.busy.doubted | {order.client_order_id})

    def note_amended(self, order: Order, *, is_amended: bool) -> None:
        """Somebody changed it at the exchange, or changed it back."""
        others = self.state.busy.amended - {order.client_order_id}
        self._busy(amended=others | {order.client_order_id} if is_amended else others)

    def answered(self, client_order_id: str) -> None:
        """Some answer about this order arrived: nothing is outstanding for it. When it was asked for is kept, so that
        an order whose fills are late is not asked for at the speed of the network."""
        busy = self.state.busy
        self._busy(
            placing=without(busy.placing, client_order_id),
            cancelling=without(busy.cancelling, client_order_id),
            doubted=busy.doubted - {client_order_id},
        )

    def heard(self, client_order_id: str) -> None:
        """A question about this order was answered, whatever the answer."""
        self._busy(unheard=without(self.state.busy.unheard, client_order_id))

    def not_found(self, client_order_id: str) -> tuple[int, int]:
        """How often the exchange did not find it by now, and for how many ms of the counted time."""
        if not self.state.busy.absent:
            self.change(counted_at_ns=self.now_ns)
        times, first_ms = self.state.busy.absent.get(client_order_id, (0, self.state.counted_ms))
        self._busy(absent={**self.state.busy.absent, client_order_id: (times + 1, first_ms)})
        return times + 1, self.state.counted_ms - first_ms

    def count_time(self) -> None:
        """At each tick. However far the clock was set forward, it counts no more than lies between two questions."""
        if self.state.busy.absent:
            passed_ms = max(0, self.now_ns - self.state.counted_at_ns) // MS
            counted_ms = self.state.counted_ms + min(passed_ms, self.state.settings.limits.resolve_every_ms)
            self.change(counted_ms=counted_ms, counted_at_ns=self.now_ns)

    def found(self, client_order_id: str) -> None:
        """Or it is over: nobody looks for it any more."""
        if client_order_id in self.state.busy.absent:
            self._busy(absent=without(self.state.busy.absent, client_order_id))

    def finish(self) -> tuple[State, tuple[Effect, ...]]:
        """The state after this turn, and its effects in the order in which they are to be performed."""
        if self.state is self._before and not self._effects:
            return self.state, ()
        view, publish = self._shown()
        record: tuple[Effect, ...] = ()
        if self._events:
            orders = tuple(self.book.orders[key] for key in self._touched if key in self.book.orders)
            record = (Record(events=tuple(self._events), orders=orders, view=view),)
        incident = self._incident(view)
        return self.state, (*record, *self._effects, *incident, publish)

    def _shown(self) -> tuple[InstanceView, Publish]:
        """Without news what was shown last is shown again."""
        last = self.state.shown
        if last is None or self.has_news:
            view, digest = self._view()
            last = (self.book, view, shown(self.state, view, digest))
            self.change(shown=last)
        return last[1:]

    def _view(self) -> tuple[InstanceView, bytes]:
        """Most messages change no money: then the view is still the last one."""
        last = self.state.shown
        if last is not None and last[0] is self.book:
            return last[1], last[2].digest
        view = view_of(self.book, self.state.settings.leverage)
        return view, digest_of(wire.encode(view))

    def _incident(self, view: InstanceView) -> tuple[Effect, ...]:
        """Trading was halted: what is known now is kept for the person who has to decide."""
        if self._grave is None:
            return ()
        at_ns, grave = self._grave
        report = IncidentHappened(
            cause=getattr(grave, "cause", "panic"),
            text=getattr(grave, "text", "") or getattr(grave, "reason", ""),
            occurred_at_ns=at_ns,
            view=view,
            orders=self.book.open_orders(),
            snapshot=self.state.seen,
        )
        kept = Request(port="incidents", call=report)
        return (kept, *self._alert(report)) if is_grave(grave) else (kept,)

    def _alert(self, report: IncidentHappened) -> tuple[Effect, ...]:
        """And a person is told, wherever he is."""
        is_again = report.occurred_at_ns != self.now_ns  # an earlier life may have said it
        alert = replace(alert_of(self.state.settings.instance, report), is_again=is_again)
        self.change(alerts={**self.state.alerts, alert.subject: (alert, self.now_ns)})
        return (Send(to="notifier", message=alert),)

    def _busy(self, **fields: object) -> None:
        self.change(busy=replace(self.state.busy, **fields))  # type: ignore[arg-type]


def is_grave(event: Message) -> bool:
    """Whether trading is halted by it."""
    return isinstance(event, PanicObserved) or (isinstance(event, BreakerTripped) and event.level == Level.RED)


def without(waiting: Mapping[KeyT, ValueT], key: KeyT) -> Mapping[KeyT, ValueT]:
    """All but this one."""
    return {k: v for k, v in waiting.items() if k != key}
