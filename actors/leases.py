"""Instrument leases: one instance at a time may trade an instrument on an account. Each holder gets a fencing epoch.

Theory of operation. A lease is on disk before it is granted. The epoch grows with every new holding, never falls, not
even after release, and is part of every order id. A holder renews with the epoch it has; a new life of the same
instance asks with another (0) and gets the next. The first epoch of an instrument is the minute of the clock, so that
a table that was lost does not begin again with epochs that were used. When the table on disk is damaged nothing is
granted: somebody must look.

A lease that ran out is not free at once. What its holder sent with its last breath may lie before the exchange for as
long as a request is valid there, and no fence of ours stops it any more: so long nobody else gets the instrument. A
clock that is set forward does not shorten that: between two turns at most a second counts, as they come every second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import InvariantViolated
from engine.frozen import replace
from engine.machine import Note, Publish, Record, Request, Send, Step, Stop, WakeAt
from engine.messages.account import InstrumentLease, InstrumentReleased, LeasesHeld, StoreUnreadable
from engine.messages.base import Message
from engine.messages.control import (
    InstrumentGranted,
    InstrumentRefused,
    InstrumentWanted,
    JournalRead,
    ReadJournal,
    RecordFailed,
    StopInstance,
    Undeliverable,
    Woken,
)
from engine.safety.limits import ARRIVES_WITHIN_NS

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
CALENDAR_BEGINS_NS = 1_577_836_800 * SECOND  # 2020: keeps epochs short
TICK = "tick"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`trouble` is why nothing may be granted; None when the table is sound. `is_ready` once it was read.

    `turned_at_ns` is the time of the last turn.

    After a failed write (`is_unsaved`) the table is read from the disk again, and what it says holds.
    """

    leases: Mapping[Key, InstrumentLease] = field(default_factory=dict)
    is_ready: bool = False
    trouble: str | None = None
    is_unsaved: bool = False
    turned_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Leases:
    """The machine. `valid_for_ns` is short enough for a take-over to be quick, and several renewals long."""

    valid_for_ns: int = 15 * SECOND

    def start(self, now_ns: int) -> Step[State]:
        read = Request(port="journal", call=ReadJournal())
        return State(turned_at_ns=now_ns), (read, WakeAt(at_ns=now_ns + SECOND, label=TICK))

    def receive(self, state: State, message: Message, now_ns: int) -> Step[State]:
        state = _without_leap(state, now_ns)
        match message:
            case JournalRead(events=events):
                return State(leases=_table(events), is_ready=True, turned_at_ns=now_ns), ()
            case StoreUnreadable(text=text):
                damaged = replace(state, trouble=text, is_unsaved=False)
                return damaged, (Note(level="CRITICAL", text=f"no lease is granted: {text}"),)
            case InstrumentWanted():
                return self._answer(state, message, now_ns)
            case InstrumentReleased():
                return self._release(state, message, now_ns)
            case Woken():
                again = (Request(port="journal", call=ReadJournal()),) if state.is_unsaved else ()
                return state, (WakeAt(at_ns=now_ns + SECOND, label=TICK), _shown(state), *again)
            case RecordFailed(text=text):
                unsaved = replace(state, trouble=text, is_unsaved=True)
                return unsaved, (Note(level="CRITICAL", text=f"no lease is granted: {text}"),)
            case Undeliverable():
                return state, ()
            case StopInstance(reason=reason):
                return state, (Stop(reason=reason),)
            case _:
                raise InvariantViolated(f"the leases have no use for {message!r}")

    def _answer(self, state: State, wanted: InstrumentWanted, now_ns: int) -> Step[State]:
        if state.trouble is not None:
            return state, (_refuse(wanted, f"nobody can say: {state.trouble}"),)
        if not state.is_ready:
            return state, ()
        held = state.leases.get((wanted.account, wanted.symbol))
        if held is not None and held.instance != wanted.instance and now_ns < _free_at_ns(held):
            return state, (_refuse(wanted, held.instance),)
        return self._grant(state, wanted, held, now_ns)

    def _grant(self, state: State, wanted: InstrumentWanted, held: InstrumentLease | None, now_ns: int) -> Step[State]:
        lease = InstrumentLease(
            account=wanted.account,
            symbol=wanted.symbol,
            instance=wanted.instance,
            epoch=_epoch(wanted, held, now_ns),
            expires_at_ns=now_ns + self.valid_for_ns,
            free_at_ns=now_ns + self.valid_for_ns + ARRIVES_WITHIN_NS,
        )
        after = _with(state, lease)
        granted = InstrumentGranted(
            symbol=wanted.symbol,
            epoch=lease.epoch,
            valid_for_ns=self.valid_for_ns,
            asked_at_ns=wanted.asked_at_ns,
        )
        return after, (_record(after), Send(to=_reply_to(wanted), message=granted))

    def _release(self, state: State, released: InstrumentReleased, now_ns: int) -> Step[State]:
        held = state.leases.get((released.account, released.symbol))
        if held is None or held.instance != released.instance or state.trouble is not None:
            return state, ()
        settled_at_ns = now_ns + max(0, min(released.settles_in_ns, ARRIVES_WITHIN_NS))
        after = _with(state, replace(held, expires_at_ns=now_ns, free_at_ns=settled_at_ns))
        return after, (_record(after),)


def _epoch(wanted: InstrumentWanted, held: InstrumentLease | None, now_ns: int) -> int:
    """The held one for a renewal; otherwise one that nobody has had."""
    if held is None:
        return max(wanted.epoch + 1, (now_ns - CALENDAR_BEGINS_NS) // MINUTE)
    is_renewal = held.instance == wanted.instance and held.epoch == wanted.epoch
    return held.epoch if is_renewal else max(held.epoch, wanted.epoch) + 1


def _without_leap(state: State, now_ns: int) -> State:
    """What is not free yet is free later by as much as the clock, or this process, left out."""
    leapt_ns = now_ns - state.turned_at_ns - SECOND
    turned = replace(state, turned_at_ns=now_ns)
    if leapt_ns <= 0 or not state.turned_at_ns:
        return turned
    leases = {
        key: replace(held, free_at_ns=_free_at_ns(held) + leapt_ns)
        for key, held in state.leases.items()
        if _free_at_ns(held) > state.turned_at_ns
    }
    return replace(turned, leases={**state.leases, **leases})


def _free_at_ns(held: InstrumentLease) -> int:
    return held.free_at_ns or held.expires_at_ns + ARRIVES_WITHIN_NS


def _with(state: State, lease: InstrumentLease) -> State:
    return replace(state, leases={**state.leases, (lease.account, lease.symbol): lease})


def _table(events: tuple[tuple[int, Message], ...]) -> dict[Key, InstrumentLease]:
    tables = [event for _, event in events if isinstance(event, LeasesHeld)]
    return {(lease.account, lease.symbol): lease for table in tables for lease in table.leases}


def _record(state: State) -> Record:
    return Record(events=(LeasesHeld(leases=tuple(state.leases.values())),))


def _refuse(wanted: InstrumentWanted, holder: str) -> Send:
    return Send(to=_reply_to(wanted), message=InstrumentRefused(symbol=wanted.symbol, holder=holder))


def _reply_to(wanted: InstrumentWanted) -> str:
    return wanted.reply_to if "." in wanted.reply_to else f"{wanted.instance}.{wanted.reply_to}"


def _shown(state: State) -> Publish:
    holders = {f"{lease.account} {lease.symbol}": f"{lease.instance} #{lease.epoch}" for lease in state.leases.values()}
    phase = "HALTED" if state.trouble else "READY" if state.is_ready else "STARTING"
    return Publish(phase=phase, extra={"holders": holders, "trouble": state.trouble or ""})
