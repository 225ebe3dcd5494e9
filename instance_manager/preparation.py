"""What must be there before an instance starts: its exchange, its keys, its candles."""

from __future__ import annotations

import os
from collections.abc import Callable

from actors.spec import ExchangeAccess, InstanceSpec
from engine.errors import ConfigurationError
from instance_manager import modes, venue_process
from instance_manager.errors import AlreadyRunning
from instance_manager.settings import Exchange, LocalExchange, Settings
from instance_manager.specification import environment_of, exchange_name, exchange_of
from instance_manager.workspace import Workspace

MADE_DAYS = 30
MADE_FROM = "20240101"
MINUTES_A_DAY = 1440

Tell = Callable[[str], None]


def prepare(workspace: Workspace, settings: Settings, spec: InstanceSpec, tell: Tell) -> None:
    """Makes all of it so. Raises ConfigurationError or ExchangeUnreachable; `tell` hears what was done besides."""
    instance = settings.instances[spec.instance]
    exchange = exchange_of(settings, instance)
    if modes.PLANS[instance.mode].replays_candles:
        _require_candles(workspace, spec, exchange_name(settings, instance), exchange, tell)
    elif isinstance(exchange, LocalExchange):
        _require_local_exchange(workspace, exchange_name(settings, instance), exchange, tell)
        os.environ.update(environment_of(settings, spec.instance, os.environ))
    elif spec.access is not None:
        _require_answer(spec, spec.access, exchange_name(settings, instance))


def stop_idle_exchanges(workspace: Workspace, settings: Settings, running: set[str]) -> list[str]:
    """Ends the local exchanges that a `start` brought up and nobody trades at any more; their names."""
    used = {exchange_name(settings, settings.instances[name]) for name in running if name in settings.instances}
    idle = [name for name in settings.exchanges if name not in used and _came_with_a_start(workspace, name)]
    return [name for name in idle if venue_process.stop(workspace, name)]


def _require_local_exchange(workspace: Workspace, name: str, exchange: LocalExchange, tell: Tell) -> None:
    if venue_process.answers(exchange.host, exchange.port) is not None:
        return
    try:
        process = venue_process.start(workspace, name, exchange, is_on_demand=True)
    except AlreadyRunning:
        return  # somebody else just did
    tell(f"started the local exchange {name!r} at {process.address} (pid {process.pid})")


def _require_answer(spec: InstanceSpec, access: ExchangeAccess, name: str) -> None:
    """Better told now than after a minute of waiting. Asks for one public bar, with no key."""
    from adapters.ccxt.access import Access
    from instance_manager.download import one_bar

    one_bar(Access(exchange=access.exchange, environment=access.environment), name, spec.symbol, spec.timeframe)


def _came_with_a_start(workspace: Workspace, name: str) -> bool:
    process = venue_process.find(workspace, name)
    return process is not None and process.is_on_demand


def _require_candles(workspace: Workspace, spec: InstanceSpec, name: str, exchange: Exchange, tell: Tell) -> None:
    """A backtest without candles has nothing to say. On the local exchange, whose market is made up, they are made."""
    from adapters.candles.store import CandleStore

    store = CandleStore(workspace.candles)
    if store.coverage(name, spec.symbol, spec.timeframe):
        return
    if not isinstance(exchange, LocalExchange):
        raise ConfigurationError(
            f"{spec.instance}: no candles of {spec.symbol} {spec.timeframe} from {name!r} are stored; "
            f"`predator download-data --exchange {name}` or `predator import-data FILE --exchange {name}` adds them"
        )
    _make_candles(store, spec, name, exchange.seed)
    tell(f"no candles were stored: made {MADE_DAYS} days of {spec.symbol} {spec.timeframe} from seed {exchange.seed}")


def _make_candles(store: object, spec: InstanceSpec, name: str, seed: int) -> None:
    from adapters.candles.generator import generate_candles
    from adapters.candles.store import CandleStore
    from engine.market import TIMEFRAME_MINUTES
    from instance_manager.timerange import parse_timerange

    assert isinstance(store, CandleStore), store
    start_ns, _ = parse_timerange(f"{MADE_FROM}-")
    bars = MADE_DAYS * MINUTES_A_DAY // TIMEFRAME_MINUTES[spec.timeframe]
    store.append(name, generate_candles(spec.symbol, spec.timeframe, start_ns or 0, bars, seed))
