"""The state file: a venue killed at any moment continues where it was.

All that one request or one step of the market did is appended in one piece before any answer or event leaves, so a
killed process forgot nothing. The newest line about an order, a conditional order or an account counts; trades and
incomes only grow. At start the file is read and written anew without what is outdated. It holds the accounts' keys,
so only its owner may read it.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from venue.core.account import Account, Position, SymbolSettings
from venue.core.events import AlgoChanged, Event, OrderChanged
from venue.core.floor import Floor
from venue.core.orders import AlgoOrder, Income, Kind, Order, PositionSide, Trade
from venue.freeze import freeze, thaw
from venue.market import Market

VERSION = 1
Line = dict[str, object]
PLAIN_FIELDS = ("name", "key", "secret", "is_hedged", "may_only_reduce")
MONEY_FIELDS = ("wallet", "fees", "realized_pnl", "funding")


class StateError(Exception):
    """A state file that can't be continued from: why, and what to do."""


@dataclass(slots=True)
class Memory:
    """What a state file says, outdated lines dropped."""

    header: Line = field(default_factory=dict)
    place: Line = field(default_factory=dict)
    accounts: dict[str, Line] = field(default_factory=dict)
    orders: dict[int, Line] = field(default_factory=dict)
    algos: dict[int, Line] = field(default_factory=dict)
    trades: dict[int, Line] = field(default_factory=dict)
    incomes: dict[int, Line] = field(default_factory=dict)
    listen_keys: Line = field(default_factory=dict)

    def hear(self, line: Line) -> None:
        (kind, value), *_ = line.items()
        assert isinstance(value, dict), f"a line of the state file is {{kind: values}}, not {line}"
        match kind:
            case "header":
                self.header = value
            case "place":
                self.place = value
            case "listen_keys":
                self.listen_keys = value
            case "account":
                self.accounts[str(value["name"])] = value
            case "order":
                self.orders[int(value["order_id"])] = value
            case "algo":
                self.algos[int(value["algo_id"])] = value
            case "trade":
                self.trades[int(value["trade_id"])] = value
            case "income":
                self.incomes[int(value["income"]["income_id"])] = value
            case _:
                raise StateError(f"unknown line {kind!r}")

    def lines(self) -> Iterator[Mapping[str, object]]:
        yield {"header": self.header}
        yield {"place": self.place}
        yield {"listen_keys": self.listen_keys}
        yield from ({"account": value} for value in self.accounts.values())
        for kind, values in KINDS_BY_NUMBER:
            yield from ({kind: value} for value in values(self).values())


KINDS_BY_NUMBER: tuple[tuple[str, Callable[[Memory], dict[int, Line]]], ...] = (
    ("order", lambda memory: memory.orders),
    ("algo", lambda memory: memory.algos),
    ("trade", lambda memory: memory.trades),
    ("income", lambda memory: memory.incomes),
)


def read_state(path: Path) -> Memory | None:
    """None when there is no file yet. A torn last line (the venue was killed writing it) is left out."""
    if not path.exists():
        return None
    memory = Memory()
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, text in enumerate(lines[:-1], start=1):
        try:
            memory.hear(json.loads(text))
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise StateError(
                f"{path}: line {number} can't be read ({error}); start with --fresh to forget it"
            ) from error
    if memory.header.get("version") != VERSION:
        raise StateError(f"{path}: not a state file of version {VERSION}; start with --fresh to forget it")
    return memory


class StateFile:
    """Gathers what happens and writes it in one piece when told that all of it did."""

    def __init__(self, path: Path, memory: Memory) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in memory.lines())
        temporary.replace(path)
        self._file: TextIO = path.open("a", encoding="utf-8")
        self._pending: list[str] = []
        self._incomes_told = Counter(str(line["account"]) for line in memory.incomes.values())
        self._told: dict[str, str] = {}

    def _add(self, kind: str, value: object) -> None:
        self._pending.append(json.dumps({kind: value}) + "\n")

    def _add_if_new(self, kind: str, name: str, value: object) -> None:
        text = json.dumps({kind: value}) + "\n"
        if self._told.get(f"{kind} {name}") != text:
            self._told[f"{kind} {name}"] = text
            self._pending.append(text)

    def flush(self) -> None:
        if self._pending:
            self._file.write("".join(self._pending))
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
        for income in account.incomes[self._incomes_told[account.name] :]:
            self._add("income", {"account": account.name, "income": freeze(income)})
        self._incomes_told[account.name] = len(account.incomes)
        for algo in account.open_algos.values():
            if algo.request.kind is Kind.TRAILING_STOP_MARKET:
                self._add_if_new("algo", str(algo.algo_id), freeze(algo))

    def save_listen_keys(self, keys: Mapping[str, list[object]]) -> None:
        self._add_if_new("listen_keys", "", dict(keys))

    def save_place(self, market: Market) -> None:
        books = {lane.symbol: lane.book for lane in market.lanes.values()}
        place = {
            "index": market.index,
            "number": market.number,
            "steps": market.steps,
            "books": {symbol: [str(b.last), str(b.mark_offset), b.status] for symbol, b in books.items()},
        }
        self._add_if_new("place", "", place)

    def close(self) -> None:
        self.flush()
        self._file.close()


def account_line(account: Account) -> Line:
    return {
        **{name: getattr(account, name) for name in PLAIN_FIELDS},
        **{name: str(getattr(account, name)) for name in MONEY_FIELDS},
        "positions": [freeze(p) for p in account.positions.values() if p.updated_ms],
        "settings": {symbol: freeze(s) for symbol, s in account.settings.items()},
        "countdowns": account.countdowns,
    }


def restore(memory: Memory, floor: Floor) -> None:
    """Puts accounts, orders and numbers back as they were."""
    for line in memory.accounts.values():
        account = restore_account(line)
        floor.accounts[account.name] = account
    for line in memory.orders.values():
        restore_order(floor, thaw(Order, line))
    for line in memory.algos.values():
        algo = thaw(AlgoOrder, line)
        floor.accounts[algo.account].add_algo(algo)
    for line in memory.trades.values():
        trade = thaw(Trade, line)
        floor.accounts[trade.account].trades.append(trade)
    for line in memory.incomes.values():
        income = line["income"]
        assert isinstance(income, dict), "an income is a mapping"
        floor.accounts[str(line["account"])].incomes.append(thaw(Income, income))
    floor.order_ids.value = max(memory.orders, default=floor.order_ids.value)
    floor.algo_ids.value = max(memory.algos, default=floor.algo_ids.value)
    floor.trade_ids.value = max(memory.trades, default=floor.trade_ids.value)
    floor.income_ids.value = max(memory.incomes, default=floor.income_ids.value)


def restore_account(line: Line) -> Account:
    plain = {name: line[name] for name in PLAIN_FIELDS}
    money = {name: Decimal(str(line[name])) for name in MONEY_FIELDS}
    account = Account(**plain, **money)  # type: ignore[arg-type]  # the names are those the line was written with
    positions, settings, countdowns = line["positions"], line["settings"], line["countdowns"]
    assert isinstance(positions, list), f"positions are a list, not {positions}"
    assert isinstance(settings, dict), f"settings are by symbol, not {settings}"
    assert isinstance(countdowns, dict), f"countdowns are by symbol, not {countdowns}"
    for one in positions:
        position = thaw(Position, one)
        account.positions[(position.symbol, PositionSide(position.side))] = position
    account.settings.update({symbol: thaw(SymbolSettings, one) for symbol, one in settings.items()})
    account.countdowns.update(countdowns)
    return account


def restore_order(floor: Floor, order: Order) -> None:
    floor.accounts[order.account].add_order(order)
    if order.is_open:
        floor.books[order.request.symbol].resting[order.order_id] = order


def restore_books(memory: Memory, floor: Floor) -> None:
    books = memory.place["books"]
    assert isinstance(books, dict), "a place names each book"
    for symbol, (last, offset, status) in books.items():
        book = floor.books[symbol]
        book.arrive(Decimal(last))
        book.mark_offset, book.status = Decimal(offset), status


def listen_keys_of(memory: Memory) -> Iterator[tuple[str, tuple[str, int]]]:
    for name, value in memory.listen_keys.items():
        assert isinstance(value, list), "a listen key has its end beside it"
        yield name, (str(value[0]), int(value[1]))
