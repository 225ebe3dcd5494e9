"""Toy machines for the shell: small enough to see through, played in real processes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from actors.shell.part import Edge, Part
from actors.shell.place import Place
from engine.errors import StoreError
from engine.machine import Effect, Note, Publish, Record, Request, Send, Step, Stop, WakeAt
from engine.messages import control as ct
from engine.messages import events as ev
from engine.messages import exchange as ex
from engine.messages.base import Message
from engine.order import Order, OrderKind, OrderPurpose, Side

MS = 1_000_000
BLOCKED_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a toy has received, by name."""

    names: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Toy:
    """Counts what it receives, shows it on the scoreboard, and obeys a few words in `ReconcileNow.reason`."""

    role: str

    def start(self, now_ns: int) -> Step[Seen]:
        return Seen(), (Publish(phase="READY", extra={"seen": {}}),)

    def receive(self, state: Seen, message: Message, now_ns: int) -> Step[Seen]:
        name = type(message).__name__
        counts = {**state.counts, name: state.counts.get(name, 0) + 1}
        state = replace(state, counts=counts, names=(*state.names[-20:], name))
        return state, (*self._react(message), Publish(phase="READY", extra={"seen": counts, "names": state.names}))

    def _react(self, message: Message) -> tuple[Effect, ...]:
        match message:
            case ct.ReconcileNow(reason="raise"):
                raise RuntimeError("a toy defect")
            case ct.ReconcileNow(reason="hang"):
                time.sleep(3600)
                return ()
            case ct.ReconcileNow(reason=reason) if reason.startswith("send:"):
                return (Send(to=reason.removeprefix("send:"), message=ct.ReconcileNow(reason="hello")),)
            case ct.ReconcileNow(reason=reason) if reason.startswith("wake:"):
                return tuple(WakeAt(at_ns=0, label=label) for label in reason.removeprefix("wake:").split(","))
            case ct.ReconcileNow(reason=reason) if reason.startswith("order:"):
                return _record_and_order(OrderPurpose(reason.removeprefix("order:")))
            case ct.ReconcileNow(reason="lease"):
                return (Send(to="account.leases", message=_lease()),)
            case ct.ReconcileNow(reason="read"):
                return (Request(port="exchange", call=ex.TakeSnapshot(symbol="TOY", fills_since_ns=0)),)
            case ct.ReconcileNow(reason="leave"):
                return (Stop(reason="had enough"),)
            case ct.ResetBreaker(reason=reason):
                return (Send(to="supervisor", message=ct.CommandAnswered(is_done=True, text=f"reset: {reason}")),)
            case _:
                return (Note(level="INFO", text=repr(message)),)


def _lease() -> ct.InstrumentWanted:
    return ct.InstrumentWanted(
        instance=os.environ.get("TOY_INSTANCE", "toy"), account="main", symbol="TOY", reply_to="executor", epoch=0
    )


def _record_and_order(purpose: OrderPurpose) -> tuple[Effect, ...]:
    order = toy_order(purpose)
    return (
        Record(events=(ev.OrderIntended(order=order),), orders=(order,)),
        Request(port="exchange", call=ex.PlaceOrder(order=order)),
    )


def toy_order(purpose: OrderPurpose = OrderPurpose.ENTRY) -> Order:
    return Order(
        client_order_id="toy-1",
        symbol="TOY",
        side=Side.BUY,
        kind=OrderKind.MARKET,
        purpose=purpose,
        quantity=Decimal(1),
        trade_number=1,
        bar_open_time_ns=0,
    )


class ToyJournal:
    """Appends lines; fails while a file `disk_full` lies beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, events: tuple[Message, ...], orders: object, view: object, now_ns: int) -> int:
        if (self._folder / "disk_full").exists():
            raise StoreError("no space left on this toy disk")
        with (self._folder / "journal").open("a") as file:
            file.writelines(f"{type(event).__name__}\n" for event in events)
        return 1


class ToyExchange:
    """Takes every order and notes it in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def perform(self, call: Message) -> Message | None:
        with (self._folder / "orders").open("a") as file:
            file.write(f"{type(call).__name__}\n")
        if isinstance(call, ex.PlaceOrder):
            return ex.OrderOutcomeUnknown(client_order_id=call.order.client_order_id, text="a toy knows nothing")
        return None

    async def close(self) -> None:
        pass


class BlockedExchange:
    async def perform(self, call: Message) -> Message | None:
        time.sleep(BLOCKED_S)  # noqa: ASYNC251 - just that is the defect
        return None

    async def close(self) -> None:
        pass


def toy(place: Place) -> Part:
    """A toy without ports."""
    return Part(machine=Toy(place.role))


def trader(place: Place) -> Part:
    """A toy with a journal and an exchange, budgeted."""
    assert place.tree.spec is not None
    folder = place.tree.spec.state_folder

    def exchange(edge: Edge) -> ToyExchange:
        return ToyExchange(folder)

    return Part(
        machine=Toy(place.role), journal=ToyJournal(folder), async_ports={"exchange": exchange}, is_budgeted=True
    )


def blocked(place: Place) -> Part:
    """A toy whose exchange never gives the asyncio thread back."""
    return Part(machine=Toy(place.role), async_ports={"exchange": lambda _edge: BlockedExchange()})


def late(place: Place) -> Part:
    """A toy that says RECOVERING and never becomes ready."""
    return Part(machine=LateToy(place.role))


def long_lived(place: Place) -> Part:
    """A toy whose journal is long: it takes `TOY_RECOVERY_S` to fold it."""
    return Part(machine=LongLivedToy(place.role), sync_ports={"journal": EmptyJournal()})


def broken(place: Place) -> Part:
    """A toy that cannot even be made."""
    raise RuntimeError("this toy is broken")


class LateToy(Toy):
    def start(self, now_ns: int) -> Step[Seen]:
        return Seen(), (Publish(phase="RECOVERING"),)

    def receive(self, state: Seen, message: Message, now_ns: int) -> Step[Seen]:
        return state, ()


class EmptyJournal:
    def perform(self, call: Message) -> Message:
        return ct.JournalRead(events=())


class LongLivedToy(Toy):
    def start(self, now_ns: int) -> Step[Seen]:
        return Seen(), (Publish(phase="RECOVERING"), Request(port="journal", call=ct.ReadJournal()))

    def receive(self, state: Seen, message: Message, now_ns: int) -> Step[Seen]:
        if isinstance(message, ct.JournalRead):
            time.sleep(float(os.environ["TOY_RECOVERY_S"]))
        return super().receive(state, message, now_ns)
