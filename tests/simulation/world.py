"""A small world to trade in: an exchange, a random market, and a play that wants something at random bars."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from actors.data import Data
from actors.executor import Executor
from actors.guard import Guard
from actors.notifier import Notifier
from actors.reconciler import Reconciler
from actors.simulator import Faults, Simulation
from actors.strategy import Strategy
from actors.turn import ExecutorSettings
from adapters.simulated_exchange import SimulatedExchange
from engine.instrument import Instrument
from engine.limits import Limits
from engine.market import MINUTE_NS, Bar, MarkPrice
from engine.messages import exchange as ex
from engine.messages import market as mk
from engine.messages.base import Message
from engine.protection import ProtectionRules
from engine.signal import Intent, Signal
from engine.sizing import Sizing, SizingMode

MS = 1_000_000
SYMBOL = "BTC/USDT:USDT"
FIRST_BAR_NS = 1_640_995_200_000_000_000
STEPS_A_BAR = 4
STEP_NS = 500 * MS
BTC = Instrument(
    symbol=SYMBOL,
    tick_size=Decimal("0.10"),
    lot_size=Decimal("0.001"),
    minimum_quantity=Decimal("0.001"),
    minimum_notional=Decimal(100),
)


class Market:
    """One instrument whose minutes take two virtual seconds, and the exchange it is traded on."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed * 7 + 1)
        self.exchange = SimulatedExchange(BTC, Decimal(10_000), Decimal(40_000))
        self.bars: list[Bar] = []
        self.is_still = False
        self._steps = 0
        self._path: list[float] = [40_000.0]
        self._pushed: list[tuple[str, Message]] = []
        for _ in range(30 * STEPS_A_BAR):
            self._step()
        self._pushed.clear()

    def perform(self, call: Message, now_ns: int) -> Message:
        match call:
            case ex.OpenMarketStream():
                return ex.StreamOpened(stream="market")
            case ex.FetchBars(from_open_time_ns=None, limit=limit):
                return ex.BarsFetched(bars=tuple(self.bars[-limit:]))
            case ex.FetchBars(from_open_time_ns=int(start), limit=limit):
                return ex.BarsFetched(bars=tuple(bar for bar in self.bars if bar.open_time_ns >= start)[:limit])
            case _:
                return self.exchange.perform(call, now_ns)

    def take_pushed(self) -> list[tuple[str, Message]]:
        taken = [*self._pushed, *(("executor", event) for event in self.exchange.pushed)]
        self._pushed, self.exchange.pushed = [], []
        return taken

    def move(self, now_ns: int) -> int:
        if self.is_still:
            return now_ns + STEP_NS
        self._step()
        price = BTC.round_price(self._path[-1])
        self.exchange.move(price, now_ns)
        mark = MarkPrice(price=price, observed_at_ns=now_ns)
        self._pushed.append(("data", mk.MarkPriceChanged(mark=mark)))
        return now_ns + STEP_NS

    def _step(self) -> None:
        jump = 0.02 if self.random.random() < 0.01 else 0.0015
        self._path.append(round(self._path[-1] * (1 + self.random.gauss(0, jump)), 1))
        self._steps += 1
        if self._steps % STEPS_A_BAR == 0:
            self._close_bar()

    def _close_bar(self) -> None:
        path = self._path[-STEPS_A_BAR - 1 :]
        bar = Bar(
            open_time_ns=FIRST_BAR_NS + len(self.bars) * MINUTE_NS,
            open=path[0],
            high=max(path),
            low=min(path),
            close=path[-1],
            volume=1.0,
        )
        self.bars.append(bar)
        self._pushed.append(("data", mk.BarClosed(bar=bar, observed_at_ns=0)))


class MoodyPlay:
    """Wants something at one bar in four; which, only the bar's own time decides, so a replay wants the same."""

    def step(self, bar: Bar) -> Signal | None:
        mood = Random(bar.open_time_ns).random()
        wish = (Intent.ENTER_LONG, Intent.ENTER_SHORT, Intent.EXIT_LONG, Intent.EXIT_SHORT)
        intent = wish[int(mood * 16)] if mood < 0.25 else Intent.NONE
        return Signal(
            play_hash="moody", symbol=SYMBOL, bar_open_time_ns=bar.open_time_ns, intent=intent, close=bar.close
        )


SETTINGS = ExecutorSettings(
    instance="sim-1",
    account="main",
    play="moody",
    play_hash="moodyhash",
    symbol=SYMBOL,
    leverage=2,
    capital=Decimal(10_000),
    rules=ProtectionRules(
        stoploss=Decimal("0.02"),
        take_profit=Decimal("0.03"),
        trailing_stop=True,
        trailing_stop_positive=Decimal("0.01"),
        trailing_stop_positive_offset=Decimal("0.012"),
        leverage=Decimal(2),
    ),
    sizing=Sizing(mode=SizingMode.PERCENT_OF_EQUITY, amount=Decimal("0.5")),
    limits=Limits(),
)


def simulate(
    seed: int, faults: Faults, on_step: Callable[[Simulation], None] | None = None
) -> tuple[Simulation, Market]:
    """The full cast over a fresh market."""
    market = Market(seed)
    watched = ("data", "strategy", "executor", "reconciler")
    limits = SETTINGS.limits
    cast = {
        "executor": lambda: Executor(settings=SETTINGS),
        "reconciler": lambda: Reconciler(instance="sim-1", symbol=SYMBOL, limits=limits, owns_wallet=True),
        "data": lambda: Data(symbol=SYMBOL, timeframe="1m"),
        "strategy": lambda: Strategy(make_evaluator=MoodyPlay, warmup_bars=5),
        "guard": lambda: Guard(role="guard", peer="standby_guard", is_standby=False, watched=watched, limits=limits),
        "standby_guard": lambda: Guard(
            role="standby_guard", peer="guard", is_standby=True, watched=watched, limits=limits
        ),
        "notifier": Notifier,
    }
    return Simulation(seed, cast, market, faults, on_step), market
