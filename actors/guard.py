"""Guard: watches that what the operator sees, what the engine holds and what the store holds are the same.

As long as it finds them the same and everybody alive, it renews the guard lease; the gate lets entries pass only while
a lease is valid. So a dead or doubting guard needs to tell nobody: entries end by themselves. The standby guard is the
same machine; it holds the lease only while its peer's heartbeat is too old.

Once a second the guard on duty also reads how the machine under them all fares and tells the executor, whose breaker
judges it (`engine.safety.host`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from engine.machine import Effect, Note, Publish, Request, Send, Step, WakeAt
from engine.messages import control as ct
from engine.messages.base import Message
from engine.messages.host import HostRead, ReadHost
from engine.safety.limits import Limits

MS = 1_000_000
EVERY_MS = 100
HOST_EVERY_MS = 1_000
PEER_SILENT_MS = 300
ALIVE_MS = 3_000  # a heartbeat older than this belongs to somebody who cannot be relied on
CHECK = Request(port="scoreboard", call=ct.CheckIntegrity())
CHECKS_TO_BELIEVE = 10  # a record is shown some ms after it is durable; a difference that lasts is a defect


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`mismatches` counts checks that found a difference since one found none, `seen` is what the newest saw; `host` is
    shown. `is_frozen`: this guard has asked for the freeze; a standby that only looks on has not.
    """

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
            case ct.Woken(label="host"):
                again = WakeAt(at_ns=now_ns + HOST_EVERY_MS * MS, label="host")
                return state, (again, Request(port="host", call=ReadHost()))
            case HostRead() as host:
                told = (Send(to="executor", message=host),) if state.on_duty else ()
                return replace(state, host=asdict(host)), told
            case ct.Woken():
                again = WakeAt(at_ns=now_ns + EVERY_MS * MS, label="check")
                return state, (again, CHECK)
            case ct.IntegrityChecked() as checked:
                return self._checked(state, checked)
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)

    def _checked(self, state: State, checked: ct.IntegrityChecked) -> Step[State]:
        seen = (checked.engine_sequence, checked.engine_digest, checked.store_sequence, checked.store_digest)
        mismatches = _mismatches(state, checked, seen)
        ages = dict(checked.ages_ns)
        dead = [role for role in self.watched if ages.get(role, ALIVE_MS * MS) >= ALIVE_MS * MS]
        differs = mismatches >= CHECKS_TO_BELIEVE
        must_hold = not self.is_standby or ages.get(self.peer, PEER_SILENT_MS * MS) >= PEER_SILENT_MS * MS
        is_known = checked.engine_sequence > 0 or checked.store_sequence == 0
        holds = must_hold and is_known and not dead and not differs
        effects: list[Effect] = []
        if holds:
            valid = self.limits.guard_lease_ms * MS
            effects.append(Request(port="scoreboard", call=ct.HoldGuardLease(valid_for_ns=valid)))
        if differs and must_hold and (not state.is_frozen or mismatches % CHECKS_TO_BELIEVE == 0):
            effects.append(_freeze(checked))  # again each second: it may be lost, a person may reset too soon
        effects += self._shown(state, holds, dead, differs)
        after = State(
            mismatches=mismatches,
            seen=seen,
            is_frozen=differs and (must_hold or state.is_frozen),
            is_holding=holds,
            on_duty=must_hold,
            host=state.host,
        )
        return after, tuple(effects)

    def _shown(self, state: State, holds: bool, dead: list[str], differs: bool) -> list[Effect]:
        phase = "MISMATCH" if differs else "WAITING" if dead else "GUARDING" if holds else "STANDBY"
        shown: list[Effect] = [Publish(phase=phase, extra={"missing": dead, "host": state.host})]
        if holds != state.is_holding:
            text = (
                "holds the guard lease" if holds else f"holds no guard lease (missing: {', '.join(dead) or 'nobody'})"
            )
            shown.append(Note(level="INFO", text=f"{self.role} {text}"))
        return shown


def _mismatches(state: State, checked: ct.IntegrityChecked, seen: tuple[int, bytes, int, bytes]) -> int:
    """At different events a difference counts only while nothing moves: the next record may be on its way. At the same
    event nothing is, so it counts however fast the events come.
    """
    is_same_event = checked.engine_sequence == checked.store_sequence
    if is_same_event and checked.engine_digest == checked.store_digest:
        return 0
    if not checked.engine_sequence:  # an engine that shows nothing (yet) contradicts nothing
        return 0
    return state.mismatches + 1 if is_same_event or seen == state.seen else max(1, state.mismatches)


def _freeze(checked: ct.IntegrityChecked) -> Send:
    text = f"engine at event {checked.engine_sequence}, store at {checked.store_sequence}, and they stay different"
    return Send(to="executor", message=ct.FreezeWanted(cause="engine and store differ", text=text))
