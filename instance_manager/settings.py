"""Settings: what `predator.yaml` may say. Every unknown key is refused; reading the file is `settings_file.py`."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, field_validator

from engine.safety.limits import Limits
from instance_manager.section import Section
from instance_manager.thresholds import BreakerThresholds

Mode = Literal["backtest", "shadow", "demo", "live"]
Speech = Literal["binanceusdm", "bybit"]  # ccxt's ids of the exchanges whose protocol we speak
TAKEN_NAMES = ("account", "global")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")
_DEFAULT_LIMITS = Limits()


class LocalExchange(Section):
    """The exchange that ships with Predator (`predator venue start`): a program on this machine, no key, no network.

    It speaks as several real ones do; `speaks` is which of them is spoken to it.
    """

    kind: Literal["local"]
    speaks: Speech = "binanceusdm"
    host: str = "127.0.0.1"
    port: int = Field(default=18080, ge=1, le=65535)
    speed: Decimal = Field(default=Decimal(60), gt=0)
    symbols: tuple[str, ...] = Field(default=("BTC/USDT:USDT",), min_length=1)
    candles: Path | None = None
    generator: Literal["walk", "trend", "pump", "crash", "flat", "gap"] = "walk"
    seed: int = Field(default=7, ge=0)
    history: int = Field(default=1500, ge=1)

    @field_validator("host")
    @classmethod
    def _is_this_machine(cls, host: str) -> str:
        if host not in LOOPBACK_HOSTS:
            raise ValueError(f"a local exchange listens on this machine only ({' or '.join(LOOPBACK_HOSTS)})")
        return host


class RealExchange(Section):
    """A real exchange, reached through ccxt. Mode demo uses its demo environment, mode live its production."""

    kind: Speech


def _is_a_target(target: str) -> str:
    if not re.fullmatch(r"(file|telegram):.+|apprise:[A-Z][A-Z0-9_]{0,63}", target):  # never the URL: it holds keys
        raise ValueError("a target is file:PATH, telegram:CHAT, or apprise:VARIABLE (whose URL an environment has)")
    return target


Target = Annotated[str, AfterValidator(_is_a_target)]
Exchange = Annotated[LocalExchange | RealExchange, Field(discriminator="kind")]


class Account(Section):
    """An account at an exchange. Keys are never written here: only the names of the variables that hold them."""

    exchange: str
    key_env: str
    secret_env: str
    local_account: int = Field(default=1, ge=1, le=8)

    @field_validator("key_env", "secret_env")
    @classmethod
    def _names_a_variable(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", name):  # the text must not repeat what may be a secret
            raise ValueError("is the name of an environment variable (A-Z, 0-9, _), never the key itself")
        return name


class Risk(Section):
    """What bounds an instance's trading, named as in `engine.safety.limits`; losses and drawdown trip its breaker.

    `max_drawdown`, `max_slippage` and `max_concentration` are shares; `day_zone` is whose midnight begins a day.
    """

    max_leverage: int = Field(default=_DEFAULT_LIMITS.max_leverage, ge=1, le=125)
    max_notional: Decimal = Field(default=_DEFAULT_LIMITS.max_notional, gt=0)
    max_daily_loss: Decimal = Field(default=_DEFAULT_LIMITS.max_daily_loss, gt=0)
    max_drawdown: Decimal = Field(default=_DEFAULT_LIMITS.max_drawdown, gt=0, le=1)
    max_concentration: Decimal = Field(default=_DEFAULT_LIMITS.max_concentration, gt=0)
    max_slippage: Decimal = Field(default=_DEFAULT_LIMITS.max_slippage, gt=0)
    max_entries_a_minute: int = Field(default=_DEFAULT_LIMITS.max_entries_a_minute, ge=1)
    max_orders_a_minute: int = Field(default=_DEFAULT_LIMITS.max_orders_a_minute, ge=1)
    day_zone: str = _DEFAULT_LIMITS.day_zone

    @field_validator("day_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is the name of a time zone, such as UTC or Europe/Berlin")
        return name


class Instance(Section):
    """One play on one account. A backtest needs no account; `exchange` then says whose candles it reads."""

    mode: Mode
    play: str = Field(min_length=1)
    account: str | None = None
    exchange: str = "local"
    symbol: str | None = None
    capital: Decimal = Field(default=Decimal(10_000), gt=0)
    timerange: str | None = None
    risk: Risk | None = None
    breaker: BreakerThresholds | None = None
    notify: tuple[Target, ...] | None = None

    @field_validator("timerange")
    @classmethod
    def _is_a_timerange(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r"(\d{8})?-(\d{8})?", text):
            raise ValueError("is written 20240101-20240601; either side may be left out")
        return text

    @field_validator("symbol")
    @classmethod
    def _is_a_symbol(cls, symbol: str | None) -> str | None:
        if symbol is not None and not re.fullmatch(r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+", symbol):
            raise ValueError("is written as ccxt does: BTC/USDT:USDT")
        return symbol


# an instance's name becomes a folder and a part of order ids; the account system's own folder is called `account`, and
# the panic of all instances has the scope `global`
def _is_an_instance_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,23}", name) or name in TAKEN_NAMES:
        taken = " or ".join(f"`{one}`" for one in TAKEN_NAMES)
        raise ValueError(f"an instance's name is made of a-z, 0-9 and -, at most 24 characters, and is not {taken}")
    return name


InstanceName = Annotated[str, AfterValidator(_is_an_instance_name)]


class Settings(Section):
    """The whole of `predator.yaml`."""

    exchanges: dict[str, Exchange] = Field(default_factory=dict)
    accounts: dict[str, Account] = Field(default_factory=dict)
    instances: dict[InstanceName, Instance] = Field(default_factory=dict)
    risk: Risk = Field(default_factory=Risk)
    breaker: BreakerThresholds = Field(default_factory=BreakerThresholds)
    notify: tuple[Target, ...] = ()

    def risk_of(self, instance: Instance) -> Risk:
        """Its own bounds, or those for all."""
        return instance.risk or self.risk
