"""The trading floor: all state of the exchange in one place, and how it tells what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from venue.core.account import Account
from venue.core.book import Book
from venue.core.events import Event
from venue.core.orders import Counter, Order
from venue.core.refusal import Reason, Refused


class Clock(Protocol):
    """Wall time for orders and events; market time for candles and funding."""

    def now_ms(self) -> int: ...

    def market_ms(self) -> int: ...


class Mischief(Protocol):
    """Faults that change what the exchange itself does. None: behave."""

    def strike(self, kind: str, symbol: str, account: str, client_id: str) -> Mapping[str, object] | None: ...


class Honest:
    """No mischief."""

    def strike(self, kind: str, symbol: str, account: str, client_id: str) -> Mapping[str, object] | None:
        return None


@dataclass(slots=True, kw_only=True)
class Floor:
    clock: Clock
    emit: Callable[[Event], None]
    mischief: Mischief = field(default_factory=Honest)
    accounts: dict[str, Account] = field(default_factory=dict)  # by name
    books: dict[str, Book] = field(default_factory=dict)
    order_ids: Counter = field(default_factory=lambda: Counter(8_000_000_000))
    algo_ids: Counter = field(default_factory=lambda: Counter(2_000_000))
    trade_ids: Counter = field(default_factory=lambda: Counter(6_000_000_000))
    amendment_ids: Counter = field(default_factory=lambda: Counter(5_000_000))
    income_ids: Counter = field(default_factory=lambda: Counter(9_000_000))

    def book(self, symbol: str) -> Book:
        try:
            return self.books[symbol]
        except KeyError:
            raise Refused(Reason.UNKNOWN_SYMBOL, symbol=symbol) from None

    def account_of(self, order: Order) -> Account:
        return self.accounts[order.account]

    def account_by_key(self, key: str) -> Account | None:
        return next((a for a in self.accounts.values() if a.key == key), None)
