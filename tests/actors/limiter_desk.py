"""A rate limiter in hand, and what it is told."""

from __future__ import annotations

from actors.rate_limiter import RateLimiter
from actors.spending import MINUTE, State, total
from engine.machine import Effect, Send
from engine.messages.account import SpendingNoted
from engine.messages.base import Message
from engine.messages.budget import BudgetGranted, BudgetWanted, UsageReported
from engine.messages.control import JournalRead

USABLE_WEIGHT = 1_680
ORDINARY_WEIGHT = 1_512  # for all but those who have to protect
USABLE_ORDERS = 100
START_NS = 1_000 * MINUTE


class Limiter:
    """A limiter with a clock in hand."""

    def __init__(self, remembered: SpendingNoted | None = None) -> None:
        self.machine = RateLimiter()
        self.now_ns = START_NS
        self.state, _ = self.machine.start(self.now_ns)
        self.effects: tuple[Effect, ...] = ()
        self.tell(JournalRead(events=((0, remembered),) if remembered else ()))

    def tell(self, message: Message) -> State:
        self.state, self.effects = self.machine.receive(self.state, message, self.now_ns)
        return self.state

    def ask(self, instance: str, weight: int = 50, orders: int = 5, spent: int = 0, life: int = 1) -> BudgetGranted:
        self.tell(wanted(instance, weight, orders, spent, life))
        granted = next(effect.message for effect in self.effects if isinstance(effect, Send))
        assert isinstance(granted, BudgetGranted)
        return granted


def wanted(instance: str, weight: int = 50, orders: int = 5, spent: int = 0, life: int = 1) -> BudgetWanted:
    return BudgetWanted(
        instance=instance,
        account="main",
        role="executor",
        reply_to="executor",
        weight=weight,
        orders=orders,
        life=life,
        spent_weight=spent,
    )


def counted(weight: int, at_ns: int, retry_after_ms: int = 0, is_ban: bool = False) -> UsageReported:
    """What an answer of the exchange said then."""
    return UsageReported(
        account="main",
        observed_at_ns=at_ns,
        used_weight=weight,
        order_count=0,
        retry_after_ms=retry_after_ms,
        is_ban=is_ban,
    )


def weight_of(limiter: Limiter) -> int:
    return total(limiter.state, "main")[0]
