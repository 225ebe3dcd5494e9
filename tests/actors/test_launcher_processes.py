"""The launcher with real processes: starts, races, ends, and that nothing is ever left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actors.shell.latch import is_latched
from actors.shell.outcome import read_outcome
from actors.shell.processes import parent_of, process_id, recorded
from actors.shell.scoreboard import Cell
from actors.shell.tree import tree_of
from actors.spec import InstanceSpec
from engine.errors import TradingError
from engine.messages.control import ResetBreaker
from instance_manager import control, lifecycle
from instance_manager.errors import AlreadyRunning, NotRunning
from instance_manager.lock import read_card
from tests.actors.tree_builders import (
    TOY,
    cells,
    eventually,
    is_gone,
    pid_of,
    processes_of,
    tell,
    toy_spec,
)

pytestmark = pytest.mark.processes
NOBODY = Cell(role="nobody")


@pytest.fixture
def spec(home: Path) -> InstanceSpec:
    """A running instance of toys."""
    spec = toy_spec(home)
    lifecycle.start(spec)
    return spec


def is_over(spec: InstanceSpec) -> bool:
    return not lifecycle.is_running(spec.home, spec.instance)


def test_a_start_returns_when_every_actor_has_said_that_it_started(spec: InstanceSpec) -> None:
    """A cell is fresh before that; who is stopped in between has half a minute to start."""
    assert cells(spec)["supervisor"].phase == "RUNNING"


def test_stop_leaves_no_process(spec: InstanceSpec) -> None:
    running = processes_of(spec.run_folder)
    assert len(running) >= 5

    assert lifecycle.stop(spec.home, spec.instance)

    assert [process for process in running if process.is_running] == []
    assert not lifecycle.is_running(spec.home, spec.instance)
    with pytest.raises(NotRunning):
        lifecycle.stop(spec.home, spec.instance)


def test_stop_ends_even_what_hangs(spec: InstanceSpec) -> None:
    running = processes_of(spec.run_folder)
    os.kill(pid_of(spec, "guard"), signal.SIGSTOP)
    began = time.monotonic()

    lifecycle.stop(spec.home, spec.instance)

    assert time.monotonic() - began < 15
    assert [process for process in running if process.is_running] == []


def test_a_killed_supervisor_takes_its_actors_along_and_the_launcher_starts_all_anew(spec: InstanceSpec) -> None:
    first = {role: cell.pid for role, cell in cells(spec).items()}

    os.kill(first["supervisor"], signal.SIGKILL)

    eventually(lambda: is_gone(first["guard"]) and is_gone(first["executor"]))
    eventually(lambda: lifecycle.is_ready(spec) and cells(spec)["guard"].pid != first["guard"])
    assert (
        len([process for process in recorded(spec.run_folder) if process.is_running and process.what == "guard"]) == 1
    )


def test_a_supervisor_that_hangs_is_replaced_with_its_whole_tree(spec: InstanceSpec) -> None:
    first = {role: cell.pid for role, cell in cells(spec).items()}

    os.kill(first["supervisor"], signal.SIGSTOP)

    eventually(lambda: all(is_gone(pid) for pid in first.values()))
    eventually(lambda: lifecycle.is_ready(spec))


def test_an_admin_that_hangs_is_replaced_with_its_whole_tree(spec: InstanceSpec) -> None:
    """Actors go on without it, but nobody can be started or asked any more; whoever asks is told so in bounded time."""
    first = {role: cell.pid for role, cell in cells(spec).items()}
    os.kill(parent_of(first["supervisor"]), signal.SIGSTOP)
    began = time.monotonic()

    answer = control.ask(spec.home, spec.instance, ResetBreaker(reason="seen", operator="me"))

    assert not answer.is_done
    assert "does not answer" in answer.text
    assert "try again" in answer.text
    assert time.monotonic() - began < 6
    eventually(lambda: all(is_gone(pid) for pid in first.values()))
    eventually(lambda: lifecycle.is_ready(spec))
    assert "Thespian's admin hangs" in (spec.log_folder / "launcher.log").read_text()


def test_a_tree_that_fails_three_times_ends_under_its_panic_latch(spec: InstanceSpec) -> None:
    for _ in range(3):
        eventually(lambda: lifecycle.is_ready(spec))
        pid = pid_of(spec, "supervisor")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda pid=pid: cells(spec).get("supervisor", NOBODY).pid != pid or is_over(spec))

    eventually(lambda: is_over(spec))
    assert is_latched(spec.home, spec.instance)
    assert processes_of(spec.run_folder) == []
    assert "the tree failed 3 times" in (spec.log_folder / "launcher.log").read_text()


def test_a_killed_launcher_is_noticed_and_the_tree_ends_by_itself(spec: InstanceSpec) -> None:
    card = read_card(spec.run_folder)
    assert card is not None

    os.kill(card.pid, signal.SIGKILL)

    eventually(lambda: processes_of(spec.run_folder) == [])
    assert read_outcome(spec.run_folder) == "the launcher is gone"


def test_a_start_right_after_the_launcher_was_killed_leaves_one_tree(spec: InstanceSpec) -> None:
    card = read_card(spec.run_folder)
    assert card is not None
    before = processes_of(spec.run_folder)
    os.kill(card.pid, signal.SIGKILL)
    eventually(lambda: not lifecycle.is_running(spec.home, spec.instance))

    lifecycle.start(spec)

    assert [process for process in before if process.is_running] == []
    assert lifecycle.is_ready(spec)


def test_after_everything_was_killed_it_starts_again(spec: InstanceSpec) -> None:
    for process in processes_of(spec.run_folder):
        os.kill(process.pid, signal.SIGKILL)

    eventually(lambda: not lifecycle.is_running(spec.home, spec.instance))
    lifecycle.start(spec)

    assert lifecycle.is_ready(spec)


def test_a_second_start_is_refused(spec: InstanceSpec) -> None:
    with pytest.raises(AlreadyRunning, match="toy is running already"):
        lifecycle.start(spec)


def test_an_actor_that_ends_in_order_ends_the_instance(spec: InstanceSpec) -> None:
    tell(spec, "leave")

    eventually(lambda: not lifecycle.is_running(spec.home, spec.instance))
    assert "had enough" in (spec.log_folder / "launcher.log").read_text()


def test_of_two_starts_at_once_exactly_one_wins(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.actors.tree_builders import toy_spec\n"
        "from instance_manager import lifecycle; from instance_manager.errors import AlreadyRunning\n"
        "try: lifecycle.start(toy_spec(Path(sys.argv[1])))\n"
        "except AlreadyRunning: sys.exit(5)"
    )
    starters = [subprocess.Popen([sys.executable, "-c", code, str(home)]) for _ in range(3)]

    codes = sorted(starter.wait(60) for starter in starters)

    assert codes == [0, 5, 5]
    running = [process.what for process in recorded(home / "run" / "toy") if process.is_running]
    assert running.count("supervisor") == 1


def test_an_actor_that_cannot_start_fails_the_start_with_the_reason_and_leaves_nothing(home: Path) -> None:
    spec = toy_spec(home, executor="tests.actors.toys:broken")

    with pytest.raises(TradingError, match="executor: RuntimeError: this toy is broken"):
        lifecycle.start(spec)

    assert processes_of(spec.run_folder) == []
    assert not is_latched(home, spec.instance)


def test_an_executor_that_never_gets_ready_is_not_running(home: Path) -> None:
    spec = toy_spec(home, executor="tests.actors.toys:late", guard=TOY)

    with pytest.raises(TradingError, match="the executor is RECOVERING"):
        lifecycle.start(spec, limit_s=5.0)

    assert processes_of(spec.run_folder) == []


def test_a_start_can_be_piped(home: Path) -> None:
    """Nothing of the instance holds on to the terminal of whoever started it."""
    code = (
        "import sys; from pathlib import Path; from tests.actors.tree_builders import toy_spec\n"
        "from instance_manager import lifecycle; lifecycle.start(toy_spec(Path(sys.argv[1]))); print('up')"
    )

    done = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, timeout=60, check=True)

    assert done.stdout == b"up\n"
    assert lifecycle.is_running(home, "toy")


def test_in_the_foreground_sigterm_ends_it_in_order(home: Path) -> None:
    spec = toy_spec(home)
    code = (
        "import sys; from pathlib import Path; from tests.actors.tree_builders import toy_spec\n"
        "from instance_manager.run import run; sys.exit(run(toy_spec(Path(sys.argv[1]))))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(home)], stderr=subprocess.DEVNULL) as foreground:
        eventually(lambda: lifecycle.is_ready(spec))
        running = processes_of(spec.run_folder)

        foreground.send_signal(signal.SIGTERM)

        assert foreground.wait(20) == 0
    assert [process for process in running if process.is_running] == []


def test_a_service_manager_hears_that_it_is_ready_alive_and_stopping(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = toy_spec(home)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(home / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(home / "notify"))
        lifecycle.start(spec)
        time.sleep(1.5)
        lifecycle.stop(home, "toy")
        manager.setblocking(False)
        heard = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.add(manager.recv(100))

    assert heard == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}


def test_a_process_that_is_gone_is_not_mistaken_for_another() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        process = process_id(child.pid)
    assert not process.is_running
    assert tree_of(toy_spec(Path("nowhere"))).roles == ("executor", "guard")
