"""Modes: who may send orders, to where, and every way in which real money is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from engine.errors import ConfigurationError
from instance_manager.errors import RefusedForSafety
from instance_manager.modes import CONFIRMATION_VARIABLE, PLANS, access_for, sends_orders
from instance_manager.settings import Account, LocalExchange, RealExchange, Speech

LOCAL = LocalExchange(kind="local", port=18099)
REALS = [RealExchange(kind=kind) for kind in get_args(Speech)]


@pytest.fixture(params=REALS, ids=lambda exchange: exchange.kind)
def real(request):
    """Every rule of safety holds at every real exchange."""
    return request.param


ACCOUNT = Account(exchange="any", key_env="A_KEY", secret_env="A_SECRET")
KEYS = {"A_KEY": "k" * 64, "A_SECRET": "s" * 64}
CONFIRMED = {CONFIRMATION_VARIABLE: "true"}


def test_only_live_and_demo_have_a_port_for_orders():
    assert {mode for mode in PLANS if sends_orders(mode)} == {"live", "demo"}
    assert {mode for mode, plan in PLANS.items() if plan.cast["executor"] == "executor"} == {"live", "demo"}


@pytest.mark.parametrize("mode", ["live", "demo", "shadow"])
@pytest.mark.parametrize("speaks", get_args(Speech))
def test_the_local_exchange_needs_no_confirmation_whatever_it_speaks(mode, speaks):
    local = LocalExchange(kind="local", port=18099, speaks=speaks)

    access = access_for(mode, local, ACCOUNT, is_confirmed=False, environ={})

    assert access is not None
    assert (access.exchange, access.environment) == (speaks, "local")
    assert access.redirect_to == "http://127.0.0.1:18099"


def test_a_backtest_reaches_no_exchange_whatever_is_configured(real):
    assert access_for("backtest", real, ACCOUNT, is_confirmed=True, environ=KEYS | CONFIRMED) is None


def test_a_shadow_reads_the_real_market_without_any_key(real):
    access = access_for("shadow", real, ACCOUNT, is_confirmed=False, environ={})

    assert access is not None
    assert (access.environment, access.key_variable, access.secret_variable) == ("production", "", "")


def test_demo_uses_the_demo_environment_even_when_live_is_confirmed(real):
    access = access_for("demo", real, ACCOUNT, is_confirmed=True, environ=KEYS | CONFIRMED)

    assert access is not None
    assert (access.exchange, access.environment) == (real.kind, "demo")


@pytest.mark.parametrize(
    ("is_confirmed", "environ", "missing"),
    [
        (False, KEYS, ["--confirm", CONFIRMATION_VARIABLE]),
        (True, KEYS, [CONFIRMATION_VARIABLE]),
        (False, KEYS | CONFIRMED, ["--confirm"]),
        (True, KEYS | {CONFIRMATION_VARIABLE: "yes"}, [CONFIRMATION_VARIABLE]),
        (True, KEYS | {CONFIRMATION_VARIABLE: ""}, [CONFIRMATION_VARIABLE]),
    ],
)
def test_real_money_is_refused_unless_flag_and_variable_agree(real, is_confirmed, environ, missing):
    with pytest.raises(RefusedForSafety) as refused:
        access_for("live", real, ACCOUNT, is_confirmed=is_confirmed, environ=environ)

    assert "real money" in str(refused.value)
    assert all(word in str(refused.value) for word in missing)


@pytest.mark.parametrize("mode", ["live", "demo"])
@pytest.mark.parametrize("gone", ["A_KEY", "A_SECRET"])
def test_missing_keys_are_named_and_never_shown(real, mode, gone):
    environ = {name: value for name, value in KEYS.items() if name != gone} | CONFIRMED

    with pytest.raises(ConfigurationError, match=gone) as refused:
        access_for(mode, real, ACCOUNT, is_confirmed=True, environ=environ)

    assert not any(value in str(refused.value) for value in KEYS.values())


def test_keys_of_the_local_exchange_are_refused_at_a_real_one(real):
    environ = CONFIRMED | {"A_KEY": "predator-local-key", "A_SECRET": "predator-local-secret"}

    with pytest.raises(RefusedForSafety, match="disagree"):
        access_for("live", real, ACCOUNT, is_confirmed=True, environ=environ)


def test_everything_agreed_gives_production(real):
    access = access_for("live", real, ACCOUNT, is_confirmed=True, environ=KEYS | CONFIRMED)

    assert access is not None
    assert (access.environment, access.redirect_to, access.key_variable) == ("production", None, "A_KEY")


def test_no_other_file_asks_which_mode_an_instance_has():
    root = Path(__file__).parents[2]
    asks = re.compile(r"\bmode (==|!=|in|not in) [\[({\"']")

    files = [path for folder in ("actors", "adapters", "instance_manager") for path in (root / folder).rglob("*.py")]
    asking = [str(path.relative_to(root)) for path in files if asks.search(path.read_text())]

    assert asking == []
