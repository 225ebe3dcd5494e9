"""The account system with real processes: shared by instances, outliving them, and failing safe."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.shell.latch import latch_file, read_latch
from actors.shell.processes import recorded
from actors.shell.scoreboard import ScoreboardReader
from actors.shell.tree import account_tree
from actors.spec import InstanceSpec, account_run_folder
from engine.messages.control import PanicRaised
from engine.safety.limits import ARRIVES_WITHIN_NS
from instance_manager import account_system, control, detached, lifecycle
from instance_manager.lock import is_running, read_card, write_card
from tests.actors.tree_builders import TOY, TRADER, eventually, pid_of, processes_of, seen, tell, toy_spec

pytestmark = pytest.mark.processes


def trader(home: Path, instance: str, monkeypatch: pytest.MonkeyPatch) -> InstanceSpec:
    """A running instance whose executor has an account, a journal and an exchange."""
    monkeypatch.setenv("TOY_INSTANCE", instance)
    spec = toy_spec(home, instance, account="main", executor=TRADER, guard=TOY)
    lifecycle.start(spec)
    return spec


def account_pid(home: Path, role: str) -> int:
    cell = ScoreboardReader(account_tree(home).scoreboard_file).read_role(role)
    return cell.pid if cell else 0


def test_of_two_instances_one_gets_the_instrument(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = trader(home, "one", monkeypatch), trader(home, "two", monkeypatch)

    tell(first, "lease")
    eventually(lambda: seen(first, "executor", "InstrumentGranted"))
    tell(second, "lease")

    eventually(lambda: seen(second, "executor", "InstrumentRefused"))
    assert seen(second, "executor", "InstrumentGranted") == 0


def test_an_instance_that_stops_in_order_leaves_its_instrument_to_others(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = trader(home, "one", monkeypatch), trader(home, "two", monkeypatch)
    tell(first, "lease")
    eventually(lambda: seen(first, "executor", "InstrumentGranted"))

    lifecycle.stop(home, "one")
    tell(second, "lease")
    eventually(lambda: seen(second, "executor", "InstrumentRefused"))  # so short a life does not know what was sent

    def is_granted() -> bool:
        tell(second, "lease")
        time.sleep(0.2)
        return bool(seen(second, "executor", "InstrumentGranted"))

    eventually(is_granted, limit_s=ARRIVES_WITHIN_NS / 1e9 + 10)


def test_it_outlives_a_crash_of_an_instance_and_ends_after_the_last(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = trader(home, "one", monkeypatch)
    folder = account_run_folder(home)
    card = read_card(folder)
    assert card is not None

    for process in processes_of(spec.run_folder):
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.5)
    assert is_running(folder)

    eventually(lambda: not is_running(folder))
    assert processes_of(folder) == []


def test_a_killed_account_system_is_started_again_by_whoever_needs_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader(home, "one", monkeypatch)
    folder = account_run_folder(home)
    before = {process.pid for process in processes_of(folder)}

    for process in processes_of(folder):
        os.kill(process.pid, signal.SIGKILL)

    def is_back() -> bool:
        now = {process.pid for process in processes_of(folder)}
        return is_running(folder) and len(now) >= len(before) and not now & before

    eventually(is_back)


def test_while_the_limiter_hangs_only_protective_orders_pass(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = trader(home, "one", monkeypatch)
    tell(spec, "read")
    eventually((spec.state_folder / "orders").exists)
    card = read_card(account_run_folder(home))
    assert card is not None
    for pid in (card.pid, account_pid(home, "supervisor"), account_pid(home, "limiter")):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(3.2)  # a lease lasts three seconds

    tell(spec, "order:entry")
    eventually(lambda: seen(spec, "executor", "OrderRefused"))
    assert "no request budget left" in (spec.log_folder / "executor.log").read_text()
    tell(spec, "order:stop")

    eventually(lambda: "PlaceOrder" in (spec.state_folder / "orders").read_text())
    assert seen(spec, "executor", "OrderOutcomeUnknown") == 1


def test_a_panic_is_on_disk_before_executors_are_woken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = trader(home, "one", monkeypatch)

    began = time.monotonic()
    panic = PanicRaised(scope="global", reason="fire", flatten=False)
    control.ask(home, "account", panic, role="panic", timeout_s=0.05)
    eventually(lambda: read_latch(latch_file(home, "global")))
    eventually(lambda: seen(spec, "executor", "PanicRaised"))

    assert time.monotonic() - began < 1.0


def test_a_panic_of_one_instance_wakes_it_through_its_supervisor(home: Path) -> None:
    spec = toy_spec(home)
    lifecycle.start(spec)

    answer = control.ask(home, "toy", PanicRaised(scope="instance", reason="fire", flatten=True), role="supervisor")

    assert answer.is_done
    eventually(lambda: seen(spec, "executor", "PanicRaised") == 1)


def test_it_is_started_once_however_many_ask_at_once(home: Path) -> None:
    with an_instance_that_needs_it(home):
        children = [detached.launch(account_tree(home)) for _ in range(3)]
        account_system.ensure_account_system(home)

        eventually(lambda: sum(child.poll() is None for child in children) == 1)
        assert [process.what for process in recorded(account_run_folder(home))].count("supervisor") == 1

    eventually(lambda: all(child.poll() is not None for child in children))


@contextmanager
def an_instance_that_needs_it(home: Path) -> Iterator[None]:
    """As long as some instance's launcher runs, the account system stays; here this process says it is one."""
    folder = home / "run" / "holder"
    folder.mkdir(parents=True)
    write_card(folder)
    yield
    (folder / "launcher.json").unlink()


def test_an_instance_without_an_account_needs_none(home: Path) -> None:
    spec = toy_spec(home)
    lifecycle.start(spec)

    assert pid_of(spec, "executor")
    assert not is_running(account_run_folder(home))
