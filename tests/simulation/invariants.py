"""What must hold in every instance after every step. Between them: `watch`. At the end: `ending`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from actors.simulator import Simulation
from actors.simulator.stage import SimulatedTree
from engine import ids
from engine.book import fold
from engine.book.state import Book
from engine.messages import events as ev
from engine.order import Order, OrderPurpose, OrderStatus
from engine.safety.breaker import Level
from tests.simulation.decisions import Decisions
from tests.simulation.halts import Halts
from tests.simulation.holding import is_covered, others_holding
from tests.simulation.laws import Broken, demand
from tests.simulation.world import SmallWorld

MS = 1_000_000
# of an executor that is there: a stop refused or lost for `naked_limit_ms`, requests that time out after 3 s, snapshots
# that fail, triggers that stick: a closing order is on its way well within this
NAKED_BOUND_NS = 40_000 * MS
RUSH_NS, MOST_ORDERS = 10_000 * MS, 25  # of one instance; ten is the most a sane one ever sent so far
ON_ITS_WAY_NS = 10_000 * MS  # how long a request may be under way
GUARDS, GONE_NS = ("guard", "standby_guard"), 500 * MS  # after which the other must have acted


class InstanceWatch:
    """Over one instance; keeps what can only be seen over time."""

    def __init__(self, tree: SimulatedTree, world: SmallWorld) -> None:
        self.name = tree.name
        self.tree = tree
        self._lives = tree.lives
        self.exchange = world.exchange_of(tree.name)
        self._world = world
        self._uncovered = world.uncovered
        self.book = Book()
        self.began_at_ns = 0
        self.longest_naked_ns = 0
        self._journal = tree.disk.journals.setdefault("executor", [])
        self._events = self._accepted = self._resumed = 0
        self._seen_state: object = None
        self._seen_touched = -1
        self._intended: dict[str, Order] = {}
        self._intended_at_ns: list[int] = []
        self._adopted: list[tuple[int, Decimal]] = []
        self._last_bar: dict[type[object], int] = {}
        self._forbidden: dict[str, str] = {}
        self._sent: set[str] = set()
        self._compared: tuple[Book | None, Book | None] = (None, None)
        self._new_entries: list[Order] = []
        self._naked_seen_ns: int | None = None
        self._naked_ns = 0
        self.decisions = Decisions()
        self.halts = Halts(tree)
        self._fills: set[str] = set()

    def take_new_entries(self) -> list[Order]:
        taken, self._new_entries = self._new_entries, []
        return taken

    def must_look(self, simulation: Simulation) -> bool:
        """Whether anything changed that a law speaks of, or one that speaks of time counts. Most steps are somebody's
        clock ticking: what held before such a step holds after it."""
        life, touched = self._lives.get("executor"), self._world.touched
        state = None if life is None else life.state
        is_read = (len(self._journal), len(self.tree.resumed)) == (self._events, self._resumed)
        is_same = state is self._seen_state and touched == self._seen_touched and is_read
        if is_same and self._naked_seen_ns is None:
            return bool(simulation.latches) and self.halts.is_latched(simulation) and not self.book.is_panicked
        self._seen_state, self._seen_touched = state, touched
        return True

    def look(self, simulation: Simulation) -> None:
        self._read_journal(simulation)
        self._read_resumed(simulation)
        self._read_orders()
        self._stops_never_gap(simulation)
        self._executor_is_the_fold()
        self._not_naked_for_long(simulation)
        self.halts.look(simulation, self.book)

    # --- the journal -------------------------------------------------------------------------------------------------

    def _read_journal(self, simulation: Simulation) -> None:
        if len(self._journal) == self._events:
            return
        for at_ns, event in self._journal[self._events :]:
            before = self.book
            self.decisions.take(before, event)
            self.book = fold.apply(self.book, event, at_ns)
            self.halts.take(simulation, before, event, self.book)
            if isinstance(event, ev.InstanceStarted):
                self.began_at_ns = self.began_at_ns or max(at_ns, simulation.now_ns)  # before that is history, to it
            if isinstance(event, ev.OrderIntended):
                self._note_intent(simulation, event.order)
            if isinstance(event, ev.OrderFilled):
                self._note_fill(event)
            if isinstance(event, ev.SignalReceived | ev.ProtectionAdvanced):
                self._each_bar_once(event)
            if isinstance(event, ev.OrderRejected | ev.OrderDenied):
                self._no_is_the_exchanges_word(event.client_order_id)
        self._events = len(self._journal)

    def _note_intent(self, simulation: Simulation, order: Order) -> None:
        self._intended[order.client_order_id] = order
        self._no_rush(simulation.now_ns)
        self._forbidden[order.client_order_id] = self._why_not(simulation, order)

    def _read_resumed(self, simulation: Simulation) -> None:
        """What is sent long after it was intended may leave only if it may now."""
        for key in self.tree.resumed[self._resumed :]:
            self._forbidden[key] = self._why_not(simulation, self._intended[key])
        self._resumed = len(self.tree.resumed)

    def _why_not(self, now: Simulation, order: Order) -> str:
        return self._why_no_entry(now) if order.purpose is OrderPurpose.ENTRY else self._why_nothing(now)

    def _note_fill(self, event: ev.OrderFilled) -> None:
        fill = event.fill
        demand(fill.trade_id not in self._fills, "each fill once", f"{fill.trade_id} was booked twice")
        self._fills.add(fill.trade_id)
        if fill.trade_id.startswith("adopted"):
            self._adopted.append((self.book.orders[event.client_order_id].trade_number, fill.quantity * fill.sign))

    def _each_bar_once(self, event: ev.SignalReceived | ev.ProtectionAdvanced) -> None:
        """However often a cycle comes: it decides once, and protection ages by one bar."""
        bar = event.signal.bar_open_time_ns if isinstance(event, ev.SignalReceived) else event.bar_open_time_ns
        last = self._last_bar.get(type(event), 0)
        demand(bar > last, "each bar once", f"{type(event).__name__} of {bar} after {last}")
        self._last_bar[type(event)] = bar

    def _no_rush(self, now_ns: int) -> None:
        """Whatever the exchange answers, nobody asks it again and again at the speed of the network."""
        self._intended_at_ns = [at for at in self._intended_at_ns if now_ns - at < RUSH_NS] + [now_ns]
        demand(len(self._intended_at_ns) <= MOST_ORDERS, "no rush", f"{len(self._intended_at_ns)} orders in 10 s")

    def _why_no_entry(self, simulation: Simulation) -> str:
        """What stands against opening a position now, as the simulator knows it, whatever the executor believes."""
        if self.halts.is_latched(simulation):
            return "panic is latched"
        if self.tree.guard_lease_left_ns() <= 0 or self._guards_are_gone():
            return "no guard watches"
        if others := others_holding(simulation, self.tree):
            return f"the instrument is leased to {others[0].instance}"
        return "the breaker is RED" if self.book.breaker.level is Level.RED else ""

    def _guards_are_gone(self) -> bool:
        """Whatever lease they left behind."""
        return min((age for role, age in self.tree.ages() if role in GUARDS), default=GONE_NS + 1) > GONE_NS

    def _why_nothing(self, simulation: Simulation) -> str:
        """Not even a protective order may leave when somebody newer owns the position."""
        life = self.tree.lives.get("executor")
        if life is None or life.leases.epoch == 0:
            return ""
        newer = [one for one in others_holding(simulation, self.tree) if one.epoch > life.leases.epoch]
        return f"a newer holder has the instrument: {newer[0].instance}" if newer else ""

    # --- the exchange ------------------------------------------------------------------------------------------------

    def _read_orders(self) -> None:
        accepted = self.exchange.accepted
        if len(accepted) == self._accepted:
            return
        for key in accepted[self._accepted :]:
            if key in self._intended or self.is_mine(key):
                self._accepted_now(key)
        self._accepted = len(accepted)

    @property
    def unbooked(self) -> set[str]:
        """Executions of our own orders that the journal does not have."""
        return {fill.trade_id for fill in self.exchange.fills if fill.client_order_id in self._sent} - self._fills

    def is_mine(self, key: str) -> bool:
        return key.startswith(ids.owner_prefix(self.name))

    def _accepted_now(self, key: str) -> None:
        demand(key in self._intended, "journal first", f"{key} was sent and never journaled")
        demand(key not in self._sent, "one order per intent", f"{key} was accepted twice")
        self._sent.add(key)
        self._no_is_the_exchanges_word(key)
        order = self._intended[key]
        demand(not self._forbidden[key], "gate", f"{order.purpose} {key} left although {self._forbidden[key]}")
        if order.purpose is OrderPurpose.STOP:
            self._stop_is_for_what_was_filled(order)
        if order.purpose is OrderPurpose.ENTRY:
            demand(not self._our_position_before(order), "one position", f"entry {key} on top of a position")
            working = [o.client_order_id for o in self._working_entries() if o.client_order_id != key]
            demand(not working, "one position", f"entry {key} while {working} still work")
            self._new_entries.append(order)

    def _no_is_the_exchanges_word(self, key: str) -> None:
        """Neither time nor one look decides that an order never came."""
        known = self.book.orders.get(key)
        is_no = known is not None and known.status in (OrderStatus.REJECTED, OrderStatus.DENIED)
        demand(not (is_no and key in self._sent), "no is the exchange's word", f"{key} was taken, and we say {known}")

    def _stop_is_for_what_was_filled(self, stop: Order) -> None:
        orders = (self.exchange.orders[key] for key in self._sent)
        entries = [o for o in orders if o.purpose is OrderPurpose.ENTRY and o.trade_number <= stop.trade_number]
        newest = max((o.trade_number for o in entries), default=0)  # what it filled late is a trade of the next number
        mine = (o for o in entries if o.trade_number == newest)
        filled = sum((o.filled_quantity for o in mine), Decimal(0))
        filled += sum((abs(fill) for number, fill in self._adopted if number == stop.trade_number), Decimal(0))
        text = f"stop {stop.client_order_id} for {stop.quantity}, filled {filled}"
        demand(stop.quantity <= filled, "stop for what was filled", text)

    def _stops_never_gap(self, simulation: Simulation) -> None:
        if not self._uncovered:
            return
        mine = [key for key in self._uncovered if self.is_mine(key)]
        if "cancelled_by_hand" in self._world.disasters.kinds_against(self.name, simulation.now_ns - ON_ITS_WAY_NS):
            for key in mine:  # our word to take the old one away was said while the newer one rested
                self._uncovered.remove(key)
            return
        gone = [key for key in mine if self._stood_for_a_position(key) and not self._seems_covered()]
        demand(not gone, "no gap between stops", f"{gone} was taken away while it alone covered the position")

    def _stood_for_a_position(self, key: str) -> bool:
        """Our book knew of a position and of no exit from it."""
        trade = self.book.trade
        return trade is not None and not trade.exit_reason and trade.number == self._intended[key].trade_number

    def _seems_covered(self) -> bool:
        """By all that an executor with a stream can know a newer one rests: its trigger may be a moment ago."""
        life, newer = self.tree.lives.get("executor"), self.book.open_orders(OrderPurpose.STOP)[-1:]
        return life is not None and life.state.ready.hears and is_covered(newer, self.book.position_quantity)

    def _our_position_before(self, entry: Order) -> Decimal:
        """What our own orders had opened and nobody had closed when this entry came."""
        before = [f for f in self.exchange.fills if f.client_order_id != entry.client_order_id]
        ours = sum((f.quantity * f.sign for f in before if f.client_order_id in self._sent), Decimal(0))
        everybodys = sum((f.quantity * f.sign for f in before), Decimal(0))
        return ours if everybodys else everybodys

    def _working_entries(self) -> Iterable[Order]:
        orders = (self.exchange.orders[key] for key in self._sent)
        return (o for o in orders if o.purpose is OrderPurpose.ENTRY and o.is_open)

    # --- over time ---------------------------------------------------------------------------------------------------

    def _executor_is_the_fold(self) -> None:
        """View equals engine equals store: a recovered executor holds exactly what its journal says."""
        life = self.tree.lives.get("executor")
        if life is None or not life.state.is_recovered:
            return
        held, (was_held, was_stored) = life.state.book, self._compared
        if held is was_held and self.book is was_stored:
            return
        self._compared = (held, self.book)
        if _gist(held) != _gist(self.book):  # two books are long texts: they are written when they differ
            raise Broken("engine is store", f"{_gist(held)} and {_gist(self.book)}")

    def _not_naked_for_long(self, simulation: Simulation) -> None:
        held = self.exchange.position.quantity
        ours = self.ours_of(held) if held else held
        if not ours or self._was_taken_away() or is_covered(self.exchange.orders.values(), ours):
            self._naked_seen_ns, self._naked_ns = None, 0
            return
        since_ns, self._naked_seen_ns = self._naked_seen_ns, simulation.now_ns
        if since_ns is not None and self._can_act(simulation):
            self._naked_ns += simulation.now_ns - since_ns
        self.longest_naked_ns = max(self.longest_naked_ns, self._naked_ns)
        text = f"no working stop for {self._naked_ns / 1e9:.1f} s of an executor that could act"
        demand(self._naked_ns <= NAKED_BOUND_NS, "never naked", text)

    def _can_act(self, simulation: Simulation) -> bool:
        """Dead or frozen it cannot, nor while its disk takes nothing: no order leaves before it is durable. Nor may it
        while the instrument is another's, or nobody can tell whose it is: born cut off from the keeper of leases."""
        life, refuses_until_ns = self.tree.lives.get("executor"), self.tree.disk.refuses_until_ns
        if life is None or simulation.now_ns < max(life.hangs_until_ns, refuses_until_ns):
            return False
        if others_holding(simulation, self.tree):
            return False
        return life.leases.epoch > 0 or not self.tree.is_cut_off()

    def ours_of(self, held: Decimal) -> Decimal:
        """What our own orders opened and still stands there: others may have closed, turned or added to it."""
        ours = self.our_position()
        return min(ours, held, key=abs) if ours * held > 0 else Decimal(0)

    def _was_taken_away(self) -> bool:
        """We know that others closed it: what stands now is theirs."""
        return self.book.position_quantity == 0 and self.book.breaker.level is Level.RED

    def our_position(self) -> Decimal:
        """What the fills of our own orders add up to, whatever others did on the account; and what was adopted."""
        traded = (f.quantity * f.sign for f in self.exchange.fills if f.client_order_id in self._sent)
        return sum(traded, sum((quantity for _, quantity in self._adopted), Decimal(0)))


def _gist(book: Book) -> tuple[object, ...]:
    """What two books can hardly share without being the same; all of it is compared at the end."""
    return book.sequence, book.breaker, book.is_panicked, book.trade, book.ledger
