"""Bybit knows one kind of order: what the core keeps as a conditional order and the order it made is one entry here.

An entry keeps its id from placing to the end. The id tells which of the core's numbers it stands for, so nothing has
to be remembered: letters b, zeros and a number, in the form of a UUID.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from venue.core.account import Account
from venue.core.orders import AlgoOrder, AlgoRequest, AlgoStatus, Order, OrderRequest, Side, Status

OWN = "bybit:"  # names given by this face: a client can't choose one with a colon in it
TAKE_PROFIT, STOP_LOSS, TRAILING = OWN + "tp:", OWN + "sl:", OWN + "ts:"  # of a whole position
PART_TAKE_PROFIT, PART_STOP_LOSS = OWN + "ptp:", OWN + "psl:"  # of a part
TAKES, STOPS = (TAKE_PROFIT, PART_TAKE_PROFIT), (STOP_LOSS, PART_STOP_LOSS)
PROTECTION = (*TAKES, *STOPS, TRAILING)
ORDER_ID = re.compile(r"b00(0|1)0000-0000-4000-8000-(\d{12})", re.ASCII)


def id_text(number: int, is_conditional: bool) -> str:
    return f"b00{int(is_conditional)}0000-0000-4000-8000-{number:012d}"


@dataclass(frozen=True, slots=True)
class Entry:
    """At least one of the two is there."""

    algo: AlgoOrder | None
    order: Order | None

    @property
    def request(self) -> OrderRequest | AlgoRequest:
        if self.order is not None:
            return self.order.request
        assert self.algo is not None, "an entry is an order, a conditional order, or both"
        return self.algo.request

    @property
    def head(self) -> AlgoOrder | Order:
        """What was there first."""
        found = self.algo or self.order
        assert found is not None, "an entry is an order, a conditional order, or both"
        return found

    @property
    def id(self) -> str:
        if self.algo is not None:
            return id_text(self.algo.algo_id, is_conditional=True)
        assert self.order is not None, "an entry is an order, a conditional order, or both"
        return id_text(self.order.order_id, is_conditional=False)

    @property
    def name(self) -> str:
        """What the core calls it."""
        return self.algo.request.client_algo_id if self.algo else self.request_name

    @property
    def request_name(self) -> str:
        return self.order.request.client_order_id if self.order else ""

    @property
    def link_id(self) -> str:
        """What the client called it; nothing when it did not."""
        return "" if self.name.startswith(OWN) else self.name

    @property
    def created_ms(self) -> int:
        return self.head.created_ms

    @property
    def updated_ms(self) -> int:
        return max(part.updated_ms for part in (self.algo, self.order) if part is not None)

    @property
    def is_open(self) -> bool:
        return self.order.is_open if self.order else self.head.is_open

    @property
    def side(self) -> Side:
        return self.request.side

    @property
    def key(self) -> str:
        """Where it stands among the others: newest last."""
        return f"{self.created_ms:015d}{self.id[-12:]}{self.id[3]}"

    @property
    def status(self) -> str:
        if self.order is not None:
            return STATUS[self.order.status]
        assert self.algo is not None, "an entry is an order, a conditional order, or both"
        return ALGO_STATUS[self.algo.status]


STATUS = {
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.CANCELED: "Cancelled",
    Status.EXPIRED: "Cancelled",
    Status.EXPIRED_IN_MATCH: "Cancelled",
    Status.REJECTED: "Rejected",
}
ALGO_STATUS = {
    AlgoStatus.NEW: "Untriggered",
    AlgoStatus.TRIGGERING: "Triggered",
    AlgoStatus.TRIGGERED: "Triggered",
    AlgoStatus.FINISHED: "Cancelled",
    AlgoStatus.CANCELED: "Deactivated",
    AlgoStatus.EXPIRED: "Deactivated",
    AlgoStatus.REJECTED: "Rejected",
}


def entry_of_order(account: Account, order: Order) -> Entry:
    number = order.request.algo_id
    return Entry(account.algos.get(number) if number is not None else None, order)


def entry_of_algo(account: Account, algo: AlgoOrder) -> Entry:
    return Entry(algo, account.orders.get(algo.order_id) if algo.order_id is not None else None)


def entries(account: Account) -> Iterator[Entry]:
    """All of them, in no particular order."""
    yield from (entry_of_algo(account, a) for a in account.algos.values())
    yield from (Entry(None, o) for o in account.orders.values() if o.request.algo_id is None)


def open_entries(account: Account, symbol: str | None = None) -> list[Entry]:
    found = [entry_of_algo(account, a) for a in account.waiting(symbol)]
    return found + [entry_of_order(account, o) for o in account.working(symbol)]


def find(account: Account, symbol: str | None, order_id: str | None, link_id: str | None) -> Entry | None:
    """The entry with this id or, without one, the newest so called."""
    found = by_id(account, order_id) if order_id else by_name(account, symbol, link_id or "")
    return found if found and symbol in (None, found.request.symbol) else None


def by_id(account: Account, order_id: str) -> Entry | None:
    match = ORDER_ID.fullmatch(order_id)
    if match is None:
        return None
    number = int(match[2])
    if match[1] == "1":
        return entry_of_algo(account, account.algos[number]) if number in account.algos else None
    return entry_of_order(account, account.orders[number]) if number in account.orders else None


def by_name(account: Account, symbol: str | None, name: str) -> Entry | None:
    if not name or name.startswith(OWN):
        return None
    algo = account.algo_names.get(name)
    if algo is not None:
        return entry_of_algo(account, algo)
    named = (o for (s, n), o in account.order_names.items() if n == name and symbol in (None, s))
    order = next(named, None)
    return entry_of_order(account, order) if order else None


def is_used(account: Account, symbol: str, name: str) -> bool:
    """A link id may be used once, also when its order is done."""
    return name in account.algo_names or (symbol, name) in account.order_names
