"""Executor's state: what it is told once, and what it knows at this moment. Only the book survives a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from actors.spec import Permission
from engine.book.state import Book
from engine.fill import Fill
from engine.machine import Publish
from engine.messages.exchange import AccountSnapshot, InstrumentPrepared
from engine.messages.market import CycleReady
from engine.messages.notices import Alert
from engine.messages.reports import InstanceView
from engine.protection import ProtectionRules
from engine.safety.alarms import Vitals
from engine.safety.breaker import Level
from engine.safety.limits import Limits
from engine.safety.readiness import Readiness
from engine.situation import Busy, Situation
from engine.sizing import Sizing


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSettings:
    """What an executor is told once: who it is, what it trades, by which rules."""

    instance: str
    account: str
    play: str
    play_hash: str
    symbol: str
    leverage: int
    capital: Decimal
    rules: ProtectionRules
    sizing: Sizing
    limits: Limits
    owns_wallet: bool = True
    loosening: Permission | None = None
    sharers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The executor's state. Only `book` survives a crash; all else is learned again.

    `counted_ms` is time counted from tick to tick, the last at `counted_at_ns`, while something is not found: however
    far the clock is set forward, it adds little.
    `alerts` are those that no target has acknowledged yet, by their subject, each with when it was sent last.
    """

    settings: ExecutorSettings
    book: Book = field(default_factory=Book)
    ready: Readiness = field(default_factory=Readiness)
    busy: Busy = field(default_factory=Busy)
    is_recovered: bool = False
    epoch: int | None = None
    prepared: InstrumentPrepared | None = None
    pending: CycleReady | None = None
    replaced_cycles: int = 0
    last_bar_ns: int | None = None
    missed: tuple[int, int] = (0, 0)
    counted_ms: int = 0
    counted_at_ns: int = 0
    unmatched: tuple[tuple[int, Fill], ...] = ()
    vitals: Vitals = field(default_factory=Vitals)
    notified_at_ns: Mapping[int, int] = field(default_factory=dict)
    alerts: Mapping[str, tuple[Alert, int]] = field(default_factory=dict)
    store_failed: str = ""
    seen: AccountSnapshot | None = None
    limits_before: Mapping[str, str] = field(default_factory=dict)
    sharers_held_at_ns: int = 0
    zombies: frozenset[str] = frozenset()
    shown: tuple[Book, InstanceView, Publish] | None = field(default=None, compare=False, repr=False)

    @property
    def phase(self) -> str:
        """One word for people and for `start`, which waits until it is neither STARTING nor RECOVERING."""
        if self.store_failed or self.book.is_panicked or self.book.breaker.level is Level.RED:
            return "HALTED"
        if not self.is_recovered:
            return "STARTING"
        if self.book.instrument is None or not self.ready.has_snapshot:
            return "RECOVERING"
        return "READY" if self.book.reconciliation == "HEALTHY" else "WAITING"

    def situation(self, book: Book, now_ns: int) -> Situation:
        """What the plan looks at, if the book were this one."""
        return Situation(
            instance=self.settings.instance,
            play_hash=self.settings.play_hash,
            book=book,
            busy=self.busy,
            limits=self.settings.limits,
            hears=self.ready.hears,
            counted_ms=self.counted_ms,
            now_ns=now_ns,
        )
