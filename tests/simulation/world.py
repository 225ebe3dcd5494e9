"""A small world to trade in: markets, accounts at an exchange, and who sits where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from actors.shell.budget_keeper import cost_of
from actors.simulator import Stage
from actors.spending import RateLimits
from adapters.simulated_exchange import SimulatedExchange, Wallet
from engine.market import MarkPrice
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages.base import Message
from engine.order import OrderKind, OrderStatus
from tests.simulation.disasters import Disasters
from tests.simulation.market import Market

MS = 1_000_000
SECOND_NS = 1_000 * MS
STEP_NS = 500 * MS
FIRST_BALANCE = Decimal(10_000)
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an instance trades."""

    name: str
    account: str
    symbol: str


class SmallWorld:
    """Markets by symbol, exchanges by account and symbol. Everyone reaches it from one address."""

    def __init__(self, seed: int, seats: Iterable[Seat], rate_limits: RateLimits) -> None:
        self.rate_limits = rate_limits
        self.seats = {seat.name: seat for seat in seats}
        symbols = dict.fromkeys(seat.symbol for seat in self.seats.values())
        self.markets = {symbol: Market(seed, symbol) for symbol in symbols}
        self.wallets = {seat.account: Wallet(FIRST_BALANCE) for seat in self.seats.values()}
        self.exchanges = {
            (seat.account, seat.symbol): SimulatedExchange(
                self.markets[seat.symbol].instrument,
                self.wallets[seat.account],
                self.markets[seat.symbol].price,
            )
            for seat in self.seats.values()
        }
        self.disasters = Disasters(self)
        self.is_still = False
        self.weight: Counter[int] = Counter()
        self.orders: Counter[tuple[str, int]] = Counter()
        self.requests: Counter[str] = Counter()
        self.light_readings = 0
        self.uncovered: list[str] = []
        self.calls = 0
        self.touched = 0  # how often something may have changed at an exchange: whoever does that has it pushed
        self._pushed: list[tuple[str, str, Message]] = []

    def exchange_of(self, name: str) -> SimulatedExchange:
        seat = self.seats[name]
        return self.exchanges[seat.account, seat.symbol]

    # --- for the simulator -------------------------------------------------------------------------------------------

    def perform(self, instance: str, call: Message, now_ns: int) -> Message:
        self._count(instance, call, now_ns)
        bars = self.markets[self.seats[instance].symbol].bars
        match call:
            case ex.OpenMarketStream():
                return ex.StreamOpened(stream="market")
            case ex.FetchBars(from_open_time_ns=None, limit=limit):
                return ex.BarsFetched(bars=tuple(bars[-limit:]))
            case ex.FetchBars(from_open_time_ns=int(start), limit=limit):
                return ex.BarsFetched(bars=tuple(bar for bar in bars if bar.open_time_ns >= start)[:limit])
            case ex.PlaceOrder(order=order):
                self.requests[order.client_order_id] += 1
                return self.exchange_of(instance).perform(call, now_ns)
            case ex.CancelOrder():
                return self._cancel(instance, call, now_ns)
            case _:
                return self.exchange_of(instance).perform(call, now_ns)

    def look_again(self, instance: str, call: Message, now_ns: int) -> Message:
        return self.exchange_of(instance).perform(call, now_ns)

    def _cancel(self, instance: str, call: ex.CancelOrder, now_ns: int) -> Message:
        """Notes a stop that was taken away while nothing else covered the position."""
        exchange = self.exchange_of(instance)
        before = is_covered(exchange)
        answer = exchange.perform(call, now_ns)
        if before and not is_covered(exchange):
            self.uncovered.append(call.client_order_id)
        return answer

    def take_pushed(self) -> list[tuple[str, str, Message]]:
        self.touched += 1
        taken, self._pushed = self._pushed, []
        for (account, _), exchange in self.exchanges.items():
            events, exchange.pushed = exchange.pushed, []
            taken += [(s.name, "user", e) for e in events for s in self.seats.values() if s.account == account]
        return taken

    def move(self, now_ns: int) -> int:
        if not self.is_still:
            for symbol in self.markets:
                self._move_market(symbol, now_ns)
        return now_ns + STEP_NS

    def strike(self, stage: Stage) -> None:
        self.disasters.strike(stage)

    # --- what moves --------------------------------------------------------------------------------------------------

    def _move_market(self, symbol: str, now_ns: int) -> None:
        market = self.markets[symbol]
        bar = market.step()
        for (_, traded), exchange in self.exchanges.items():
            if traded == symbol:
                exchange.move(market.price, now_ns)
        mark = mk.MarkPriceChanged(mark=MarkPrice(price=market.price, observed_at_ns=now_ns))
        events = (mark, *((mk.BarClosed(bar=bar, observed_at_ns=0),) if bar else ()))
        self._pushed += [(s.name, "market", e) for e in events for s in self.seats.values() if s.symbol == symbol]

    def _count(self, instance: str, call: Message, now_ns: int) -> None:
        cost = cost_of(call)
        self.calls += 1
        self.light_readings += isinstance(call, ex.TakeSnapshot) and call.is_light
        self.weight[now_ns // (60 * SECOND_NS)] += cost.weight
        self.orders[self.seats[instance].account, now_ns // (10 * SECOND_NS)] += cost.orders


COVERING = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED)


def is_covered(exchange: SimulatedExchange) -> bool:
    """Flat, or a stop for the whole position waits for its trigger, or met it: if it sticks then, that is judged by how
    long the position is naked."""
    held = abs(exchange.position.quantity)
    return not held or any(
        one.kind is OrderKind.STOP_MARKET and one.status in COVERING and one.leaves_quantity >= held
        for one in exchange.orders.values()
    )
