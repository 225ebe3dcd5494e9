"""Guard: watches that what the operator sees, what the engine holds and what the store holds are the same.

As long as it finds them the same and everybody alive, it renews the guard lease; the gate lets entries pass only while
a lease is valid. So a dead or doubting guard needs to tell nobody: entries end by themselves. The standby guard is the
same machine; it holds the lease only while its peer's heartbeat is too old.

Once a second the guard on duty also reads how the machine under them all fares and tells the executor, whose breaker
judges it (`engine.safety.host`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from engine.frozen import replace
from engine.machine import Effect, Note, Publish, Request, Send, Step, WakeAt
from engine.messages import control as ct
from engine.messages.base import Message
from engine.messages.host import HostRead, ReadHost
from engine.safety.limits import Limits

MS = 1_000_000
EVERY_MS = 100
HOST_EVERY_MS = 1_000
PEER_SILENT_NS = 300 * MS
ALIVE_NS = 3_000 * MS  # a heartbeat older than this belongs to somebody who cannot be relied on
CHECK = Request(port="scoreboard", call=ct.CheckIntegrity())
READ_HOST = Request(port="host", call=ReadHost())
HOST_SHOWN = tuple(field.name for field in fields(HostRead))
CHECKS_TO_BELIEVE = 10  # a record is published some ms after it is durable; a lasting difference is a defect


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`mismatches` counts checks in a row that found the same difference, `seen` what they saw; `host` is shown."""

    mismatches: int = 0
    seen: tuple[int, bytes, int, bytes] = (0, b"", 0, b"")
    is_frozen: bool = False
    is_holding: bool = False
    on_duty: bool = False
    host: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The machine of roles `guard` and `standby_guard`. `watched` are the roles without which nobody may trade."""

    role: str
    peer: str
    is_standby: bool
    watched: tuple[str, ...]
    limits: Limits

    def start(self, now_ns: int) -> Step[State]:
        wakes = (WakeAt(at_ns=now_ns, label="check"), WakeAt(at_ns=now_ns, label="host"))
        return State(), (*wakes, Publish(phase="WATCHING"))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        match message:
            case ct.IntegrityChecked() as checked:
                return self._checked(state, checked)
            case ct.Woken(label="host"):
                again = WakeAt(at_ns=now_ns + HOST_EVERY_MS * MS, label="host")
                return state, (again, READ_HOST)
            case ct.Woken():
                again = WakeAt(at_ns=now_ns + EVERY_MS * MS, label="check")
                return state, (again, CHECK)
            case HostRead() as host:
                told = (Send(to="executor", message=host),) if state.on_duty else ()
                return replace(state, host={name: getattr(host, name) for name in HOST_SHOWN}), told
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)

    def _checked(self, state: State, checked: ct.IntegrityChecked) -> Step[State]:
        seen = (checked.engine_sequence, checked.engine_digest, checked.store_sequence, checked.store_digest)
        mismatches = _mismatches(state, checked, seen)
        ages = dict(checked.ages_ns)
        dead = [role for role in self.watched if ages.get(role, ALIVE_NS) >= ALIVE_NS]
        differs = mismatches >= CHECKS_TO_BELIEVE
        must_hold = not self.is_standby or ages.get(self.peer, PEER_SILENT_NS) >= PEER_SILENT_NS
        is_known = checked.engine_sequence > 0 or checked.store_sequence == 0
        holds = must_hold and is_known and not dead and not differs
        effects: list[Effect] = []
        if holds:
            effects.append(_hold(self.limits.guard_lease_ms))
        if differs and must_hold and not state.is_frozen:
            effects.append(_freeze(checked))
        phase = "MISMATCH" if differs else "WAITING" if dead else "GUARDING" if holds else "STANDBY"
        effects.append(Publish(phase=phase, extra={"missing": dead, "host": state.host}))
        if holds != state.is_holding:
            effects.append(self._said(holds, dead))
        after = State(
            mismatches=mismatches,
            seen=seen,
            is_frozen=differs,
            is_holding=holds,
            on_duty=must_hold,
            host=state.host,
        )
        return after, tuple(effects)

    def _said(self, holds: bool, dead: list[str]) -> Note:
        text = "holds the guard lease" if holds else f"holds no guard lease (missing: {', '.join(dead) or 'nobody'})"
        return Note(level="INFO", text=f"{self.role} {text}")


def _mismatches(state: State, checked: ct.IntegrityChecked, seen: tuple[int, bytes, int, bytes]) -> int:
    same = checked.engine_digest == checked.store_digest and checked.engine_sequence == checked.store_sequence
    if same or not checked.engine_sequence:  # an engine that shows nothing (yet) contradicts nothing
        return 0
    return state.mismatches + 1 if seen == state.seen else 1


@cache
def _hold(lease_ms: int) -> Request:
    return Request(port="scoreboard", call=ct.HoldGuardLease(valid_for_ns=lease_ms * MS))


def _freeze(checked: ct.IntegrityChecked) -> Send:
    text = f"engine at event {checked.engine_sequence}, store at {checked.store_sequence}, and they stay different"
    return Send(to="executor", message=ct.FreezeWanted(cause="engine and store differ", text=text))
