"""Accounts at one exchange, reached from one address: they share weight and bans, and have orders of their own."""

from __future__ import annotations

from dataclasses import replace

from actors.spending import SECOND
from engine.machine import Send
from engine.messages.budget import BudgetGranted
from tests.actors.limiter_desk import ORDINARY_WEIGHT, USABLE_ORDERS, USABLE_WEIGHT, Limiter, counted, wanted

BINANCE, BYBIT = "binanceusdm production", "bybit production"


def ask(
    limiter: Limiter, account: str, exchange: str = BINANCE, weight: int = 50, orders: int = 5, number: int = 1
) -> BudgetGranted:
    asking = wanted(f"{account}-{number}", weight, orders)
    limiter.tell(replace(asking, account=account, exchange=exchange))
    [granted] = [one.message for one in limiter.effects if isinstance(one, Send)]
    assert isinstance(granted, BudgetGranted)
    return granted


def test_all_accounts_at_one_exchange_together_get_no_more_weight_than_the_address_has() -> None:
    limiter = Limiter()

    granted = [
        ask(limiter, account, weight=2_000, number=number) for number in range(10) for account in ("main", "other")
    ]

    assert 0.6 * USABLE_WEIGHT < sum(one.weight for one in granted) <= USABLE_WEIGHT


def test_an_account_at_another_exchange_has_all_of_it_for_itself() -> None:
    limiter = Limiter()
    for _ in range(40):
        ask(limiter, "main", weight=2_000)

    assert ask(limiter, "elsewhere", BYBIT, weight=2_000).weight == ORDINARY_WEIGHT // 2


def test_orders_are_of_the_account() -> None:
    limiter = Limiter()

    granted = [ask(limiter, account, orders=50) for account in ("main", "other")]

    assert [one.orders for one in granted] == [USABLE_ORDERS // 2] * 2


def test_what_the_exchange_counts_is_of_the_address() -> None:
    limiter = Limiter()
    limiter.now_ns += 30 * SECOND
    ask(limiter, "main")

    limiter.tell(replace(counted(USABLE_WEIGHT, limiter.now_ns), exchange=BINANCE))

    assert ask(limiter, "other").weight == 0
    assert ask(limiter, "elsewhere", BYBIT).weight == 50


def test_a_ban_is_of_the_address_and_not_of_other_exchanges() -> None:
    limiter = Limiter()
    for account, exchange in (("main", BINANCE), ("other", BINANCE), ("elsewhere", BYBIT)):
        ask(limiter, account, exchange)

    limiter.tell(counted(0, limiter.now_ns, retry_after_ms=5_000, is_ban=True))

    assert [one.to for one in limiter.effects if isinstance(one, Send)] == ["main-1.executor", "other-1.executor"]
    assert ask(limiter, "other").banned_for_ns == 5 * SECOND
    assert ask(limiter, "third").banned_for_ns == 5 * SECOND
    assert ask(limiter, "elsewhere", BYBIT).banned_for_ns == 0
