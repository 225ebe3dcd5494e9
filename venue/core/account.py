"""Accounts and positions: exact money. A position changes by one pure function, a wallet only by what is booked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal

from venue.core.orders import ZERO, AlgoOrder, Income, MarginMove, Order, PositionSide, Trade

MOST_DONE = 10_000  # orders and conditional orders that are over, each: older ones are forgotten, with their trades
MOST_INCOMES = 50_000
MOST_MARGIN_MOVES = 500
SLACK = 1_000  # forgetting goes through all that is kept, so it is done for many at once
CENT = Decimal("0.00000001")  # the wallet's smallest unit
EXACT = Context(prec=50)  # divisions (average prices) keep far more digits than any wallet shows


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)


@dataclass(slots=True, kw_only=True)
class Position:
    """What is held of one symbol on one side; `amount` is negative when short."""

    symbol: str
    side: PositionSide = PositionSide.BOTH
    amount: Decimal = ZERO
    entry_price: Decimal = ZERO
    fees: Decimal = ZERO  # paid since it was opened: what break-even has to earn back
    realized_pnl: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    updated_ms: int = 0

    def unrealized_pnl(self, mark: Decimal) -> Decimal:
        return (mark - self.entry_price) * self.amount

    def notional(self, mark: Decimal) -> Decimal:
        return abs(self.amount) * mark

    @property
    def break_even_price(self) -> Decimal:
        return EXACT.add(self.entry_price, EXACT.divide(self.fees, self.amount)) if self.amount else ZERO


def after_fill(amount: Decimal, entry: Decimal, signed: Decimal, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """(amount, entry price, realized PnL) after `signed` more contracts at `price`."""
    if amount == 0 or amount * signed > 0:
        cost = EXACT.add(EXACT.multiply(amount, entry), EXACT.multiply(signed, price))
        return amount + signed, EXACT.divide(cost, amount + signed), ZERO
    closed = min(abs(amount), abs(signed)) * (1 if amount > 0 else -1)
    realized = to_cents(EXACT.multiply(closed, EXACT.subtract(price, entry)))
    rest = amount + signed
    if rest == 0:
        return ZERO, ZERO, realized
    return rest, (entry if rest * amount > 0 else price), realized


@dataclass(slots=True, kw_only=True)
class SymbolSettings:
    leverage: int = 20
    is_isolated: bool = False


@dataclass(slots=True, kw_only=True)
class Account:
    """One customer: keys, wallet, positions, orders."""

    name: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    wallet: Decimal
    is_hedged: bool = False
    positions: dict[tuple[str, PositionSide], Position] = field(default_factory=dict)
    settings: dict[str, SymbolSettings] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    open_orders: dict[int, Order] = field(default_factory=dict)
    algos: dict[int, AlgoOrder] = field(default_factory=dict)
    open_algos: dict[int, AlgoOrder] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    incomes: list[Income] = field(default_factory=list)
    order_names: dict[tuple[str, str], Order] = field(default_factory=dict)  # by symbol and client id
    algo_names: dict[str, AlgoOrder] = field(default_factory=dict)
    countdowns: dict[str, int] = field(default_factory=dict)  # symbol -> wall ms at which all its orders go
    fees: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    funding: Decimal = ZERO
    may_only_reduce: bool = False
    is_multi_assets: bool = False
    is_burning_fees: bool = False  # fees in the exchange's own coin: remembered, nothing follows from it here
    vault: Decimal = ZERO  # money outside trading (Bybit's funding wallet)
    margin_moves: list[MarginMove] = field(default_factory=list)

    def setting(self, symbol: str) -> SymbolSettings:
        return self.settings.setdefault(symbol, SymbolSettings())

    def position(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Position:
        return self.positions.setdefault((symbol, side), Position(symbol=symbol, side=side))

    def held(self, symbol: str | None = None) -> Iterator[Position]:
        """Positions that are not flat."""
        return (p for p in self.positions.values() if p.amount and symbol in (None, p.symbol))

    def working(self, symbol: str | None = None) -> list[Order]:
        return [o for o in self.open_orders.values() if symbol in (None, o.request.symbol)]

    def waiting(self, symbol: str | None = None) -> list[AlgoOrder]:
        return [a for a in self.open_algos.values() if symbol in (None, a.request.symbol)]

    def add_order(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self.order_names[(order.request.symbol, order.request.client_order_id)] = order
        if order.is_open:
            self.open_orders[order.order_id] = order
        if len(self.orders) - len(self.open_orders) > MOST_DONE + SLACK:
            self.forget_orders()

    def forget_orders(self) -> None:
        """The oldest that are over go, and their trades with them: an exchange does not show them for ever either."""
        done = [o for o in self.orders.values() if not o.is_open]
        gone = {o.order_id: self.orders.pop(o.order_id) for o in done[:-MOST_DONE]}
        self.order_names = {name: o for name, o in self.order_names.items() if o.order_id not in gone}
        self.trades = [t for t in self.trades if t.order_id not in gone]

    def add_algo(self, algo: AlgoOrder) -> None:
        self.algos[algo.algo_id] = algo
        self.algo_names[algo.request.client_algo_id] = algo
        if algo.is_open:
            self.open_algos[algo.algo_id] = algo
        if len(self.algos) - len(self.open_algos) > MOST_DONE + SLACK:
            self.forget_algos()

    def forget_algos(self) -> None:
        done = [a for a in self.algos.values() if not a.is_open]
        gone = {a.algo_id: self.algos.pop(a.algo_id) for a in done[:-MOST_DONE]}
        self.algo_names = {name: a for name, a in self.algo_names.items() if a.algo_id not in gone}

    def add_income(self, income: Income) -> None:
        self.incomes.append(income)
        if len(self.incomes) > MOST_INCOMES + SLACK:
            del self.incomes[:SLACK]

    def has_open_order_called(self, client_order_id: str) -> bool:
        return any(o.request.client_order_id == client_order_id for o in self.open_orders.values())

    def has_open_algo_called(self, client_algo_id: str) -> bool:
        return any(a.request.client_algo_id == client_algo_id for a in self.open_algos.values())

    def add_margin_move(self, move: MarginMove) -> None:
        self.margin_moves.append(move)
        del self.margin_moves[:-MOST_MARGIN_MOVES]

    def find_order(self, symbol: str, order_id: int | None, client_order_id: str | None) -> Order | None:
        """The order so numbered, or the newest so called: a client id may be used again once its order is done."""
        if order_id is None:
            return self.order_names.get((symbol, client_order_id or ""))
        order = self.orders.get(order_id)
        return order if order and order.request.symbol == symbol else None

    def find_algo(self, algo_id: int | None, client_algo_id: str | None) -> AlgoOrder | None:
        return self.algos.get(algo_id) if algo_id is not None else self.algo_names.get(client_algo_id or "")
