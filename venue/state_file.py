"""The state file as it is written: a venue killed at any moment continues where it was.

All that one request or one step of the market did is appended in one piece before any answer or event leaves, so a
killed process forgot nothing. At start, and whenever the file has grown long, it is written anew from what is there,
without what is outdated. It holds the accounts' keys, so only its owner may read it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from venue.core.account import Account
from venue.core.book import Book
from venue.core.events import AlgoChanged, Event, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import Income, Kind
from venue.freeze import freeze
from venue.market import Market
from venue.state import MONEY_FIELDS, PLAIN_FIELDS, Line

LONG = 64 * 1024 * 1024  # characters after which the file is written anew


class StateFile:
    """Gathers what happens and writes it in one piece when told that all of it did."""

    def __init__(self, path: Path, picture: Iterable[Mapping[str, object]]) -> None:
        self._path = path
        self._pending: list[str] = []
        self._told: dict[str, str] = {}
        self._incomes_told: dict[str, int] = {}
        self._written = 0
        self._file: TextIO = self._begin(picture)

    def _begin(self, picture: Iterable[Mapping[str, object]]) -> TextIO:
        """Beside the old file, then in its place: whoever is killed meanwhile leaves one of the two, whole."""
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in self._noting_incomes(picture))
        temporary.replace(self._path)
        self._written = 0
        return self._path.open("a", encoding="utf-8")

    def _noting_incomes(self, picture: Iterable[Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
        for line in picture:
            match line:
                case {"income": {"account": str(account), "income": {"income_id": int(number)}}}:
                    self._incomes_told[account] = number
            yield line

    @property
    def is_long(self) -> bool:
        return self._written > LONG

    def rewrite(self, picture: Iterable[Mapping[str, object]]) -> None:
        """The same without what is outdated; `picture` is everything there is."""
        self._file.close()
        self._pending.clear()
        self._told.clear()
        self._file = self._begin(picture)

    def _add(self, kind: str, value: object) -> None:
        self._pending.append(json.dumps({kind: value}) + "\n")

    def _add_if_new(self, kind: str, name: str, value: object) -> None:
        text = json.dumps({kind: value}) + "\n"
        if self._told.get(f"{kind} {name}") != text:
            self._told[f"{kind} {name}"] = text
            self._pending.append(text)

    def flush(self) -> None:
        if self._pending:
            self._written += self._file.write("".join(self._pending))
            self._file.flush()
            self._pending.clear()

    def hear(self, event: Event) -> None:
        match event:
            case OrderChanged():
                self._add("order", freeze(event.order))
                if event.trade is not None:
                    self._add("trade", freeze(event.trade))
            case AlgoChanged():
                self._add("algo", freeze(event.algo))
            case _:
                pass  # the account's own line says it
        self.save_account(event.account)

    def save_account(self, account: Account) -> None:
        """Its line when it changed, the incomes that came since, and where its trailing stops are."""
        self._add_if_new("account", account.name, account_line(account))
        for income in incomes_since(account, self._incomes_told.get(account.name, 0)):
            self._add("income", {"account": account.name, "income": freeze(income)})
            self._incomes_told[account.name] = income.income_id
        for algo in account.open_algos.values():
            if algo.request.kind is Kind.TRAILING_STOP_MARKET:
                self._add_if_new("algo", str(algo.algo_id), freeze(algo))

    def save(self, kind: str, value: Mapping[str, object]) -> None:
        """A line of which there is one: the newest counts."""
        self._add_if_new(kind, "", dict(value))

    def close(self) -> None:
        self.flush()
        self._file.close()


def incomes_since(account: Account, last: int) -> list[Income]:
    """Oldest first; they are numbered upwards, and only the newest are looked at."""
    found: list[Income] = []
    for income in reversed(account.incomes):
        if income.income_id <= last:
            break
        found.append(income)
    return found[::-1]


def account_line(account: Account) -> Line:
    return {
        **{name: getattr(account, name) for name in PLAIN_FIELDS},
        **{name: str(getattr(account, name)) for name in MONEY_FIELDS},
        "positions": [freeze(p) for p in account.positions.values() if p.updated_ms],
        "settings": {symbol: freeze(s) for symbol, s in account.settings.items()},
        "countdowns": account.countdowns,
        "margin_moves": [freeze(move) for move in account.margin_moves],
    }


def place_line(market: Market) -> Line:
    books = {lane.symbol: book_line(lane.book) for lane in market.lanes.values()}
    return {"index": market.index, "number": market.number, "steps": market.steps, "books": books}


def book_line(book: Book) -> Line:
    return {
        "last": str(book.last),
        "mark_offset": str(book.mark_offset),
        "status": book.status,
        "taken": [[side.value, str(price), str(quantity)] for (side, price), quantity in book.taken.items()],
        "update_id": book.update_id,
        "last_trade_id": book.last_trade_id,
    }


def floor_lines(floor: Floor) -> Iterator[Mapping[str, object]]:
    """Every account, then every order, conditional order, trade and income of each."""
    yield from ({"account": account_line(account)} for account in floor.accounts.values())
    for account in floor.accounts.values():
        yield from ({"order": freeze(order)} for order in account.orders.values())
        yield from ({"algo": freeze(algo)} for algo in account.algos.values())
        yield from ({"trade": freeze(trade)} for trade in account.trades)
        yield from ({"income": {"account": account.name, "income": freeze(i)}} for i in account.incomes)
