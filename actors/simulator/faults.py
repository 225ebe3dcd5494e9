"""Faults: the world's ill will, by kind, and the chance that decides from a seed when it strikes.

Each kind draws from a source of its own, so that a story without one kind stays near to the story with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from random import Random

from actors.simulator.agenda import MS
from engine.frozen import replace

DELAYS = "delays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Probabilities per occasion, in force until `until_ns`; after it the world is kind and things must settle.

    The kinds of a world's own (`disaster`, `clock_step`) and the deaths of whole trees are drawn twice a second.
    """

    lose_request: float = 0.0  # it never reaches the exchange
    lose_answer: float = 0.0  # it was carried out, and nobody hears of it
    accept_late: float = 0.0  # carried out seconds after we gave up
    repeat_answer: float = 0.0
    unavailable: float = 0.0  # refused without effect
    unknown_at_once: float = 0.0  # the exchange says that it does not know whether it did it; it may have
    rate_limited: float = 0.0  # a 429 that others on the address caused
    banned: float = 0.0  # a 418: for a while not even a stop may be sent
    torn_snapshot: float = 0.0  # its parts are of different moments
    stale_read: float = 0.0  # answered by a replica that lags behind
    lose_message: float = 0.0
    double_message: float = 0.0
    late_message: float = 0.0  # overtaken by many
    drop_stream: float = 0.0
    silent_stream: float = 0.0  # it stays up, and what happens meanwhile is never told
    crash: float = 0.0  # of an actor, between any two effects
    lose_notice: float = 0.0  # the supervisor is not told of a death
    hang: float = 0.0  # an actor stands still for a while, then goes on
    blind: float = 0.0  # both guards stand still for a while
    freeze: float = 0.0  # a whole instance stands still, longer than its leases last, then goes on
    suspended: float = 0.0  # the same, between deciding on an order and sending it
    cut_off: float = 0.0  # an instance and the keeper of instrument leases do not hear each other for a while
    kill_instance: float = 0.0
    kill_account: float = 0.0
    kill_all: float = 0.0
    disk_error: float = 0.0  # nothing can be made durable for a while
    disk_lies: float = 0.0  # it was made durable, and the disk says no
    clock_step: float = 0.0
    disaster: float = 0.0  # one of the world's own, see `World.strike`
    until_ns: int = 0

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Every kind by name."""
        return tuple(field.name for field in fields(cls) if field.name != "until_ns")

    def without(self, kind: str) -> Faults:
        return replace(self, **{kind: 0.0})  # type: ignore[arg-type]

    def in_force(self) -> tuple[str, ...]:
        return tuple(kind for kind in self.kinds() if getattr(self, kind))


class Chance:
    """Decides, until `until_ns`. `met` counts how often each kind struck."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.until_ns = faults.until_ns
        self._odds = {kind: getattr(faults, kind) for kind in faults.in_force()}
        self._sources = {kind: Random(f"{seed}:{kind}") for kind in (*self._odds, DELAYS)}
        self._delay = self._sources[DELAYS].uniform
        self.met: Counter[str] = Counter()

    def may_strike(self, kind: str, now_ns: int) -> bool:
        """Whether it is among the world's kinds, and still in force: else nothing is drawn for it."""
        return now_ns < self.until_ns and kind in self._odds

    def strikes(self, kind: str, now_ns: int) -> bool:
        if now_ns >= self.until_ns:
            return False
        odds = self._odds.get(kind)
        if odds is None or self._sources[kind].random() >= odds:
            return False
        self.met[kind] += 1
        return True

    def of(self, kind: str) -> Random:
        """The source of the details of one kind."""
        return self._sources[kind]

    def delay_ns(self, least_ms: float, most_ms: float) -> int:
        return int(self._delay(least_ms, most_ms) * MS)
