"""Disasters: what exchanges and other people do that no program of ours wished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from actors.simulator import AT_EASE, Stage, people, streams
from adapters.simulated_exchange import SimulatedExchange
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.operator import ResyncWanted
from engine.order import Order, OrderKind, OrderPurpose, OrderStatus, Side
from tests.simulation.struck import MUST_HALT, Struck, holder_of, kinds_against, must_halt

if TYPE_CHECKING:
    from tests.simulation.world import SmallWorld

SECOND_NS = 1_000_000_000
CONFIRM = "confirm with --confirm "
# beyond the first and beyond the second limit of `engine.safety.host`
STRAINS: tuple[dict[str, float], ...] = (
    *({"memory_used": share} for share in (0.95, 0.99)),
    {"load_per_core": 30.0},
    {"disk_free_bytes": 500_000_000},
    {"disk_free_bytes": 50_000_000},
)


class Disasters:
    """Strikes one instance's exchange, or all instances, in one of the ways of `KINDS`."""

    def __init__(self, world: SmallWorld) -> None:
        self._world = world
        self.struck: list[Struck] = []
        self.spared: frozenset[str] = frozenset()
        self._number = 0

    def strike(self, stage: Stage) -> None:
        source = stage.chance.of("disaster")
        name = source.choice(tuple(self._world.seats))
        kind = source.choice(DRAWN)
        if not self._happens(stage, kind, name, source) and kind in NEED_A_MOMENT:
            self._lie_in_wait(stage, kind, name, source)

    def _happens(self, stage: Stage, kind: str, name: str, source: Random) -> bool:
        self._number += 1
        holder = holder_of(self._world.exchange_of(name).fills, self._world.seats, name)
        if kind in self.spared or not KINDS[kind](self, stage, name, source):
            return False
        self.struck.append(Struck(stage.now_ns, kind, name, holder))
        stage.chance.met[kind] += 1
        if kind in MUST_HALT and source.random() < PEOPLE_COME:
            self._call_a_person(stage, name, source)
        return True

    def _lie_in_wait(self, stage: Stage, kind: str, name: str, source: Random) -> None:
        """Until something is held, or everybody has become kind."""

        def look() -> None:
            if stage.now_ns >= stage.faults.until_ns:
                return
            if self._happens(stage, kind, name, source):
                streams.push(stage)
            else:
                stage.agenda.after(LOOK_AGAIN_NS, look)

        stage.agenda.after(LOOK_AGAIN_NS, look)

    def kinds_against(self, name: str, since_ns: int) -> set[str]:
        return kinds_against(self.struck, self._world.seats, name, since_ns)

    def must_halt(self, name: str, since_ns: int) -> set[str]:
        """What struck `name` and is only ever ended by a person."""
        return must_halt(self.struck, self._world.seats, name, since_ns)

    def _call_a_person(self, stage: Stage, name: str, source: Random) -> None:
        """Somebody reads the incident report and decides some seconds later."""

        def come() -> None:
            stage.chance.met["resync_by_a_person"] += self._resync_by_a_person(stage, name, source)

        stage.agenda.after(source.randint(8, 20) * SECOND_NS, come)

    # --- kinds -------------------------------------------------------------------------------------------------------

    def _ghost_order(self, stage: Stage, name: str, source: Random) -> bool:
        exchange = self._world.exchange_of(name)
        far = exchange.instrument.round_price(float(exchange.price) * 0.8)
        self._foreign(exchange, stage.now_ns, OrderKind.STOP_MARKET, Side.SELL, Decimal(1), far)
        return True

    def _foreign_position(self, stage: Stage, name: str, source: Random) -> bool:
        side = source.choice((Side.BUY, Side.SELL))
        self._foreign(self._world.exchange_of(name), stage.now_ns, OrderKind.MARKET, side, Decimal("0.05"), None)
        return True

    def _balance_drift(self, stage: Stage, name: str, source: Random) -> bool:
        """Only once the journal says what the balance was: what came before is how it began."""
        journal = stage.instances[name].disk.journals.get("executor", ())
        if not any(isinstance(event, ev.WalletAnchored) for _, event in journal):
            return False
        self._world.exchange_of(name).wallet.balance += Decimal(source.choice((-25, 10)))
        return True

    def _closed_by_hand(self, stage: Stage, name: str, source: Random) -> bool:
        exchange = self._world.exchange_of(name)
        held = exchange.position.quantity
        if held:
            side = Side.SELL if held > 0 else Side.BUY
            self._foreign(exchange, stage.now_ns, OrderKind.MARKET, side, abs(held), None)
        return bool(held)

    def _cancelled_by_hand(self, stage: Stage, name: str, source: Random) -> bool:
        exchange = self._world.exchange_of(name)
        orders = {key: order for key, order in exchange.orders.items() if key in exchange.accepted}
        resting = [key for key, order in orders.items() if order.status is OrderStatus.ACCEPTED]
        if resting:
            exchange.cancel_foreign(source.choice(resting), stage.now_ns)
        return bool(resting)

    def _amended_by_hand(self, stage: Stage, name: str, source: Random) -> bool:
        """Somebody changes what an order covers, or where it triggers."""
        exchange = self._world.exchange_of(name)
        resting = [
            order
            for order in exchange.orders.values()
            if order.status is OrderStatus.ACCEPTED and order.kind.is_conditional and order.is_reduce_only
        ]
        if resting:
            chosen = source.choice(resting)
            less = exchange.instrument.lot_size
            change = source.choice(({"quantity": less}, {"trigger_price": (chosen.trigger_price or less) / 2}))
            exchange.perform(ex.AmendOrder(order=replace(chosen, **change)), stage.now_ns)
            streams.push(stage)
        return bool(resting)

    def _liquidated(self, stage: Stage, name: str, source: Random) -> bool:
        """The exchange closes the position itself, and takes away every order that rests."""
        exchange = self._world.exchange_of(name)
        if not self._closed_by_hand(stage, name, source):
            return False
        for key in [key for key, order in exchange.orders.items() if order.status is OrderStatus.ACCEPTED]:
            exchange.cancel_foreign(key, stage.now_ns)
        return True

    def _funding_time(self, stage: Stage, name: str, source: Random) -> bool:
        """Who holds something pays or is paid. The venue tells of it in its list only, not on a stream."""
        exchange = self._world.exchange_of(name)
        paid_before = len(exchange.funding)
        exchange.pay_funding(Decimal(source.choice((-3, -1, 1, 3))) / 10_000, stage.now_ns)
        return len(exchange.funding) > paid_before

    def _stuck_trigger(self, stage: Stage, name: str, source: Random) -> bool:
        exchange = self._world.exchange_of(name)
        exchange.triggers_stick = True

        def free() -> None:
            exchange.free_triggers(stage.now_ns)
            streams.push(stage)

        stage.agenda.after(source.randint(2, 15) * SECOND_NS, free)
        return True

    def _thin_book(self, stage: Stage, name: str, source: Random) -> bool:
        exchange = self._world.exchange_of(name)
        exchange.is_thin = True
        stage.agenda.after(source.randint(5, 30) * SECOND_NS, lambda: setattr(exchange, "is_thin", False))
        return True

    def _shallow_book(self, stage: Stage, name: str, source: Random) -> bool:
        exchange = self._world.exchange_of(name)
        exchange.is_shallow = True
        stage.agenda.after(source.randint(5, 30) * SECOND_NS, lambda: setattr(exchange, "is_shallow", False))
        return True

    def _panic_of_one(self, stage: Stage, name: str, source: Random) -> bool:
        people.panic(stage, name, "a person says so", flatten=source.random() < 0.5)
        reset = ct.ResetBreaker(reason="looked at it", operator="a person")
        stage.agenda.after(source.randint(5, 25) * SECOND_NS, lambda: people.tell(stage, name, "executor", reset))
        return True

    def _panic_of_all(self, stage: Stage, _name: str, source: Random) -> bool:
        people.panic(stage, "global", "a person says so", flatten=source.random() < 0.5)
        return True

    def _reset_at_any_time(self, stage: Stage, name: str, source: Random) -> bool:
        people.tell(stage, name, "executor", ct.ResetBreaker(reason="impatience", operator="a person"))
        return True

    def _closed_symbol(self, stage: Stage, name: str, source: Random) -> bool:
        """The exchange takes no orders in this instrument for some seconds."""
        exchange = self._world.exchange_of(name)
        exchange.symbol_status = "closed"
        stage.agenda.after(source.randint(2, 10) * SECOND_NS, lambda: setattr(exchange, "symbol_status", ""))
        return True

    def _upgraded(self, stage: Stage, name: str, source: Random) -> bool:
        """Somebody stops it in good order; it is started again some seconds later."""
        people.tell(stage, name, "supervisor", ct.StopInstance(reason="an upgrade"))
        return True

    def _strained_host(self, stage: Stage, name: str, source: Random) -> bool:
        """For some seconds: memory, processor or disk of the machine under them all run short, a little or badly."""
        stage.host = replace(AT_EASE, **source.choice(STRAINS))
        stage.agenda.after(source.randint(2, 12) * SECOND_NS, lambda: setattr(stage, "host", AT_EASE))
        return True

    def _resync_by_a_person(self, stage: Stage, name: str, source: Random) -> bool:
        """Somebody has shown what would be adopted and says yes a moment later, whatever happened meanwhile. Where two
        trade one instrument the other's orders would be among it: a person leaves that alone."""
        seats = list(self._world.seats.values())
        mine = self._world.seats[name]
        if sum((seat.account, seat.symbol) == (mine.account, mine.symbol) for seat in seats) > 1:
            return False
        people.tell(stage, name, "executor", ResyncWanted(reason="looked at it", operator="a person"))

        def confirm() -> None:
            shown = [answer.text for who, answer in stage.answers if who == name and CONFIRM in answer.text]
            token = shown[-1].rpartition(CONFIRM)[2] if shown else "nothing"
            again = ResyncWanted(reason="looked at it", operator="a person", token=token)
            people.tell(stage, name, "executor", again)

        stage.agenda.after(source.randint(200, 3_000) * SECOND_NS // 1_000, confirm)
        return True

    def _foreign(
        self,
        exchange: SimulatedExchange,
        now_ns: int,
        kind: OrderKind,
        side: Side,
        quantity: Decimal,
        trigger_price: Decimal | None,
    ) -> None:
        placed = Order(
            client_order_id=f"someone-{self._number}",
            symbol=exchange.instrument.symbol,
            side=side,
            kind=kind,
            purpose=OrderPurpose.ENTRY,
            quantity=quantity,
            trade_number=0,
            bar_open_time_ns=0,
            trigger_price=trigger_price,
        )
        exchange.place_foreign(placed, now_ns)


KINDS: Mapping[str, Callable[[Disasters, Stage, str, Random], bool]] = {
    "ghost_order": Disasters._ghost_order,
    "foreign_position": Disasters._foreign_position,
    "balance_drift": Disasters._balance_drift,
    "closed_by_hand": Disasters._closed_by_hand,
    "cancelled_by_hand": Disasters._cancelled_by_hand,
    "amended_by_hand": Disasters._amended_by_hand,
    "liquidated": Disasters._liquidated,
    "funding_time": Disasters._funding_time,
    "stuck_trigger": Disasters._stuck_trigger,
    "thin_book": Disasters._thin_book,
    "shallow_book": Disasters._shallow_book,
    "panic_of_one": Disasters._panic_of_one,
    "panic_of_all": Disasters._panic_of_all,
    "reset_at_any_time": Disasters._reset_at_any_time,
    "resync_by_a_person": Disasters._resync_by_a_person,
    "strained_host": Disasters._strained_host,
    "closed_symbol": Disasters._closed_symbol,
    "upgraded": Disasters._upgraded,
}
# these are possible only while something is held, or once the balance is known: they lie in wait for it
BY_HAND = frozenset({"closed_by_hand", "cancelled_by_hand", "amended_by_hand"})
NEED_A_MOMENT = BY_HAND | {"liquidated", "funding_time", "balance_drift"}
DRAWN = (*KINDS, *(kind for kind in KINDS if kind in NEED_A_MOMENT))  # twice in the hat: many a moment never comes
LOOK_AGAIN_NS = SECOND_NS // 2
PEOPLE_COME = 0.5  # of the disasters that only a person ends
