"""Situation: everything the plan looks at, and what is under way already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.book.state import Book
from engine.order import Order
from engine.reconcile import Verdict
from engine.safety.limits import Limits

MS = 1_000_000
UNHEARD = 4  # so many questions without an answer come as soon as any; then each pause is one longer
MOST_PATIENCE = 4
LONGEST_EXIT_PAUSE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """What has been asked of the exchange and not been answered, by client order id and since when.

    `finding` keeps the time of the last question even after its answer, `unheard` how many were asked in a row since
    one was answered; `absent` how often it was not found, and the counted time of the first; `doubted` is what must be
    asked for. `amended` are orders of ours that somebody changed there.
    """

    placing: Mapping[str, int] = field(default_factory=dict)
    cancelling: Mapping[str, int] = field(default_factory=dict)
    finding: Mapping[str, int] = field(default_factory=dict)
    unheard: Mapping[str, int] = field(default_factory=dict)
    absent: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()
    amended: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything the plan looks at. `hears` is whether nothing that becomes of an order escapes us; `counted_ms` is the
    time that no clock shortens (counted while something is not found)."""

    instance: str
    play_hash: str
    book: Book
    busy: Busy
    limits: Limits
    hears: bool
    now_ns: int
    counted_ms: int = 0

    @property
    def held(self) -> Decimal:
        return abs(self.book.position_quantity)

    def is_older(self, at_ns: int, limit_ms: int) -> bool:
        return self.now_ns - at_ns >= limit_ms * MS

    def question_pause_ms(self, order: Order) -> int:
        """Until its fate is asked for again. Where no question is answered, or the answers begin to be the same, they
        become rarer: they cost what others need for theirs."""
        if self._says_the_same(order):
            return self.limits.resolve_every_ms * MOST_PATIENCE
        unheard = self.busy.unheard.get(order.client_order_id, 0)
        return self.limits.resolve_every_ms * max(1, min(unheard - UNHEARD, MOST_PATIENCE))

    def _says_the_same(self, order: Order) -> bool:
        """Not found, and while its request may still arrive one more such answer proves nothing."""
        times, first_ms = self.busy.absent.get(order.client_order_id, (0, 0))
        may_arrive = self.counted_ms - first_ms < self.limits.receive_window_ms
        return times >= self.limits.not_found_needed and may_arrive

    def exit_pause_ms(self, refused: int) -> int:
        """Until the position is tried to be closed again. Where the exchange says that it is another than we believe,
        and refuses, it is not closed by asking, and a person looks: each pause is one longer."""
        if self.book.reconciliation != Verdict.CRITICAL:
            return self.limits.exit_retry_ms
        return self.limits.exit_retry_ms * max(1, min(refused - self.limits.most_rejections, LONGEST_EXIT_PAUSE))
