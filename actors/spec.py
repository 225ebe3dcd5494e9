"""InstanceSpec: all an instance's actors are told, made once by the desk and never changed while they run.

It holds no secret: keys are read from the environment variables it names, by the one process that needs them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from engine.safety.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeAccess:
    """Where and how an exchange is reached.

    `exchange` is ccxt's id. `redirect_to` sends all traffic to a local exchange at `http://127.0.0.1:PORT` while ccxt
    keeps its production addresses (its error classes depend on them). `environment` is local, demo or production.
    `key_variable` and `secret_variable` name environment variables.
    """

    exchange: str
    environment: str
    key_variable: str
    secret_variable: str
    redirect_to: str | None = None
    order_timeout_ms: int = 3_000
    read_timeout_ms: int = 5_000

    @property
    def place(self) -> str:
        """Who counts the requests that come from our address: all accounts there share what is allowed."""
        return self.redirect_to or f"{self.exchange} {self.environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A person's word that limits may be looser than before while a position is open."""

    operator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpec:
    """One instance. `cast` says for each role which machine plays it.

    `capital` is the equity the instance starts with; `owns_wallet` says that nobody else trades on its account,
    `sharers` who else does. For a backtest `candle_source` says whose candles in the store, and the two times bound
    the run (open times in ms, the end excluded).
    """

    instance: str
    mode: str
    account: str
    home: Path
    play_file: Path
    play_hash: str
    symbol: str
    timeframe: str
    leverage: int
    capital: Decimal
    cast: dict[str, str]
    access: ExchangeAccess | None = None
    limits: Limits = field(default_factory=Limits)
    from_ms: int | None = None
    until_ms: int | None = None
    notify: tuple[str, ...] = ()
    owns_wallet: bool = True
    candle_source: str = "local"
    loosening: Permission | None = None
    sharers: tuple[str, ...] = ()

    @property
    def exchange_place(self) -> str:
        return self.access.place if self.access else ""

    @property
    def run_folder(self) -> Path:
        """Sockets, scoreboard, lock, pids: what dies with the machine."""
        return self.home / "run" / self.instance

    @property
    def state_folder(self) -> Path:
        """Journal, recorded bars, notifications: what must survive."""
        return self.home / "instances" / self.instance

    @property
    def journal_file(self) -> Path:
        return self.state_folder / "journal.sqlite"

    @property
    def bars_file(self) -> Path:
        return self.state_folder / "bars.sqlite"

    @property
    def log_folder(self) -> Path:
        return self.home / "logs" / self.instance


def account_run_folder(home: Path) -> Path:
    """The account system's sockets, scoreboard, lock and pids (one account system per home)."""
    return home / "run" / "account"


def instance_panic_latch(home: Path, instance: str) -> Path:
    """Exists = this instance is panicked. Its text says why; an unreadable one is a panic all the same."""
    return home / "instances" / instance / "panic.latch"


def global_panic_latch(home: Path) -> Path:
    """Exists = every instance that can touch money is panicked."""
    return home / "panic.latch"
