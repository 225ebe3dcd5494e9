"""From settings to `InstanceSpec`: an instance as its actors are told it, made once per start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actors.spec import InstanceSpec
from engine.errors import ConfigurationError
from engine.safety.limits import Limits
from instance_manager import modes
from instance_manager.errors import UnknownInstance, did_you_mean
from instance_manager.settings import Account, Exchange, Instance, LocalExchange, Risk, Settings
from instance_manager.thresholds import with_thresholds
from instance_manager.timerange import parse_timerange
from instance_manager.venue_process import local_keys
from instance_manager.workspace import Workspace

if TYPE_CHECKING:
    from plays.schema import Play

LIVE_TIMEFRAME = "1m"  # what the data and strategy actors feed; longer ones are made from it inside the play
TELEGRAM_TOKEN = "PREDATOR_TELEGRAM_TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to start: an instance of the settings, and whether the person confirmed real money."""

    instance: str
    is_confirmed: bool = False


def specify(workspace: Workspace, settings: Settings, order: Order, environ: Mapping[str, str]) -> InstanceSpec:
    """The specification. Raises ConfigurationError, PlayError or RefusedForSafety; nothing was started then."""
    from plays.loading import find_play, load_play

    instance = _instance(settings, order.instance)
    exchange, account = exchange_of(settings, instance), account_of(settings, instance)
    access = modes.access_for(instance.mode, exchange, account, is_confirmed=order.is_confirmed, environ=environ)
    file = find_play(instance.play, [workspace.plays])
    play = load_play(file)
    symbol = instance.symbol or play.symbol
    _require_tradable(order.instance, instance, exchange, play, symbol)
    leverage = _leverage(order.instance, play, settings.risk_of(instance))
    plan = modes.PLANS[instance.mode]
    first, end = _bounds_ms(instance.timerange)
    return InstanceSpec(
        instance=order.instance,
        mode=instance.mode,
        account=instance.account or "",
        home=workspace.home,
        play_file=file.absolute(),
        play_hash=play.hash,
        symbol=symbol,
        timeframe=play.timeframe,
        leverage=leverage,
        capital=instance.capital,
        cast=dict(plan.cast),
        access=access,
        limits=limits_of(settings, instance),
        from_ms=first,
        until_ms=end,
        owns_wallet=not sharers_of(settings, order.instance),
        sharers=sharers_of(settings, order.instance),
        candle_source=exchange_name(settings, instance),
        notify=_targets(
            workspace, order.instance, settings.notify if instance.notify is None else instance.notify, environ
        ),
    )


def environment_of(settings: Settings, name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ`, completed by the keys of the local exchange where the instance's account is there."""
    instance = _instance(settings, name)
    account = account_of(settings, instance)
    if account is None or not isinstance(exchange_of(settings, instance), LocalExchange):
        return dict(environ)
    return {**local_keys(account), **environ}


def exchange_of(settings: Settings, instance: Instance) -> Exchange:
    """The exchange an instance trades at, or whose candles it reads."""
    account = account_of(settings, instance)
    return settings.exchanges[account.exchange if account else instance.exchange]


def exchange_name(settings: Settings, instance: Instance) -> str:
    """Its name in the settings."""
    account = account_of(settings, instance)
    return account.exchange if account else instance.exchange


def account_of(settings: Settings, instance: Instance) -> Account | None:
    return settings.accounts[instance.account] if instance.account else None


def _instance(settings: Settings, name: str) -> Instance:
    if name not in settings.instances:
        raise UnknownInstance(name, settings.instances)
    return settings.instances[name]


def _require_tradable(name: str, instance: Instance, exchange: Exchange, play: Play, symbol: str) -> None:
    """What an actor would find out a second later, told before anything starts."""
    if modes.sends_orders(instance.mode) and play.protection_rules().stoploss is None:
        raise ConfigurationError(f"{name}: the play {play.name} has no stoploss and may not trade; give it one")
    if len(play.symbols) > 1 and instance.symbol is None:
        raise ConfigurationError(
            f"{name}: the play {play.name} trades {len(play.symbols)} instruments on one account, an instance trades "
            f"one: `predator backtest {play.name}` runs them together; or give the instance one `symbol`"
        )
    if not modes.PLANS[instance.mode].replays_candles and play.only_in_backtests:
        raise ConfigurationError(
            f"{name}: the play {play.name} says {', '.join(play.only_in_backtests)}, which only backtests know so far: "
            f"an executor would trade it otherwise than its backtest. Leave it out for {instance.mode}"
        )
    if modes.needs_account(instance.mode) and play.timeframe != LIVE_TIMEFRAME:
        raise ConfigurationError(
            f"{name}: the play {play.name} has timeframe {play.timeframe}, live bars are {LIVE_TIMEFRAME}: "
            f"write `timeframe: {LIVE_TIMEFRAME}` and its indicators `on {play.timeframe}`"
        )
    if modes.needs_account(instance.mode) and isinstance(exchange, LocalExchange) and symbol not in exchange.symbols:
        raise ConfigurationError(
            f"{name}: the local exchange does not list {symbol}{did_you_mean(symbol, exchange.symbols)}; "
            f"add it to the exchange's `symbols` (now: {', '.join(exchange.symbols)})"
        )


def _leverage(name: str, play: Play, risk: Risk) -> int:
    """The play's: its protective ratios are shares of the stake, so nobody else may choose it."""
    whole = int(play.leverage)
    if whole != play.leverage:
        raise ConfigurationError(
            f"{name}: the play {play.name} has leverage {play.leverage}; exchanges take whole numbers"
        )
    if whole > risk.max_leverage:
        raise ConfigurationError(
            f"{name}: the play {play.name} has leverage {whole}, above risk.max_leverage {risk.max_leverage}: "
            "lower the one or raise the other"
        )
    return whole


def sharers_of(settings: Settings, name: str) -> tuple[str, ...]:
    """The other instances that send orders on its account."""
    account = settings.instances[name].account
    others = {key: one for key, one in settings.instances.items() if key != name and one.account == account}
    return tuple(key for key, one in others.items() if modes.sends_orders(one.mode))


def limits_of(settings: Settings, instance: Instance) -> Limits:
    """What bounds an instance, its own sections before those of all."""
    limits = Limits(**settings.risk_of(instance).model_dump())  # the same names on purpose
    return with_thresholds(limits, instance.breaker or settings.breaker)


def _targets(workspace: Workspace, name: str, chosen: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every trade is a line in a file of the instance, whatever else is told."""
    if any(target.startswith("telegram:") for target in chosen) and not environ.get(TELEGRAM_TOKEN):
        raise ConfigurationError(f"{name}: notify by telegram needs a bot token in {TELEGRAM_TOKEN}")
    for variable in (target.partition(":")[2] for target in chosen if target.startswith("apprise:")):
        if not environ.get(variable):
            raise ConfigurationError(f"{name}: notify by apprise needs a URL of Apprise in {variable}")
    file: Path = workspace.instances / name / "notifications.jsonl"
    return (f"file:{file}", *chosen)


def _bounds_ms(timerange: str | None) -> tuple[int | None, int | None]:
    """The bounds of a timerange in ms, the end excluded."""
    first, end = (None if bound is None else bound // 1_000_000 for bound in parse_timerange(timerange))
    return first, end
