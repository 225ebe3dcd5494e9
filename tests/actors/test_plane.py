"""The data plane between processes, tried with several planes in one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
import zmq

from actors.shell.envelope import Envelope, Identity, seal
from actors.shell.plane import Plane
from actors.shell.tree import Tree, account_tree, socket_file, tree_of, write_tree
from engine.market import MarkPrice
from engine.messages.base import Message
from engine.messages.control import ReconcileNow
from engine.messages.market import MarkPriceChanged
from tests.actors.tree_builders import eventually, toy_spec


class Planes:
    """Opens planes and closes them all."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.malformed: list[str] = []

    def open(self, tree: Tree, role: str, *, born_ns: int | None = None) -> Plane:
        identity = Identity(tree=tree.name, role=role, generation=1, born_ns=born_ns or time.monotonic_ns())
        plane = Plane(tree, identity, self.malformed.append)
        self._stack.callback(plane.close)
        return plane


@pytest.fixture
def planes() -> Iterator[Planes]:
    with ExitStack() as stack:
        yield Planes(stack)


@pytest.fixture
def tree(home: Path) -> Tree:
    tree = tree_of(toy_spec(home))
    tree.run_folder.mkdir(parents=True)
    return tree


def everything(plane: Plane) -> list[Message]:
    """All that arrives within a moment."""
    found: list[Message] = []
    until = time.monotonic() + 0.15
    while time.monotonic() < until:
        if (message := plane.take()) is not None:
            found.append(message)
    return found


def mark(price: int) -> MarkPriceChanged:
    return MarkPriceChanged(mark=MarkPrice(price=Decimal(price), observed_at_ns=price))


def test_a_message_arrives(planes: Planes, tree: Tree) -> None:
    sender, receiver = planes.open(tree, "data"), planes.open(tree, "executor")

    assert sender.send("executor", ReconcileNow(reason="x")) == ()

    assert everything(receiver) == [ReconcileNow(reason="x")]


def test_ten_thousand_messages_arrive_in_order(planes: Planes, tree: Tree) -> None:
    sender, receiver = planes.open(tree, "data"), planes.open(tree, "executor")

    for number in range(10_000):
        sender.send("executor", ReconcileNow(reason=str(number)))

    found: list[Message] = []
    eventually(lambda: found.extend(everything(receiver)) or len(found) == 10_000)
    assert found == [ReconcileNow(reason=str(number)) for number in range(10_000)]


def test_of_mark_prices_only_the_newest_waits_and_nothing_else_is_lost(planes: Planes, tree: Tree) -> None:
    sender, receiver = planes.open(tree, "data"), planes.open(tree, "executor")

    for price in range(1, 50):
        sender.send("executor", mark(price))
        sender.send("executor", ReconcileNow(reason=str(price)))
    time.sleep(0.1)

    found = everything(receiver)
    assert [message for message in found if isinstance(message, MarkPriceChanged)] == [mark(49)]
    assert len([message for message in found if isinstance(message, ReconcileNow)]) == 49


def test_a_peer_that_is_down_is_told_at_once_and_never_blocks(planes: Planes, tree: Tree) -> None:
    sender = planes.open(tree, "data")
    began = time.monotonic()

    assert sender.send("executor", ReconcileNow(reason="x")) == ("executor",)

    assert time.monotonic() - began < 0.01


def test_an_inbox_left_by_a_dead_peer_is_as_good_as_none(planes: Planes, tree: Tree) -> None:
    sender = planes.open(tree, "data")
    socket_file(tree.run_folder, "executor").touch()

    began = time.monotonic()
    assert sender.send("executor", ReconcileNow(reason="x")) == ("executor",)
    assert sender.send("executor", ReconcileNow(reason="x")) == ("executor",)

    assert time.monotonic() - began < 0.1


def test_a_peer_that_comes_back_is_reached_again(planes: Planes, tree: Tree) -> None:
    sender, first = planes.open(tree, "data"), planes.open(tree, "executor")
    sender.send("executor", ReconcileNow(reason="1"))
    assert len(everything(first)) == 1
    first.close()
    second = planes.open(tree, "executor")

    def heard() -> bool:
        """What left before the old connection was known to be gone is lost, as any message may be."""
        is_taken = sender.send("executor", ReconcileNow(reason="2")) == ()
        return is_taken and ReconcileNow(reason="2") in everything(second)

    eventually(heard)


def test_messages_of_an_older_life_of_the_same_sender_are_dropped(planes: Planes, tree: Tree) -> None:
    receiver = planes.open(tree, "executor")
    newer, older = planes.open(tree, "data", born_ns=2_000), planes.open(tree, "data2", born_ns=1_000)
    older._identity = Identity(tree=tree.name, role="data", generation=1, born_ns=1_000)
    newer.send("executor", ReconcileNow(reason="new"))
    assert everything(receiver) == [ReconcileNow(reason="new")]

    older.send("executor", ReconcileNow(reason="old"))

    assert everything(receiver) == []
    assert receiver.alarms["older generation"] == 1


def test_what_waited_long_is_counted(planes: Planes, tree: Tree) -> None:
    receiver = planes.open(tree, "executor")
    push(receiver, socket_file(tree.run_folder, "executor"), sent_at_ns=time.monotonic_ns() - 5 * 10**9)

    assert len(everything(receiver)) == 1
    assert receiver.alarms["old message"] == 1


def test_nonsense_is_kept_and_told_and_harms_nobody(planes: Planes, tree: Tree) -> None:
    receiver = planes.open(tree, "executor")
    push(receiver, socket_file(tree.run_folder, "executor"), data=b"\x93nonsense")

    assert everything(receiver) == []
    assert len(planes.malformed) == 1


def test_other_instances_and_all_of_them_can_be_addressed(planes: Planes, home: Path, tree: Tree) -> None:
    other = tree_of(toy_spec(home, "other", account="main"))
    backtest = tree_of(toy_spec(home, "backtest"))
    for each in (other, backtest):
        write_tree(each, each.tree_file)
    account = planes.open(account_tree(home), "panic")
    inbox, unconcerned = planes.open(other, "executor"), planes.open(backtest, "executor")

    assert account.send("other.executor", ReconcileNow(reason="one")) == ()
    assert account.send("*.executor", ReconcileNow(reason="all")) == ()

    assert everything(inbox) == [ReconcileNow(reason="one"), ReconcileNow(reason="all")]
    assert everything(unconcerned) == []


def test_a_long_home_still_has_room_for_sockets(planes: Planes, home: Path) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    tree = tree_of(toy_spec(deep))
    tree.run_folder.mkdir(parents=True)
    path = socket_file(tree.run_folder, "executor")

    sender, receiver = planes.open(tree, "data"), planes.open(tree, "executor")
    sender.send("executor", ReconcileNow(reason="x"))

    assert len(os.fsencode(path)) <= 107
    assert path.parent != tree.run_folder
    assert everything(receiver) == [ReconcileNow(reason="x")]


def push(receiver: Plane, path: Path, *, data: bytes = b"", sent_at_ns: int = 0) -> None:
    """Bytes from nobody we know."""
    from engine.messages import wire

    sender = Identity(tree="toy", role="stranger", generation=1, born_ns=1)
    payload = wire.encode(ReconcileNow(reason="x"))
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.connect(f"ipc://{path}")
        socket.send(data or seal(Envelope(sender=sender, sent_at_ns=sent_at_ns, payload=payload)))
        time.sleep(0.05)
