"""Who plays in a simulated world: the whole cast of each instance, and a play that wants something at random bars."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from zlib import crc32

from actors.data import Data
from actors.executor import Executor
from actors.executor_state import ExecutorSettings
from actors.guard import Guard
from actors.notifier import Notifier
from actors.reconciler import Reconciler
from actors.simulator import Casting, Faults, Simulation
from actors.spending import RateLimits
from actors.strategy import Strategy
from engine.market import Bar
from engine.protection import ProtectionRules
from engine.safety.limits import Limits
from engine.signal import Intent, Signal
from engine.sizing import Sizing, SizingMode
from tests.simulation.world import BTC, ETH, Seat, SmallWorld

WATCHED = ("data", "strategy", "executor", "reconciler")
LAYOUTS: tuple[tuple[Seat, ...], ...] = (
    (Seat("sim-1", "main", BTC),),
    (Seat("sim-1", "main", BTC), Seat("sim-2", "other", BTC)),
    (Seat("sim-1", "main", BTC), Seat("sim-2", "main", ETH)),
    (Seat("sim-1", "main", BTC), Seat("sim-2", "main", BTC)),
)
LEVERAGE = Decimal(2)
SHARE_OF_EQUITY = Decimal("0.4")
STOPLOSS = Decimal("0.02")  # of what was paid in, so half of that in price
WIDEST_STOP = STOPLOSS / LEVERAGE
CROWDED = RateLimits(weight_per_minute=440, reserved_weight=80, reading_share=0.3)  # what twenty others leave


class MoodyPlay:
    """Wants something at four bars in ten; which, all the bars it was ever fed decide: who feeds it others, or not from
    the beginning, hears another wish."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._memory = 0

    def step(self, bar: Bar) -> Signal | None:
        self._memory = crc32(f"{bar.open_time_ns} {bar.close}".encode(), self._memory)
        mood = Random(self._memory).random()
        wish = (Intent.ENTER_LONG, Intent.ENTER_SHORT, Intent.EXIT_LONG, Intent.EXIT_SHORT)
        intent = wish[int(mood * 10)] if mood < 0.4 else Intent.NONE
        return Signal(
            play_hash="moody", symbol=self._symbol, bar_open_time_ns=bar.open_time_ns, intent=intent, close=bar.close
        )


def settings_of(seat: Seat, sharers: tuple[str, ...]) -> ExecutorSettings:
    return ExecutorSettings(
        instance=seat.name,
        account=seat.account,
        sharers=sharers,
        play="moody",
        play_hash="moodyhash",
        symbol=seat.symbol,
        leverage=int(LEVERAGE),
        capital=Decimal(10_000),
        rules=ProtectionRules(
            stoploss=STOPLOSS,
            take_profit=Decimal("0.03"),
            trailing_stop=True,
            trailing_stop_positive=Decimal("0.01"),
            trailing_stop_positive_offset=Decimal("0.012"),
            leverage=LEVERAGE,
        ),
        sizing=Sizing(mode=SizingMode.PERCENT_OF_EQUITY, amount=SHARE_OF_EQUITY),
        limits=Limits(),
    )


def casting(seat: Seat, sharers: tuple[str, ...]) -> Casting:
    """Every role of a live instance, in the order they start; `sharers` are the others of its account."""
    settings = settings_of(seat, sharers)
    limits = settings.limits

    def guard(role: str, peer: str) -> Guard:
        return Guard(role=role, peer=peer, is_standby=role == "standby_guard", watched=WATCHED, limits=limits)

    return Casting(
        account=seat.account,
        symbol=seat.symbol,
        roles={
            "executor": lambda: Executor(settings=settings),
            "reconciler": lambda: Reconciler(
                instance=seat.name,
                symbol=seat.symbol,
                limits=limits,
                owns_wallet=not sharers,
                has_sharers=bool(sharers),
            ),
            "guard": lambda: guard("guard", "standby_guard"),
            "standby_guard": lambda: guard("standby_guard", "guard"),
            "notifier": Notifier,
            "data": lambda: Data(symbol=seat.symbol, timeframe="1m"),
            "strategy": lambda: Strategy(make_evaluator=lambda: MoodyPlay(seat.symbol), warmup_bars=5),
        },
    )


def sharers_of(seat: Seat, seats: tuple[Seat, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in seats if one.account == seat.account and one.name != seat.name)


def simulate(
    seed: int,
    faults: Faults,
    on_step: Callable[[Simulation], None] | None = None,
    seats: tuple[Seat, ...] = LAYOUTS[0],
    rate_limits: RateLimits | None = None,
) -> tuple[Simulation, SmallWorld]:
    """The full cast of these seats over a fresh world; `rate_limits` is what others leave them of the exchange's."""
    world = SmallWorld(seed, seats, rate_limits or RateLimits())
    cast = {seat.name: casting(seat, sharers_of(seat, seats)) for seat in seats}
    return Simulation(seed, cast, world, faults, on_step, rate_limits), world
