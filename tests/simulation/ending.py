"""What must hold at the end, after a kind while in which nothing moved any more."""

from __future__ import annotations

from decimal import Decimal

from actors.executor_view import halt_at
from actors.shell.latch import GLOBAL
from actors.simulator import Simulation
from actors.turn import is_grave
from engine import position as positions
from engine.book.state import Book
from engine.messages import events as ev
from engine.messages import wire
from engine.messages.reports import digest_of
from engine.order import Order, OrderPurpose, OrderStatus
from engine.position import Position
from tests.simulation.cast import MoodyPlay
from tests.simulation.halts import is_halted
from tests.simulation.holding import others_holding
from tests.simulation.invariants import InstanceWatch
from tests.simulation.laws import demand
from tests.simulation.watch import Watch
from tests.simulation.world import FIRST_BALANCE, SmallWorld

# the average price of several fills may have no end; what it leaves at the 28th digit is far below any unit of money
NOTHING = Decimal("1e-15")
ANSWER_NS = 1_000_000_000  # at the end nothing is lost any more, and an answer takes 40 ms


def at_the_end(simulation: Simulation, world: SmallWorld, watch: Watch) -> None:
    """Everything agrees, to the last unit, and everyone is healthy or halted with a cause."""
    for account in world.wallets:
        _money_is_conserved(world, account)
    for one in watch.instances:
        _ended_well(simulation, world, one)
        _one_message_per_trade(simulation, one)
        _one_entry_per_bar(one)
        _signals_are_the_plays(world, one)
        _is_protected(one)
        _concerns_all(simulation, world, one)
        touched = world.disasters.must_halt(one.name, one.began_at_ns) or _others_traded(one)
        if not touched and _holds_the_instrument(simulation, one):
            _agrees_with_the_exchange(world, one)


def _others_traded(one: InstanceWatch) -> bool:
    return any(not one.is_mine(fill.client_order_id) for fill in one.exchange.fills)


def _holds_the_instrument(simulation: Simulation, one: InstanceWatch) -> bool:
    """By the table on disk: nobody else does, and the executor was told so."""
    life = one.tree.lives.get("executor")
    return life is not None and life.leases.epoch > 0 and not others_holding(simulation, one.tree)


def _ended_well(simulation: Simulation, world: SmallWorld, one: InstanceWatch) -> None:
    life = one.tree.lives.get("executor")
    demand(life is not None, "never stuck", f"{one.name} has no executor")
    assert life is not None
    state, book = life.state, life.state.book
    halted = is_halted(book)
    waits = _shares_its_instrument(world, one) and not _holds_the_instrument(simulation, one)
    text = f"{one.name} is {state.phase}: {state.ready}"
    demand(state.phase == "READY" or halted or waits, "never stuck", text)
    deaf = state.phase == "READY" and not waits and not (state.ready.user_stream_up and state.ready.market_up)
    demand(not deaf, "never stuck", f"{one.name} hears nothing: {state.ready}")
    unsolved = [o.client_order_id for o in book.orders.values() if o.is_unresolved and not _is_leaving(one, o)]
    demand(not unsolved, "never stuck", f"{one.name}: nobody knows what became of {unsolved}")
    struck = world.disasters.must_halt(one.name, max(one.began_at_ns, one.halts.reset_at_ns))
    demand(not struck or halted or waits, "disasters halt", f"{one.name} goes on after {struck}")
    text = f"{one.name} halted {one.halts.times} times, {len(one.tree.incidents)} reports: {book.breaker}"
    demand(len(one.tree.incidents) >= one.halts.times, "halted with a report", text)
    _halt_was_told(one, halted=halted)
    _view_is_the_store(one)
    _closed_if_told_so(simulation, one)


def _halt_was_told(one: InstanceWatch, *, halted: bool) -> None:
    """To a person, by the notifier, whatever was lost on the way: the newest cause at least, of one that stands."""
    grave = [at_ns for at_ns, event in one.tree.disk.journals["executor"] if is_grave(event)]
    told = f"{one.name}: nobody heard of {grave[-1:]}, but of {one.tree.alerts}"
    demand(not halted or halt_at(grave[-1]) in one.tree.alerts, "a halt is told", told)


def _shares_its_instrument(world: SmallWorld, one: InstanceWatch) -> bool:
    mine = world.seats[one.name]
    return sum((seat.account, seat.symbol) == (mine.account, mine.symbol) for seat in world.seats.values()) > 1


def _closed_if_told_so(simulation: Simulation, one: InstanceWatch) -> None:
    """A latch that says so is obeyed: nothing that this one believes to hold, and that stands there, is left."""
    told = [latch for scope, latch in simulation.latches.items() if scope in (GLOBAL, one.name) and latch.flatten]
    held = one.book.position_quantity if one.ours_of(one.exchange.position.quantity) else 0
    demand(not told or not held, "flatten is obeyed", f"{one.name} holds {held} under {told}")


def _is_leaving(one: InstanceWatch, order: Order) -> bool:
    """It left in the last moment, and even a kind exchange has not had the time to answer: no one can know yet."""
    now_ns = one.tree.now_of(one.tree.lives["executor"])
    return order.status is OrderStatus.INTENDED and now_ns - order.changed_at_ns < ANSWER_NS


def _concerns_all(simulation: Simulation, world: SmallWorld, one: InstanceWatch) -> None:
    """What one finds on an account halts all who trade there, until it is gone."""
    mine, latches = world.seats[one.name], simulation.latches
    others = {seat.name for seat in world.seats.values() if seat.account == mine.account} - {one.name}
    free = sorted(others - latches.keys()) if one.book.unexplained else []
    demand(not free, "the account stands still", f"{free} trade on after {one.book.unexplained} of {one.name}")


def _view_is_the_store(one: InstanceWatch) -> None:
    shown, view = one.tree.cells["executor"].published, one.tree.disk.view
    assert view is not None
    demand(one.tree.lives["executor"].state.book == one.book, "engine is store", "the fold is not the executor's book")
    demand(shown.digest == digest_of(wire.encode(view)), "view is store", f"{shown} and {view}")
    said = (view.position_quantity, view.open_orders, view.trade_count, view.breaker, view.is_panicked, view.fees)
    told = f"the view says {said}, the journal {_of_the_fold(one.book)}"
    demand(said == _of_the_fold(one.book), "view is store", told)


def _of_the_fold(book: Book) -> tuple[object, ...]:
    """What the view must say, by the journal alone."""
    open_orders, breaker = len(book.open_orders()), str(book.breaker.level)
    return book.position_quantity, open_orders, book.trade_count, breaker, book.is_panicked, book.ledger.fees


def _agrees_with_the_exchange(world: SmallWorld, one: InstanceWatch) -> None:
    book, exchange = one.book, one.exchange
    text = f"{one.name}: {book.position_quantity} and {exchange.position.quantity}"
    demand(book.position_quantity == exchange.position.quantity, "position", text)
    ours = {order.client_order_id for order in book.open_orders()}
    theirs = {key for key, order in exchange.orders.items() if order.is_working and not key.startswith("someone")}
    demand(ours == theirs, "orders", f"only ours {ours - theirs}, only theirs {theirs - ours}")
    demand(bool(book.position_quantity) or not ours, "orders", f"flat, and {ours} still rest")
    demand(not one.unbooked, "each fill once", f"{one.unbooked} were never booked")
    fees = sum((fill.fee for fill in exchange.fills), Decimal(0))
    demand(book.ledger.fees == fees, "money", f"fees {book.ledger.fees} and {fees}")
    if book.wallet_expected is not None and _is_alone(world, one.name):
        left = book.wallet_expected - exchange.wallet_balance
        demand(abs(left) < NOTHING, "money", f"{left} appeared or vanished")


def _is_alone(world: SmallWorld, name: str) -> bool:
    seats = list(world.seats.values())
    return sum(seat.account == world.seats[name].account for seat in seats) == 1


def _money_is_conserved(world: SmallWorld, account: str) -> None:
    """The wallet is what it began with, the profit and fees of every execution and its funding; nothing else."""
    drift = any(world.seats[s.name].account == account and s.kind == "balance_drift" for s in world.disasters.struck)
    made = Decimal(0)
    for (owner, _), exchange in world.exchanges.items():
        if owner == account:
            made += _profit(exchange.fills, exchange.position) + sum(paid.amount for paid in exchange.funding)
    balance = world.wallets[account].balance
    left = FIRST_BALANCE + made - balance
    demand(drift or abs(left) < NOTHING, "money", f"{FIRST_BALANCE} + {made} is not {balance}")


def _profit(fills: object, stands: Position) -> Decimal:
    position, total = Position(), Decimal(0)
    for fill in fills:  # type: ignore[attr-defined]
        position, profit = positions.after_fill(position, fill)
        total += profit - fill.fee
    demand(position.quantity == stands.quantity, "position", "the position is not the sum of its fills")
    return total


def _one_message_per_trade(simulation: Simulation, one: InstanceWatch) -> None:
    events = [event for _, event in one.tree.disk.journals["executor"]]
    closed = [event.trade_number for event in events if isinstance(event, ev.TradeClosed)]
    told = [event.trade_number for event in events if isinstance(event, ev.NotificationDelivered)]
    demand(len(closed) == len(set(closed)), "one message per trade", f"closed twice: {closed}")
    demand(len(told) == len(set(told)), "one message per trade", f"acknowledged twice: {told}")
    demand(set(told) == set(closed), "one message per trade", f"closed {closed}, told {told}")
    received = simulation.told[one.name]
    demand(set(received) == set(closed), "one message per trade", f"closed {closed}, received {received}")


def _one_entry_per_bar(one: InstanceWatch) -> None:
    bars = [
        event.order.bar_open_time_ns
        for _, event in one.tree.disk.journals["executor"]
        if isinstance(event, ev.OrderIntended)
        and event.order.purpose is OrderPurpose.ENTRY
        and event.decision_id != "adopted"
    ]
    demand(len(bars) == len(set(bars)), "one entry per bar", f"{bars}")


def _signals_are_the_plays(world: SmallWorld, one: InstanceWatch) -> None:
    """However often it died and was fed again: what the play said is what one that lived all the time would say."""
    seat, anchor_ns = world.seats[one.name], one.decisions.anchor_ns
    if anchor_ns is None:
        return
    play = MoodyPlay(seat.symbol)
    bars = [bar for bar in world.markets[seat.symbol].bars if bar.open_time_ns >= anchor_ns]
    said = {bar.open_time_ns: play.step(bar) for bar in bars}
    other = [signal for signal in one.decisions.signals if signal != said[signal.bar_open_time_ns]]
    demand(not other, "the same signals", f"{one.name} heard {other[:1]}, an undisturbed play says otherwise")


def _is_protected(one: InstanceWatch) -> None:
    """At rest there is one stop for the whole position, and none without a position."""
    resting = [
        order
        for order in one.exchange.orders.values()
        if order.purpose is OrderPurpose.STOP and order.status is OrderStatus.ACCEPTED
    ]
    demand(len(resting) <= 1, "one stop", f"{len(resting)} stops for one position")
