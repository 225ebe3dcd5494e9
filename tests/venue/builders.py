"""A small exchange to try things on: one instrument at 60000, one account with 100000 USDT, a list of what happened."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from venue.core.account import Account
from venue.core.book import Book
from venue.core.conditional import place_algo
from venue.core.events import AlgoChanged, Event, OrderChanged
from venue.core.floor import Floor
from venue.core.instrument import instrument
from venue.core.matching import place
from venue.core.movement import move
from venue.core.orders import AlgoOrder, AlgoRequest, Kind, Order, OrderRequest, Side, TimeInForce

SYMBOL = "BTCUSDT"


@dataclass
class StillClock:
    now: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.now

    def market_ms(self) -> int:
        return 1_600_000_000_000


@dataclass
class Exchange:
    """The floor with short words for what tests do to it."""

    floor: Floor
    account: Account
    events: list[Event]
    _made: int = field(default=0)

    @property
    def book(self) -> Book:
        return self.floor.books[SYMBOL]

    @property
    def amount(self) -> Decimal:
        return self.account.position(SYMBOL).amount

    def name(self) -> str:
        self._made += 1
        return f"test-{self._made}"

    def market(self, side: str, quantity: str, **changes: object) -> Order:
        return self.order(side, quantity, kind=Kind.MARKET, **changes)

    def limit(self, side: str, quantity: str, price: str, tif: str = "GTC", **changes: object) -> Order:
        return self.order(
            side, quantity, kind=Kind.LIMIT, price=Decimal(price), time_in_force=TimeInForce(tif), **changes
        )

    def order(self, side: str, quantity: str, account: Account | None = None, **changes: object) -> Order:
        wanted = {"client_order_id": self.name(), **changes}
        request = OrderRequest(symbol=SYMBOL, side=Side(side), quantity=Decimal(quantity), **wanted)
        return place(self.floor, account or self.account, request)

    def algo(self, kind: str, side: str, quantity: str = "0", trigger: str = "0", **changes: object) -> AlgoOrder:
        wanted = {"client_algo_id": self.name(), "trigger_price": Decimal(trigger), **changes}
        request = AlgoRequest(symbol=SYMBOL, side=Side(side), kind=Kind(kind), quantity=Decimal(quantity), **wanted)
        return place_algo(self.floor, self.account, request)

    def move(self, *prices: str, is_gap: bool = False) -> None:
        for price in prices:
            move(self.floor, SYMBOL, Decimal(price), is_gap=is_gap)

    def told(self) -> list[str]:
        """What the streams would say, shortly."""
        lines = []
        for event in self.events:
            if isinstance(event, OrderChanged):
                lines.append(f"order {event.execution.value}")
            elif isinstance(event, AlgoChanged):
                lines.append(f"algo {event.status.value}")
            else:
                lines.append(type(event).__name__)
        return lines


def exchange(balance: str = "100000", price: str = "60000", level_notional: str = "10000000") -> Exchange:
    events: list[Event] = []
    floor = Floor(clock=StillClock(), emit=events.append)
    floor.books[SYMBOL] = Book(
        instrument=instrument(SYMBOL), seed=1, level_notional=Decimal(level_notional), last=Decimal(price)
    )
    return Exchange(floor, add_account(floor, "account-1", balance), events)


def add_account(floor: Floor, name: str, balance: str = "100000") -> Account:
    account = Account(name=name, key=f"key-{name}", secret="secret", wallet=Decimal(balance))
    floor.accounts[name] = account
    return account


def candle_rows(count: int = 20, first_ms: int = 1_640_995_200_000) -> list[tuple[float, ...]]:
    """Minutes that rise by 10 each."""
    return [
        (first_ms + i * 60_000, 40000.0 + 10 * i, 40020.0 + 10 * i, 39990.0 + 10 * i, 40010.0 + 10 * i, 12.5)
        for i in range(count)
    ]


def write_candles(path: Path, rows: list[tuple[float, ...]]) -> Path:
    names = ("open_time_ms", "open", "high", "low", "close", "volume")
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    types = (pa.int64(), *[pa.float64()] * 5)
    arrays = {n: pa.array(c, type=t) for n, c, t in zip(names, columns, types, strict=True)}
    pq.write_table(pa.table(arrays), path)
    return path
