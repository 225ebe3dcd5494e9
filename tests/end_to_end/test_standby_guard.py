"""A12 on real processes: a guard that stands still is replaced by its standby before anybody trades unguarded."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from actors.shell.scoreboard import Cell, ScoreboardReader
from engine.safety.limits import Limits
from tests.desk_builders import predator, workspace_with
from tests.watching import eventually, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
MS = 1_000_000
LEASE_NS = Limits().guard_lease_ms * MS
PROMISED_NS = 500 * MS
TRIES = 3  # a crowded machine may hold up the standby itself; three times in a row is no accident


@pytest.fixture
def scoreboard(tmp_path: Path) -> Iterator[ScoreboardReader]:
    """Of a live instance on the local exchange."""
    home = workspace_with(tmp_path / "home").home
    try:
        started = predator("start", "--instance", "live-1", home=home)
        assert started.returncode == 0, started.stderr
        yield ScoreboardReader(home / "run" / "live-1" / "scoreboard")
    finally:
        kill_all(processes_in(home))


def on_duty(scoreboard: ScoreboardReader) -> tuple[Cell, Cell]:
    """Guard and standby, once one holds the lease and the other looks on."""

    def are_both_there() -> bool:
        guard, standby = scoreboard.read_role("guard"), scoreboard.read_role("standby_guard")
        return guard is not None and standby is not None and (guard.phase, standby.phase) == ("GUARDING", "STANDBY")

    eventually(are_both_there, 60, "a guard on duty and a standby")
    guard, standby = scoreboard.read_role("guard"), scoreboard.read_role("standby_guard")
    assert guard is not None
    assert standby is not None
    return guard, standby


def unguarded_ns(scoreboard: ScoreboardReader) -> int:
    """From the guard's last sign of life until the standby took the lease, by the times that both wrote down."""
    guard, standby = on_duty(scoreboard)
    os.kill(guard.pid, signal.SIGSTOP)
    until_s = time.monotonic() + 2.5  # then the supervisor takes the guard for dead
    try:
        while time.monotonic() < until_s:
            stopped, taken = scoreboard.read_role("guard"), scoreboard.read_role("standby_guard")
            if stopped is not None and taken is not None and taken.lease_until_ns > standby.lease_until_ns:
                return taken.lease_until_ns - LEASE_NS - stopped.heartbeat_ns
            time.sleep(0.005)
    finally:
        with suppress(ProcessLookupError):
            os.kill(guard.pid, signal.SIGCONT)
    pytest.fail("the standby never took the lease")


def test_the_standby_holds_the_lease_within_half_a_second_of_the_guards_last_sign(
    scoreboard: ScoreboardReader,
) -> None:
    took_ns = []
    for _ in range(TRIES):
        took_ns.append(unguarded_ns(scoreboard))
        if took_ns[-1] <= PROMISED_NS:
            break

    assert min(took_ns) <= PROMISED_NS, [taken / MS for taken in took_ns]
