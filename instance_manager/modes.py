"""Modes: the one place that knows what backtest, shadow, demo and live are: a cast and an access.

Nothing else in the project asks which mode an instance has. A mode differs from another in two things only:

- the cast: which machine plays each role (a shadow's executor is a recorder that can say nothing to an exchange);
- the access: which exchange is spoken to, in which of its environments, with which keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actors.spec import ExchangeAccess
from engine.errors import ConfigurationError
from instance_manager.errors import RefusedForSafety
from instance_manager.settings import Account, Exchange, LocalExchange, Mode

CONFIRMATION_VARIABLE = "PREDATOR_CONFIRM_LIVE_TRADING"
LOCAL_KEY_PREFIX = "predator-local-"

_TREE = {"supervisor": "supervisor", "guard": "guard", "standby_guard": "guard", "notifier": "notifier"}
_TRADING_CAST = _TREE | {"data": "data", "strategy": "strategy", "executor": "executor", "reconciler": "reconciler"}
_SHADOW_CAST = _TREE | {"data": "data", "strategy": "strategy", "executor": "recorder"}
_BACKTEST_CAST = {
    "supervisor": "supervisor",
    "guard": "guard",
    "data": "history",
    "strategy": "batch_strategy",
    "executor": "kernel_executor",
    "reconciler": "result_reconciler",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModePlan:
    """What a mode is. `environment` is the environment of a real exchange it uses; None: it speaks to none.
    What replays stored candles begins anew at each start; everything else goes on where its journal ends.
    """

    cast: Mapping[str, str]
    environment: str | None
    needs_keys: bool
    needs_confirmation: bool
    replays_candles: bool = False


PLANS: Mapping[Mode, ModePlan] = {
    "backtest": ModePlan(
        cast=_BACKTEST_CAST,
        environment=None,
        needs_keys=False,
        needs_confirmation=False,
        replays_candles=True,
    ),
    "shadow": ModePlan(cast=_SHADOW_CAST, environment="production", needs_keys=False, needs_confirmation=False),
    "demo": ModePlan(cast=_TRADING_CAST, environment="demo", needs_keys=True, needs_confirmation=False),
    "live": ModePlan(cast=_TRADING_CAST, environment="production", needs_keys=True, needs_confirmation=True),
}


def access_for(
    mode: Mode, exchange: Exchange, account: Account | None, *, is_confirmed: bool, environ: Mapping[str, str]
) -> ExchangeAccess | None:
    """How this mode reaches `exchange`; None when it reaches none. Raises RefusedForSafety or ConfigurationError."""
    plan = PLANS[mode]
    if plan.environment is None or account is None:
        return None
    if isinstance(exchange, LocalExchange):
        return _local_access(exchange, account)
    if plan.needs_confirmation:
        require_confirmation(is_confirmed=is_confirmed, environ=environ)
    if plan.needs_keys:
        _require_keys(account, environ)
    return ExchangeAccess(
        exchange=exchange.kind,
        environment=plan.environment,
        key_variable=account.key_env if plan.needs_keys else "",
        secret_variable=account.secret_env if plan.needs_keys else "",
    )


def needs_account(mode: Mode) -> bool:
    """Does an instance of this mode speak to an exchange at all?"""
    return PLANS[mode].environment is not None


def sends_orders(mode: Mode) -> bool:
    """Is there in its cast anybody with a port through which an order can leave?"""
    return PLANS[mode].cast["executor"] == "executor"


def require_confirmation(*, is_confirmed: bool, environ: Mapping[str, str]) -> None:
    """Raises RefusedForSafety unless flag and variable agree that real money may be traded."""
    missing = [] if is_confirmed else ["the flag --confirm"]
    if environ.get(CONFIRMATION_VARIABLE, "").strip().lower() != "true":
        missing.append(f"the environment variable {CONFIRMATION_VARIABLE}=true")
    if missing:
        raise RefusedForSafety(
            f"this would trade real money; missing: {' and '.join(missing)}. Nothing was started; "
            "runbooks/live-setup.md says how"
        )


def _local_access(exchange: LocalExchange, account: Account) -> ExchangeAccess:
    """The local exchange speaks real ones' protocols, so the same adapters are redirected to it."""
    return ExchangeAccess(
        exchange=exchange.speaks,
        environment="local",
        key_variable=account.key_env,
        secret_variable=account.secret_env,
        redirect_to=f"http://{exchange.host}:{exchange.port}",
    )


def _require_keys(account: Account, environ: Mapping[str, str]) -> None:
    names = (account.key_env, account.secret_env)
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise ConfigurationError(
            f"keys of the account at {account.exchange!r} are missing: "
            f"set the environment variable {' and '.join(missing)}"
        )
    if any(environ[name].startswith(LOCAL_KEY_PREFIX) for name in names):
        raise RefusedForSafety(
            f"{' and '.join(names)} hold keys of the local exchange, but the account is at {account.exchange!r}; "
            "mode and credentials disagree. Nothing was started"
        )
