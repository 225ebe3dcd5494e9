"""Harm: what is done to the processes and to the exchange, drawn from a seed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from actors.shell.tree import ACCOUNT
from tests.chaos.stage import INSTANCE, Stage

ROLES = ("executor", "reconciler", "guard", "standby_guard", "notifier", "data", "strategy")
WINDOW_S, MOST_FALLS = 310.0, 2  # of supervisors
# of one actor; the sixth time within 30 s, or the sixteenth within 300 s, rightly ends the instance
ROLE_WINDOWS = ((35.0, 4), (310.0, 13))
HANG_S = 2.0  # who stands still for longer may be taken for dead
MOST_FAULTS = 3  # in force at once: what waits for its hour would strike an order several times over
EXCHANGE_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "lose_response", "method": "POST", "endpoint": "/fapi/v1/(order|algoOrder)$", "count": 2},
    {"kind": "late_accept", "method": "POST", "endpoint": "/fapi/v1/order$", "count": 1, "delay_ms": 1500},
    {"kind": "timeout_after", "method": "POST", "endpoint": "/fapi/v1/order$", "count": 1, "delay_ms": 4000},
    {
        "kind": "timeout_before",
        "method": "POST",
        "endpoint": "/fapi/v1/(order|algoOrder)$",
        "count": 1,
        "delay_ms": 4000,
    },
    {"kind": "answer_twice", "method": "POST", "endpoint": "/fapi/v1/order$", "count": 2},
    {"kind": "server_error", "count": 3},
    {"kind": "bad_gateway", "count": 3},
    {"kind": "unknown_503", "method": "POST", "count": 2, "executes": True},
    {"kind": "rate_limit", "count": 2},
    {"kind": "stale_read", "endpoint": "positionRisk", "count": 2},
    {"kind": "stale_read", "endpoint": "openOrders", "count": 1},
    {"kind": "stream_drop", "stream": "user:", "count": 1},
    {"kind": "stream_abort", "count": 2},
    {"kind": "stream_silence", "stream": "user:", "count": 1, "delay_ms": 8000},
    {"kind": "stream_gap", "stream": "user:", "count": 1, "ticks": 3},
    {"kind": "stream_duplicate", "stream": "user:", "count": 4},
    {"kind": "stream_reorder", "stream": "user:", "count": 2},
    {"kind": "partial_fill", "count": 1},
    {"kind": "maintenance", "count": 8},
)


class Harm:
    """Does one thing at a time; `done` says what, in words."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self.random = Random(seed)
        self._fallen_at_s: list[float] = []
        self._roles_fallen_at_s: dict[str, list[float]] = {role: [] for role in ROLES}

    def strike(self) -> str:
        kinds = tuple(KINDS)
        kind = self.random.choices(kinds, weights=[KINDS[one][0] for one in kinds])[0]
        return f"{kind} {KINDS[kind][1](self)}"

    def _kill(self) -> str:
        role = self._choose(1)[0]
        self._end(INSTANCE, role)
        return role

    def _kill_two(self) -> str:
        roles = self._choose(2)
        for role in roles:
            self._end(INSTANCE, role)
        return " and ".join(roles)

    def _kill_supervisor(self) -> str:
        """Twice in five minutes; the third time the instance rightly ends under a panic latch."""
        now_s = time.monotonic()
        self._fallen_at_s = [at_s for at_s in self._fallen_at_s if now_s - at_s < WINDOW_S]
        if len(self._fallen_at_s) >= MOST_FALLS:
            return f"spared: kill {self._kill()}"
        self._fallen_at_s.append(now_s)
        self._end(INSTANCE, "supervisor")
        return "with all its actors"

    def _kill_account(self) -> str:
        role = self.random.choice(("limiter", "leases", "panic", "supervisor"))
        self._end(ACCOUNT, role)
        return role

    def _stop_and_go_on(self) -> str:
        for_s = self.random.uniform(0.3, 5.0)
        role = self._choose(1)[0] if for_s > HANG_S else self.random.choice(ROLES)
        self._stand_still([self._pid(INSTANCE, role)], for_s)
        return f"{role} for {for_s:.1f} s"

    def _starve(self) -> str:
        for_s = self.random.uniform(0.3, 2.0)
        self._stand_still([self._pid(INSTANCE, role) for role in ROLES], for_s)
        return f"everybody for {for_s:.1f} s"

    def _stop_the_exchange(self) -> str:
        for_s = self.random.uniform(1.0, 6.0)
        pid = int(self._stage.ask_exchange("GET", "status")["pid"])
        self._stand_still([pid], for_s)
        return f"for {for_s:.1f} s"

    def _choose(self, count: int) -> list[str]:
        """Actors to fall now, each within what its supervisor bears."""
        now_s = time.monotonic()
        able = [role for role in ROLES if self._bears(role, now_s)]
        chosen = self.random.sample(able, min(count, len(able)))
        for role in chosen:
            self._roles_fallen_at_s[role].append(now_s)
        return chosen

    def _bears(self, role: str, now_s: float) -> bool:
        fallen = self._roles_fallen_at_s[role]
        return all(sum(now_s - at_s < window_s for at_s in fallen) < most for window_s, most in ROLE_WINDOWS)

    def _exchange_fault(self) -> str:
        fault = self.random.choice(EXCHANGE_FAULTS)
        for waiting in self._stage.ask_exchange("GET", "faults")["faults"][: 1 - MOST_FAULTS]:
            self._stage.ask_exchange("DELETE", f"faults/{waiting['id']}")
        self._stage.ask_exchange("POST", "faults", fault)
        return f"{fault['kind']} {fault.get('endpoint', fault.get('stream', ''))}"

    def _end(self, tree: str, role: str) -> None:
        """The process is gone at once, and somebody else must take its role."""
        pid = self._pid(tree, role)
        self._stage.killed |= {pid} - {0}
        _signal(pid, signal.SIGKILL)

    def _pid(self, tree: str, role: str) -> int:
        cell = self._stage.cells(tree).get(role)
        return cell.pid if cell else 0

    def _stand_still(self, pids: list[int], for_s: float) -> None:
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        time.sleep(for_s)
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


KINDS: Mapping[str, tuple[int, Callable[[Harm], str]]] = {
    "kill": (6, Harm._kill),
    "kill two:": (2, Harm._kill_two),
    "kill supervisor": (1, Harm._kill_supervisor),
    "kill account": (1, Harm._kill_account),
    "stop": (4, Harm._stop_and_go_on),
    "starve": (1, Harm._starve),
    "stop the exchange": (1, Harm._stop_the_exchange),
    "fault": (8, Harm._exchange_fault),
}
