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
from typing import NamedTuple

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
CHECKS_TO_BELIEVE = 10  # a record is shown some ms after it is durable; a difference that lasts is a defect


class Found(NamedTuple):
    """By one check. `mismatches` counts checks that saw a difference since one saw none; `seen`: engine and store."""

    seen: tuple[int, bytes, int, bytes] = (0, b"", 0, b"")
    mismatches: int = 0
    missing: tuple[str, ...] = ()
    on_duty: bool = False

    @property
    def differs(self) -> bool:
        return self.mismatches >= CHECKS_TO_BELIEVE

    @property
    def may_hold(self) -> bool:
        engine_sequence, _, store_sequence, _ = self.seen
        is_known = engine_sequence > 0 or store_sequence == 0
        return self.on_duty and is_known and not self.missing and not self.differs

    @property
    def phase(self) -> str:
        if self.differs:
            return "MISMATCH"
        return "WAITING" if self.missing else "GUARDING" if self.may_hold else "STANDBY"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`host` is shown. `is_frozen`: this guard has asked for the freeze; a standby that only looks on has not. `again`
    is the answer to a check that finds the same as the last one, as nearly all do.
    """

    found: Found = Found()
    is_frozen: bool = False
    host: Mapping[str, float] | None = None
    again: tuple[Effect, ...] = ()


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
                told = (Send(to="executor", message=host),) if state.found.on_duty else ()
                return State(found=state.found, host={name: getattr(host, name) for name in HOST_SHOWN}), told
            case _:
                return state, (Note(level="DEBUG", text=f"nothing to do for {type(message).__name__}"),)

    def _checked(self, state: State, checked: ct.IntegrityChecked) -> Step[State]:
        before, found = state.found, self._found(state.found, checked)
        if found == before and state.again:
            return state, state.again
        hold = (_hold(self.limits.guard_lease_ms),) if found.may_hold else ()
        freeze = (_freeze(checked),) if _must_freeze(state, found) else ()
        shown = Publish(phase=found.phase, extra={"missing": list(found.missing), "host": state.host})
        said = (self._said(found),) if found.may_hold != before.may_hold else ()
        is_frozen = found.differs and (found.on_duty or state.is_frozen)
        after = State(found=found, is_frozen=is_frozen, host=state.host, again=(*hold, shown))
        return after, (*hold, *freeze, shown, *said)

    def _found(self, before: Found, checked: ct.IntegrityChecked) -> Found:
        seen = (checked.engine_sequence, checked.engine_digest, checked.store_sequence, checked.store_digest)
        ages = dict(checked.ages_ns)
        return Found(
            seen,
            _mismatches(before, seen),
            tuple([role for role in self.watched if ages.get(role, ALIVE_NS) >= ALIVE_NS]),
            not self.is_standby or ages.get(self.peer, PEER_SILENT_NS) >= PEER_SILENT_NS,
        )

    def _said(self, found: Found) -> Note:
        missing = ", ".join(found.missing) or "nobody"
        text = "holds the guard lease" if found.may_hold else f"holds no guard lease (missing: {missing})"
        return Note(level="INFO", text=f"{self.role} {text}")


def _must_freeze(state: State, found: Found) -> bool:
    """And again each second: the word may be lost, and a person may reset too soon."""
    is_due = not state.is_frozen or found.mismatches % CHECKS_TO_BELIEVE == 0
    return found.differs and found.on_duty and is_due


def _mismatches(before: Found, seen: tuple[int, bytes, int, bytes]) -> int:
    """At different events a difference counts only while nothing moves: the next record may be on its way. At the same
    event nothing is, so it counts however fast the events come.
    """
    engine_sequence, engine_digest, store_sequence, store_digest = seen
    is_same_event = engine_sequence == store_sequence
    if is_same_event and engine_digest == store_digest:
        return 0
    if not engine_sequence:  # an engine that shows nothing (yet) contradicts nothing
        return 0
    return before.mismatches + 1 if is_same_event or seen == before.seen else max(1, before.mismatches)


@cache
def _hold(lease_ms: int) -> Request:
    return Request(port="scoreboard", call=ct.HoldGuardLease(valid_for_ns=lease_ms * MS))


def _freeze(checked: ct.IntegrityChecked) -> Send:
    text = f"engine at event {checked.engine_sequence}, store at {checked.store_sequence}, and they stay different"
    return Send(to="executor", message=ct.FreezeWanted(cause="engine and store differ", text=text))
