"""Simulated exchange: the exchange contract over a made-up market, in virtual time, exact.

It answers the calls of `engine.messages.exchange` the way a real one does: orders have two id spaces, conditional ones
become ordinary ones when triggered, reduce-only orders never turn a position round, fills carry fees and trade ids.
It does not lie or fail by itself; whoever drives it decides which requests and answers get lost (`actors.simulator`),
when the book is thin, when triggers stick, and what other people do on the account. It has no bars and no clock of its
own, no margin modes, and liquidates nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from adapters import simulated_rules as rules
from engine import order as lifecycle
from engine import position as positions
from engine.errors import InvariantViolated
from engine.fill import Fill
from engine.instrument import Instrument
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.order import Order, OrderKind, OrderStatus
from engine.position import Position

ZERO = Decimal(0)
CENT = Decimal("0.00000001")  # the wallet's smallest unit


@dataclass(slots=True)
class Wallet:
    """The money of one account, whatever it trades."""

    balance: Decimal


class SimulatedExchange:
    """One account and one instrument. `pushed` collects the user stream's events until the driver takes them.

    On a thin book a market order gets half of its fill now and the rest at the market's next move; on a shallow one the
    rest expires. While triggers stick, a conditional order that is reached becomes TRIGGERED and nothing more.
    """

    def __init__(self, instrument: Instrument, wallet: Wallet, price: Decimal) -> None:
        self.instrument = instrument
        self.wallet = wallet
        self.price = price
        self.is_thin = self.is_shallow = self.triggers_stick = False
        self.symbol_status = ""
        self.position = Position()
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.funding: list[ex.FundingPayment] = []
        self.pushed: list[Message] = []
        self.accepted: list[str] = []
        self.now_ns, self.clock_offset_ns, self.leverage = 0, 0, 20
        self._full: ex.AccountSnapshot | None = None
        self._half_filled, self._taken = list[str](), 0

    @property
    def wallet_balance(self) -> Decimal:
        return self.wallet.balance

    def perform(self, call: Message, now_ns: int) -> Message:
        """The answer to one call. An order sent with an id that is taken is refused, as real ones do."""
        self.now_ns = now_ns
        if type(call) not in _CALLS:
            raise InvariantViolated(f"{type(call).__name__} is no call of an exchange")
        return _CALLS[type(call)](self, call)

    def move(self, price: Decimal, now_ns: int) -> None:
        """The market trades at `price`; conditional orders that this reaches trigger."""
        self.now_ns = now_ns
        self.price = price
        self._fill_the_rest()
        for held in list(self.orders.values()):
            if held.status is OrderStatus.ACCEPTED and held.kind.is_conditional and rules.is_reached(held, price):
                self._trigger(held)

    def pay_funding(self, rate: Decimal, now_ns: int) -> None:
        """A funding time: longs pay shorts `rate` of what they hold (or the other way round)."""
        amount, symbol = -(self.position.quantity * self.price * rate).quantize(CENT), self.instrument.symbol
        if not amount:
            return
        self.wallet.balance += amount
        paid = ex.FundingPayment(
            payment_id=f"funding-{symbol}-{len(self.funding) + 1}",
            symbol=symbol,
            amount=amount,
            asset=self.instrument.settlement,
            occurred_at_ns=now_ns,
        )
        self.funding.append(paid)

    # --- what other people do on the account -------------------------------------------------------------------------

    def place_foreign(self, placed: Order, now_ns: int) -> None:
        """An order nobody of ours sent (a ghost); fills if it is a market order."""
        self.now_ns = now_ns
        self._take(placed)
        self.accepted.remove(placed.client_order_id)

    def cancel_foreign(self, client_order_id: str, now_ns: int) -> None:
        """Somebody cancels one of the resting orders."""
        self.now_ns = now_ns
        self._set(self.orders[client_order_id], OrderStatus.CANCELLED)

    def free_triggers(self, now_ns: int) -> None:
        """Triggered orders that stuck are executed at last."""
        self.now_ns = now_ns
        self.triggers_stick = False
        for held in list(self.orders.values()):
            if held.status is OrderStatus.TRIGGERED:
                self._fill(held)

    # --- calls -------------------------------------------------------------------------------------------------------

    def _prepare(self, call: ex.PrepareInstrument) -> Message:
        if call.symbol != self.instrument.symbol:
            return rules.not_listed(call.symbol)
        self.leverage = call.leverage
        return ex.InstrumentPrepared(instrument=self.instrument, leverage=call.leverage, clock_offset_ns=0)

    def _open_stream(self, _call: Message) -> Message:
        return ex.StreamOpened(stream="user")

    def _ground(self) -> rules.Ground:
        return rules.Ground(
            instrument=self.instrument,
            price=self.price,
            reducible=-self.position.quantity,
            affordable=self.wallet.balance * self.leverage,
            symbol_status=self.symbol_status,
        )

    def _place(self, call: ex.PlaceOrder) -> Message:
        wanted = call.order
        if wanted.client_order_id in self.orders:  # the earlier one lives: it must be asked for
            return ex.OrderOutcomeUnknown(client_order_id=wanted.client_order_id, text="its id is taken")
        refusal = rules.refusal(wanted, self._ground())
        if refusal:
            return rules.refused(wanted, *refusal)
        taken = self._take(wanted)
        return ex.OrderPlaced(
            client_order_id=taken.client_order_id,
            venue_order_id=taken.venue_order_id,
            status=taken.status,
            filled_quantity=taken.filled_quantity,
        )

    def _cancel(self, call: ex.CancelOrder) -> Message:
        held, name = self._named(call), call.client_order_id
        if held is None or not lifecycle.can_become(held, OrderStatus.CANCELLED):
            return ex.CancelRefused(client_order_id=name, reason="unknown_order", code="-2011", text="no such order")
        self._set(held, OrderStatus.CANCELLED)
        return ex.CancelDone(client_order_id=name)

    def _amend(self, call: ex.AmendOrder) -> Message:
        wanted = call.order
        if not wanted.is_reduce_only:
            raise InvariantViolated(f"{wanted.client_order_id} may open risk: it is never amended")
        held = self.orders.get(wanted.client_order_id)
        if held is None or held.status is not OrderStatus.ACCEPTED:
            return ex.AmendRefused(
                client_order_id=wanted.client_order_id, reason="unknown_order", code="-2013", text="no such order"
            )
        self._keep(replace(held, quantity=wanted.quantity, price=wanted.price, trigger_price=wanted.trigger_price))
        return ex.AmendDone(client_order_id=wanted.client_order_id)

    def _time(self, _call: ex.AskTime) -> Message:
        return ex.TimeTold(clock_offset_ns=self.clock_offset_ns, round_trip_ns=1)

    def _find(self, call: ex.FindOrder) -> Message:
        held = self._named(call)
        if held is None:
            return ex.OrderNotFound(client_order_id=call.client_order_id)
        return ex.OrderFound(report=rules.found(held, self.now_ns))

    def _named(self, call: ex.CancelOrder | ex.FindOrder) -> Order | None:
        by_number = (held for held in self.orders.values() if held.venue_order_id == call.venue_order_id)
        return self.orders.get(call.client_order_id) if call.client_order_id else next(by_number, None)

    def _fetch_fills(self, call: ex.FetchFills) -> Message:
        return ex.FillsFetched(fills=self._fills_since(call.since_ns))

    def _snapshot(self, call: ex.TakeSnapshot) -> Message:
        resting = tuple(rules.report(held, self.now_ns) for held in self.orders.values() if held.is_working)
        whole = ex.AccountSnapshot(
            symbol=self.instrument.symbol,
            started_at_ns=self.now_ns,
            finished_at_ns=self.now_ns,
            wallet_balance=self.wallet_balance,
            available_balance=self.wallet_balance,
            position_quantity=self.position.quantity,
            entry_price=self.position.entry_price or ZERO,
            mark_price=self.price,
            liquidation_price=None,
            open_orders=resting,
            fills=self._fills_since(call.fills_since_ns),
            symbol_status=self.symbol_status,
            funding=tuple(one for one in self.funding if one.occurred_at_ns >= call.fills_since_ns),
        )
        if call.is_light and self._full is not None:
            return ex.SnapshotTaken(snapshot=rules.light(whole, self._full))
        self._full = whole
        return ex.SnapshotTaken(snapshot=whole)

    # --- the market --------------------------------------------------------------------------------------------------

    def _take(self, wanted: Order) -> Order:
        self.accepted.append(wanted.client_order_id)
        self._taken += 1
        venue_id = str(1_000 + self._taken)
        held = replace(wanted, status=OrderStatus.ACCEPTED, venue_order_id=venue_id, changed_at_ns=self.now_ns)
        self._keep(held)
        if held.kind is OrderKind.MARKET:
            self._fill(held)
        return self.orders[wanted.client_order_id]

    def _trigger(self, held: Order) -> None:
        self._set(held, OrderStatus.TRIGGERED)
        if not self.triggers_stick:
            self._fill(self.orders[held.client_order_id])

    def _fill_the_rest(self) -> None:
        waiting, self._half_filled = self._half_filled, []
        for key in waiting:
            if self.orders[key].is_open:
                self._fill(self.orders[key], in_full=True)

    def _fill(self, held: Order, *, in_full: bool = False) -> None:
        """At the market's price, as far as reduce-only allows; what is left expires."""
        quantity = min(held.leaves_quantity, self._reducible(held)) if held.is_reduce_only else held.leaves_quantity
        half = self._half_of(quantity)
        if half and self.is_thin and not in_full:
            self._execute(held, half)
            self._half_filled.append(held.client_order_id)
            return
        if half and self.is_shallow:
            quantity = half
        if quantity:
            self._execute(held, quantity)
        rest = self.orders[held.client_order_id]
        if rest.leaves_quantity:
            self._set(rest, OrderStatus.EXPIRED)

    def _half_of(self, quantity: Decimal) -> Decimal:
        lot = self.instrument.lot_size
        return (quantity / 2 // lot) * lot

    def _reducible(self, held: Order) -> Decimal:
        against = -self.position.quantity * held.side.sign
        return max(against, ZERO)

    def _execute(self, held: Order, quantity: Decimal) -> None:
        fee = (quantity * self.price * self.instrument.taker_fee).quantize(CENT)
        made = Fill(
            trade_id=str(len(self.fills) + 1),
            symbol=held.symbol,
            venue_order_id=held.venue_order_id,
            client_order_id=held.client_order_id,
            sign=held.side.sign,
            quantity=quantity,
            price=self.price,
            fee=fee,
            fee_asset=self.instrument.settlement,
            is_maker=False,
            occurred_at_ns=self.now_ns,
        )
        self.fills.append(made)
        self.position, profit = positions.after_fill(self.position, made)
        self.wallet.balance += profit - fee
        self.pushed.append(ex.FillReceived(fill=made))
        self._keep(lifecycle.after_fill(held, made, self.now_ns))

    def _set(self, held: Order, status: OrderStatus) -> None:
        self._keep(lifecycle.after_status(held, status, self.now_ns))

    def _keep(self, held: Order) -> None:
        self.orders[held.client_order_id] = held
        self.pushed.append(ex.OrderUpdated(report=rules.report(held, self.now_ns)))

    def _fills_since(self, since_ns: int) -> tuple[Fill, ...]:
        return tuple(fill for fill in self.fills if fill.occurred_at_ns >= since_ns)


_CALLS: Mapping[type[Message], Callable[[SimulatedExchange, Any], Message]] = {
    ex.PrepareInstrument: SimulatedExchange._prepare,
    ex.OpenUserStream: SimulatedExchange._open_stream,
    ex.PlaceOrder: SimulatedExchange._place,
    ex.CancelOrder: SimulatedExchange._cancel,
    ex.FindOrder: SimulatedExchange._find,
    ex.AmendOrder: SimulatedExchange._amend,
    ex.AskTime: SimulatedExchange._time,
    ex.FetchFills: SimulatedExchange._fetch_fills,
    ex.TakeSnapshot: SimulatedExchange._snapshot,
}
