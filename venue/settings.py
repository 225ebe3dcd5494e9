"""What a venue is started with, read from the command line and checked."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from venue.candles import MOST_BARS
from venue.core.instrument import Instrument, instrument
from venue.generator import KINDS

DEFAULT_ACCOUNTS = 8
DEFAULT_BALANCE = Decimal(100_000)


class SettingsError(Exception):
    """An argument that makes no sense: which one, and what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    key: str
    secret: str
    balance: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 18080
    instruments: tuple[Instrument, ...]
    candles: dict[str, Path]
    generator: str = "walk"
    seed: int = 7
    speed: float = 60.0
    history: int = 1500
    is_now: bool = False
    at_end: str = "hold"
    depth_notional: Decimal = Decimal(200_000)
    funding_rate: Decimal = Decimal(0)
    accounts: tuple[AccountSettings, ...] = ()
    weight_limit: int = 2400
    order_limit: int = 1200
    listen_key_minutes: float = 60
    socket_minutes: float = 1440
    ping_minutes: float = 10
    truth_log: Path | None = None
    state_file: Path | None = None
    scenario: Path | None = None
    is_fresh: bool = False
    log: Path | None = None
    ready_file: Path | None = None


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m venue", description="A local exchange that speaks Binance USDT-M, Bybit v5 and MEXC futures."
    )
    add = made.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (loopback unless you say otherwise)")
    add("--port", type=int, default=18080, help="0 = any free one; the ready file says which")
    add("--symbol", action="append", metavar="S", help="instrument, repeatable (default BTCUSDT)")
    add("--candles", action="append", default=[], metavar="[S=]FILE", help="Parquet file of contiguous minutes")
    add("--generator", choices=sorted(KINDS), default="walk", help="for symbols without a file")
    add("--seed", type=int, default=7)
    add("--speed", type=float, default=60.0, help="market seconds per wall second; 0 starts paused")
    add("--history", type=int, default=1500, help="closed candles served before live replay begins")
    add("--time", choices=("recorded", "now"), default="recorded", help="now: live bars open at the present minute")
    add("--at-end", choices=("hold", "loop", "stop"), default="hold", help="what happens when the file ends")
    add("--tick", action="append", default=[], metavar="S=0.01")
    add("--step", action="append", default=[], metavar="S=0.001")
    add("--min-notional", action="append", default=[], metavar="S=5")
    add("--funding-rate", default="0", help="paid every 8 hours of market time, for example 0.0001")
    add("--depth-notional", default="200000", help="USDT on each synthetic book level")
    add(
        "--account", action="append", default=[], metavar="KEY:SECRET:BALANCE", help="repeatable; replaces the defaults"
    )
    add("--weight-limit", type=int, default=2400, help="request weight per minute, 0 = none")
    add("--order-limit", type=int, default=1200, help="orders per minute and account, 0 = none")
    add("--listen-key-minutes", type=float, default=60, help="a listen key nobody extends ends after this")
    add("--socket-minutes", type=float, default=1440, help="a stream socket of Binance's is cut after this")
    add("--ping-minutes", type=float, default=10, help="a socket of Bybit's that says nothing is cut after this")
    add("--fresh", action="store_true", help="forget what the state file remembers")
    for name in ("--truth-log", "--state-file", "--scenario", "--log", "--ready-file"):
        add(name, type=Path, metavar="FILE")
    return made


def read_settings(arguments: Sequence[str]) -> Settings:
    """Raises SettingsError naming the argument."""
    given = parser().parse_args(arguments)
    instruments = read_instruments(given)
    check_numbers(given)
    return Settings(
        host=given.host,
        port=given.port,
        instruments=instruments,
        candles=read_candles(given.candles, [i.symbol for i in instruments]),
        generator=given.generator,
        seed=given.seed,
        speed=given.speed,
        history=given.history,
        is_now=given.time == "now",
        at_end=given.at_end,
        funding_rate=read_rate(given.funding_rate),
        depth_notional=positive("--depth-notional", given.depth_notional),
        accounts=tuple(read_account(a) for a in given.account) or default_accounts(),
        weight_limit=given.weight_limit,
        order_limit=given.order_limit,
        listen_key_minutes=given.listen_key_minutes,
        socket_minutes=given.socket_minutes,
        ping_minutes=given.ping_minutes,
        truth_log=given.truth_log,
        state_file=given.state_file,
        scenario=given.scenario,
        is_fresh=given.fresh,
        log=given.log,
        ready_file=given.ready_file,
    )


def check_numbers(given: argparse.Namespace) -> None:
    if not 0 <= given.port <= 65535:
        raise SettingsError(f"--port {given.port}: must lie between 0 and 65535")
    if not 0 <= given.speed <= 1_000_000:
        raise SettingsError(f"--speed {given.speed}: must lie between 0 (paused) and 1000000")
    if not 1 <= given.history <= MOST_BARS:
        raise SettingsError(f"--history {given.history}: must lie between 1 and {MOST_BARS}")
    for name in ("listen_key_minutes", "socket_minutes", "ping_minutes"):
        if not 0 < getattr(given, name) <= 1_000_000:
            raise SettingsError(f"--{name.replace('_', '-')}: must lie above 0 and not above 1000000")
    for name in ("weight_limit", "order_limit"):
        if getattr(given, name) < 0:
            raise SettingsError(f"--{name.replace('_', '-')}: must not be negative")


def read_instruments(given: argparse.Namespace) -> tuple[Instrument, ...]:
    symbols = list(dict.fromkeys(given.symbol or ["BTCUSDT"]))
    for symbol in symbols:
        if not (symbol.isascii() and symbol.isalnum() and symbol.isupper() and symbol.endswith("USDT")):
            raise SettingsError(f"--symbol {symbol}: write it as the exchange does, for example BTCUSDT")
    ticks = per_symbol("--tick", given.tick, symbols)
    steps = per_symbol("--step", given.step, symbols)
    notionals = per_symbol("--min-notional", given.min_notional, symbols)
    return tuple(instrument(s).with_filters(ticks.get(s), steps.get(s), notionals.get(s)) for s in symbols)


def per_symbol(name: str, values: list[str], symbols: list[str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for value in values:
        symbol, _, number = value.partition("=")
        if symbol not in symbols:
            raise SettingsError(f"{name} {value}: write {name} SYMBOL=NUMBER with one of {', '.join(symbols)}")
        found[symbol] = positive(f"{name} {symbol}", number)
    return found


def positive(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise SettingsError(f"{name}: {text!r} is not a number") from None
    if not number.is_finite() or number <= 0:
        raise SettingsError(f"{name}: {text} must be positive")
    return number


def read_rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise SettingsError(f"--funding-rate: {text!r} is not a number") from None
    if not (rate.is_finite() and abs(rate) <= Decimal("0.05")):
        raise SettingsError(f"--funding-rate {text}: must lie between -0.05 and 0.05")
    return rate


def read_candles(values: list[str], symbols: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for value in values:
        symbol, separator, path = value.partition("=")
        named = separator and symbol in symbols
        found[symbol if named else symbols[0]] = Path(path if named else value)
    return found


def read_account(text: str) -> AccountSettings:
    """Never repeats a key in its complaint."""
    parts = text.split(":")
    if len(parts) != 3 or not all(parts):
        raise SettingsError("--account: write KEY:SECRET:BALANCE")
    return AccountSettings(key=parts[0], secret=parts[1], balance=positive("--account balance", parts[2]))


def default_accounts() -> tuple[AccountSettings, ...]:
    first = AccountSettings(key="predator-local-key", secret="predator-local-secret", balance=DEFAULT_BALANCE)
    others = (
        replace(first, key=f"{first.key}-{n}", secret=f"{first.secret}-{n}") for n in range(2, DEFAULT_ACCOUNTS + 1)
    )
    return (first, *others)
