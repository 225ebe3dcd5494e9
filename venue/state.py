"""What a state file remembers: read line by line, and put back so that a killed venue continues where it was.

The newest line about an order, a conditional order or an account counts; trades and incomes only grow.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from venue.core.account import Account, Position, SymbolSettings
from venue.core.floor import Floor
from venue.core.orders import AlgoOrder, Income, MarginMove, Order, PositionSide, Side, Trade
from venue.freeze import thaw

VERSION = 2
Line = dict[str, object]
PLAIN_FIELDS = ("name", "key", "secret", "is_hedged", "may_only_reduce", "is_multi_assets", "is_burning_fees")
MONEY_FIELDS = ("wallet", "fees", "realized_pnl", "funding", "vault")


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
    bybit: Line = field(default_factory=dict)
    mexc: Line = field(default_factory=dict)

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
            case "bybit":
                self.bybit = value
            case "mexc":
                self.mexc = value
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
    orders = (order for account in floor.accounts.values() for order in account.orders.values())
    amended = (amendment.amendment_id for order in orders for amendment in order.amendments)
    floor.amendment_ids.value = max(amended, default=floor.amendment_ids.value)
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
    moves = line["margin_moves"]
    assert isinstance(moves, list), f"margin moves are a list, not {moves}"
    account.margin_moves = [thaw(MarginMove, move) for move in moves]
    return account


def restore_order(floor: Floor, order: Order) -> None:
    floor.accounts[order.account].add_order(order)
    if order.is_open:
        floor.books[order.request.symbol].resting[order.order_id] = order


def restore_books(memory: Memory, floor: Floor) -> None:
    books = memory.place["books"]
    assert isinstance(books, dict), "a place names each book"
    for symbol, line in books.items():
        book = floor.books[symbol]
        book.arrive(Decimal(line["last"]))
        book.mark_offset, book.status = Decimal(line["mark_offset"]), line["status"]
        book.taken = {(Side(side), Decimal(price)): Decimal(quantity) for side, price, quantity in line["taken"]}
        book.update_id, book.last_trade_id = line["update_id"], line["last_trade_id"]


def listen_keys_of(memory: Memory) -> Iterator[tuple[str, tuple[str, int]]]:
    for name, value in memory.listen_keys.items():
        assert isinstance(value, list), "a listen key has its end beside it"
        yield name, (str(value[0]), int(value[1]))
