"""The host of one machine, without Thespian: recording, timers, ports, the gate and the budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from actors.shell import async_bridge
from actors.shell.envelope import Identity
from actors.shell.host import Host
from actors.shell.latch import latch_file, raise_latch
from actors.shell.memory_file import MemoryFile
from actors.shell.part import Part
from actors.shell.place import Place
from actors.shell.scoreboard import ScoreboardReader, ScoreboardWriter, create_scoreboard
from actors.shell.tree import Tree, leases_file, tree_of
from actors.spec import InstanceSpec
from engine.messages.account import InstrumentLease, LeasesHeld
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted
from engine.messages.control import CommandAnswered, InstrumentGranted, ReconcileNow
from engine.order import OrderPurpose
from tests.actors import toys
from tests.actors.toys import Toy, trader
from tests.actors.tree_builders import eventually, toy_spec

LONG_NS = 60_000_000_000


class NoOuter:
    """Notes what a shell would be asked to do."""

    def __init__(self) -> None:
        self.mailed: list[tuple[str, Message]] = []
        self.left: list[str] = []

    def spawn(self, role: str, generation: int) -> None: ...

    def kill(self, role: str, generation: int) -> None: ...

    def leave(self, reason: str) -> None:
        self.left.append(reason)

    def mail(self, to: str, message: Message) -> bool:
        self.mailed.append((to, message))
        return True

    def answer(self, message: CommandAnswered) -> None: ...


class Stage:
    """One host in this process."""

    def __init__(self, spec: InstanceSpec, role: str, stack: ExitStack, *, part: Part | None = None) -> None:
        self.tree: Tree = tree_of(spec)
        self.spec = spec
        self.role = role
        self.tree.run_folder.mkdir(parents=True, exist_ok=True)
        create_scoreboard(self.tree.scoreboard_file, self.tree.roles)
        writer = ScoreboardWriter(self.tree.scoreboard_file, role, 1)
        self.guard = ScoreboardWriter(self.tree.scoreboard_file, "guard", 1)
        identity = Identity(tree=self.tree.name, role=role, generation=1, born_ns=time.monotonic_ns())
        chosen = part or trader(Place(tree=self.tree, role=role, writer=writer))
        self.host = Host(tree=self.tree, identity=identity, part=chosen, outer=NoOuter(), writer=writer)
        stack.callback(self.host.close)
        self.host.start()

    def tell(self, message: Message) -> None:
        self.host.deliver(message)
        self.host.pump()

    def names(self) -> list[str]:
        """What the machine has received."""
        self.host.pump()
        cell = ScoreboardReader(self.tree.scoreboard_file).read()[self.role]
        counts = cell.extra["seen"]
        assert isinstance(counts, dict)
        return list(counts)

    def lines(self, name: str) -> list[str]:
        path = self.spec.state_folder / name
        return path.read_text().splitlines() if path.exists() else []

    def allow_entries(self) -> None:
        """A guard watches, the instrument is ours, there is budget."""
        self.guard.hold_guard_lease(LONG_NS)
        self.tell(ReconcileNow(reason="lease"))
        self.tell(InstrumentGranted(symbol="TOY", epoch=7, valid_for_ns=LONG_NS))
        self.tell(BudgetGranted(weight=100, orders=10, valid_for_ns=LONG_NS))

    def order(self, purpose: OrderPurpose) -> str:
        """Try to send one; the name of the answer."""
        self.tell(ReconcileNow(reason=f"order:{purpose}"))
        answers = {"OrderRefused", "OrderOutcomeUnknown"}
        eventually(lambda: answers & set(self.names()))
        return next(name for name in self.names() if name in answers)


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(toy_spec(home, account="main"), "executor", stack)


def test_an_order_leaves_after_its_intent_is_on_disk(stage: Stage) -> None:
    stage.allow_entries()

    assert stage.order(OrderPurpose.ENTRY) == "OrderOutcomeUnknown"

    assert stage.lines("journal") == ["OrderIntended"]
    assert stage.lines("orders") == ["PlaceOrder"]


def test_when_recording_fails_the_order_is_dropped_and_the_machine_is_told(stage: Stage) -> None:
    stage.allow_entries()
    (stage.spec.state_folder / "disk_full").touch()

    stage.tell(ReconcileNow(reason="order:entry"))

    assert "RecordFailed" in stage.names()
    time.sleep(0.1)
    assert stage.lines("orders") == []


def test_without_a_guard_no_entry_leaves_but_a_stop_does(stage: Stage) -> None:
    stage.allow_entries()
    stage.guard.hold_guard_lease(0)

    assert stage.order(OrderPurpose.ENTRY) == "OrderRefused"
    assert stage.lines("orders") == []

    stage.tell(ReconcileNow(reason="order:stop"))
    eventually(lambda: stage.lines("orders") == ["PlaceOrder"])


def test_under_panic_no_entry_leaves(stage: Stage) -> None:
    stage.allow_entries()
    raise_latch(latch_file(stage.spec.home, "global"), "fire")

    assert stage.order(OrderPurpose.ENTRY) == "OrderRefused"
    assert stage.lines("orders") == []


def test_an_instrument_lease_counts_from_the_asking_and_runs_out(stage: Stage) -> None:
    stage.allow_entries()
    stage.tell(ReconcileNow(reason="lease"))
    stage.tell(InstrumentGranted(symbol="TOY", epoch=7, valid_for_ns=20_000_000))
    time.sleep(0.03)

    assert stage.order(OrderPurpose.ENTRY) == "OrderRefused"


def test_a_holder_that_was_overtaken_sends_nothing_not_even_a_stop(stage: Stage) -> None:
    stage.allow_entries()
    newer = InstrumentLease(account="main", symbol="TOY", instance="other", epoch=8, expires_at_ns=0)
    MemoryFile(leases_file(stage.spec.home), LeasesHeld).append((LeasesHeld(leases=(newer,)),), (), None, 1)

    assert stage.order(OrderPurpose.STOP) == "OrderRefused"
    assert stage.lines("orders") == []


def test_an_old_lease_of_another_does_not_fence_who_has_no_epoch_yet(stage: Stage) -> None:
    stage.tell(ReconcileNow(reason="lease"))
    stage.tell(BudgetGranted(weight=100, orders=10, valid_for_ns=LONG_NS))
    older = InstrumentLease(account="main", symbol="TOY", instance="other", epoch=8, expires_at_ns=0)
    MemoryFile(leases_file(stage.spec.home), LeasesHeld).append((LeasesHeld(leases=(older,)),), (), None, 1)

    assert stage.order(OrderPurpose.STOP) == "OrderOutcomeUnknown"


def test_a_damaged_table_of_leases_does_not_stop_protective_orders(stage: Stage) -> None:
    stage.allow_entries()
    leases_file(stage.spec.home).parent.mkdir(parents=True)
    leases_file(stage.spec.home).write_text("nonsense")

    assert stage.order(OrderPurpose.STOP) == "OrderOutcomeUnknown"


def test_without_a_limiter_only_the_protective_reserve_remains(stage: Stage) -> None:
    stage.allow_entries()
    stage.tell(BudgetGranted(weight=0, orders=0, valid_for_ns=LONG_NS))

    assert stage.order(OrderPurpose.ENTRY) == "OrderRefused"
    stage.tell(ReconcileNow(reason="order:stop"))
    eventually(lambda: stage.lines("orders") == ["PlaceOrder"])


def test_a_ban_that_another_process_met_stops_what_protects_and_what_the_adapter_sends_by_itself(stage: Stage) -> None:
    stage.allow_entries()
    stage.tell(BudgetGranted(weight=0, orders=0, valid_for_ns=LONG_NS, banned_for_ns=LONG_NS))

    assert stage.order(OrderPurpose.STOP) == "OrderRefused"
    eventually(lambda: stage.lines("orders") == ["LeaveAlone"])


def test_what_nobody_takes_comes_back_and_is_kept_as_a_dead_letter(stage: Stage) -> None:
    stage.tell(ReconcileNow(reason="send:strategy"))

    assert "Undeliverable" in stage.names()
    assert '"to": "strategy"' in (stage.tree.log_folder / "dead_letters.jsonl").read_text()


def test_a_machine_that_raises_raises_out_of_the_host_so_that_the_process_ends(stage: Stage) -> None:
    with pytest.raises(RuntimeError, match="a toy defect"):
        stage.tell(ReconcileNow(reason="raise"))


def test_a_heartbeat_is_written_while_the_host_is_pumped_and_not_otherwise(stage: Stage) -> None:
    reader = ScoreboardReader(stage.tree.scoreboard_file)
    time.sleep(0.25)
    before = reader.read()["executor"].heartbeat_ns

    stage.host.pump()

    assert reader.read()["executor"].heartbeat_ns > before


def test_a_blocked_line_to_the_exchange_ends_the_heartbeat(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are handled and shown as ever; only the asyncio thread does nothing any more."""
    monkeypatch.setattr(async_bridge, "SILENT_S", 0.3)
    monkeypatch.setattr(toys, "BLOCKED_S", 2.0)
    with ExitStack() as stack:
        stage = Stage(toy_spec(home), "executor", stack, part=toys.blocked(Place(None, "executor", None)))  # type: ignore[arg-type]
        reader = ScoreboardReader(stage.tree.scoreboard_file)

        def age_ms() -> float:
            stage.tell(ReconcileNow(reason="hello"))
            return reader.read()["executor"].age_ns / 1e6

        assert age_ms() < 100
        stage.tell(ReconcileNow(reason="read"))
        eventually(lambda: age_ms() > 800)
        eventually(lambda: age_ms() < 100)  # it came back, and so does the heartbeat


def test_a_part_without_ports_needs_no_thread(home: Path) -> None:
    with ExitStack() as stack:
        stage = Stage(toy_spec(home), "executor", stack, part=Part(machine=Toy("executor")))

        assert len(stage.host.watched()) == 1
