"""One account under two names is refused: instances of the one would know nothing of those of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from instance_manager.settings_file import load_settings

EXCHANGES = """\
exchanges:
  local: {kind: local, port: 18080}
  same: {kind: local, port: 18080}
  other: {kind: local, port: 18081}
  binance: {kind: binanceusdm}
  again: {kind: binanceusdm}
  bybit: {kind: bybit}
accounts:
"""


def load(tmp_path: Path, *accounts: str, **environ: str) -> None:
    file = tmp_path / "predator.yaml"
    file.write_text(EXCHANGES + "".join(f"  {one}\n" for one in accounts), encoding="utf-8")
    load_settings(file, environ)


def error_of(tmp_path: Path, *accounts: str, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, *accounts, **environ)
    return str(raised.value)


@pytest.mark.parametrize("exchange", ["binance", "again"])
def test_one_key_under_two_names_is_refused_with_both_places_and_the_remedy(tmp_path: Path, exchange: str) -> None:
    """Each had leases and a budget of its own, and both believed that they owned the wallet."""
    error = error_of(
        tmp_path,
        "first: {exchange: binance, key_env: MY_KEY, secret_env: MY_SECRET}",
        f"second: {{exchange: {exchange}, key_env: MY_KEY, secret_env: MY_SECRET}}",
    )

    assert "line 10: accounts.second.key_env: MY_KEY is that of account 'first' too" in error
    assert "line 9: accounts.first.key_env" in error
    assert "`account: first`" in error


@pytest.mark.parametrize("exchange", ["local", "same"])
def test_one_account_of_a_local_exchange_under_two_names_is_refused(tmp_path: Path, exchange: str) -> None:
    error = error_of(
        tmp_path,
        "first: {exchange: local, key_env: A_KEY, secret_env: A_SECRET}",
        f"second: {{exchange: {exchange}, local_account: 1, key_env: B_KEY, secret_env: B_SECRET}}",
    )

    assert "accounts.second.local_account: 1 is that of account 'first' too" in error


def test_an_account_that_a_variable_makes_the_same_is_refused_by_that_name(tmp_path: Path) -> None:
    error = error_of(
        tmp_path,
        "first: {exchange: binance, key_env: A_KEY, secret_env: A_SECRET}",
        "second: {exchange: binance, key_env: B_KEY, secret_env: B_SECRET}",
        PREDATOR__ACCOUNTS__SECOND__KEY_ENV="A_KEY",
    )

    assert "environment variable PREDATOR__ACCOUNTS__SECOND__KEY_ENV" in error


def test_accounts_that_differ_in_what_matters_are_welcome(tmp_path: Path) -> None:
    load(
        tmp_path,
        "first: {exchange: local, key_env: A_KEY, secret_env: A_SECRET}",
        "second: {exchange: local, local_account: 2, key_env: B_KEY, secret_env: B_SECRET}",
        "third: {exchange: other, key_env: A_KEY, secret_env: A_SECRET}",
        "fourth: {exchange: binance, key_env: A_KEY, secret_env: A_SECRET}",
        "fifth: {exchange: bybit, key_env: A_KEY, secret_env: A_SECRET}",
    )


@pytest.mark.parametrize("name", ["account", "global"])
def test_names_that_mean_something_else_are_no_instances(tmp_path: Path, name: str) -> None:
    """`predator panic` would have latched all instances for one that is called `global`."""
    file = tmp_path / "predator.yaml"
    file.write_text(f"instances:\n  {name}: {{mode: backtest, play: cross}}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"line 2: instances\.\w+: .* is not `account` or `global`"):
        load_settings(file, {})
