"""The settings file: what is wrong is named with its place and the remedy, and nothing wrong gets through."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.safety.limits import Limits
from instance_manager.settings import LocalExchange
from instance_manager.settings_file import load_settings
from instance_manager.specification import limits_of
from instance_manager.workspace import default_settings

SMALL = """\
exchanges:
  local: {kind: local, port: 18080}
accounts:
  mine: {exchange: local, key_env: MY_KEY, secret_env: MY_SECRET}
instances:
  live-1:
    mode: live
    account: mine
    play: cross
    capital: 1000
"""


def settings_of(tmp_path: Path, text: str, **environ: str):
    file = tmp_path / "predator.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, environ)


def error_of(tmp_path: Path, text: str, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        settings_of(tmp_path, text, **environ)
    return str(raised.value)


def test_the_default_settings_are_valid_and_name_the_four_instances(tmp_path):
    settings = settings_of(tmp_path, default_settings())

    assert {name: instance.mode for name, instance in settings.instances.items()} == {
        "live-1": "live",
        "demo-1": "demo",
        "shadow-1": "shadow",
        "backtest-1": "backtest",
    }
    assert isinstance(settings.exchanges["local"], LocalExchange)


def test_each_default_instance_that_speaks_to_an_exchange_has_an_account_of_its_own(tmp_path):
    settings = settings_of(tmp_path, default_settings())

    accounts = [settings.accounts[one.account] for one in settings.instances.values() if one.account]
    assert len({account.local_account for account in accounts}) == len(accounts) == 3
    assert len({account.key_env for account in accounts}) == 3


def test_amounts_are_exact(tmp_path):
    settings = settings_of(tmp_path, SMALL.replace("1000", '"1000.10"'))

    assert settings.instances["live-1"].capital == Decimal("1000.10")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("capital: 1000", "captial: 1000", ["line 10", "instances.live-1.captial", "did you mean 'capital'?"]),
        ("accounts:", "acounts:", ["line 3", "acounts", "did you mean 'accounts'?"]),
        ("port: 18080", "prot: 18080", ["line 2", "exchanges.local.prot", "did you mean 'port'?"]),
        ("port: 18080", "port: 99999", ["line 2", "exchanges.local.port", "65535"]),
        ("kind: local", "kind: locale", ["line 2", "`kind` must be local, binanceusdm or bybit"]),
        ("kind: local, ", "", ["line 2", "`kind` is missing"]),
        ("kind: local,", "kind: local, host: 0.0.0.0,", ["this machine only"]),
        ("mode: live", "mode: lively", ["line 7", "instances.live-1.mode", "'live'"]),
        ("account: mine", "account: mime", ["line 8", "'mime' is not under `accounts`", "did you mean 'mine'?"]),
        ("    account: mine\n", "", ["line 6", "needs an `account`"]),
        ("exchange: local,", "exchange: lokal,", ["line 4", "did you mean 'local'?"]),
        ("    play: cross\n", "", ["instances.live-1.play", "is missing"]),
        ("live-1:", "Live 1:", ["line 6", "a-z, 0-9 and -"]),
        ("live-1:", "account:", ["not `account`"]),
        ("capital: 1000", "capital: -5", ["line 10", "greater than 0"]),
        ("capital: 1000", "capital: 1000\n    timerange: 2024-2025", ["line 11", "20240101-20240601"]),
        ("capital: 1000", "capital: 1000\n    timerange: 20240101", ["line 11", "put it in quotes"]),
        ("capital: 1000", "capital: 1000\n    symbol: BTCUSDT", ["line 11", "BTC/USDT:USDT"]),
        ("capital: 1000", "capital: 1000\n    capital: 2", ["line 11", "second time"]),
        ("capital: 1000", "capital: 1000\n    notify: [mail]", ["line 11", "telegram:CHAT"]),
        ("mode: live", "mode: [live", ["line 8", "not valid YAML"]),
    ],
)
def test_each_mistake_is_named_with_line_and_remedy(tmp_path, old, new, expected):
    text = error_of(tmp_path, SMALL.replace(old, new))

    assert "predator.yaml" in text
    for part in expected:
        assert part in text


def test_all_mistakes_are_told_at_once(tmp_path):
    text = error_of(tmp_path, SMALL.replace("capital", "captial").replace("port:", "prot:"))

    assert len(text.splitlines()) == 2


def test_a_key_written_where_a_variable_name_belongs_is_refused_and_not_repeated(tmp_path):
    secret = "a1B2c3D4e5F6g7H8a1B2c3D4e5F6g7H8a1B2c3D4e5F6g7H8a1B2c3D4e5F6g7H8"

    text = error_of(tmp_path, SMALL.replace("MY_KEY", secret))

    assert "name of an environment variable" in text
    assert secret not in text


@pytest.mark.parametrize("text", ["[1, 2]", "just words", "42"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    assert "line 1" in error_of(tmp_path, text)


def test_an_empty_file_is_valid_and_knows_nothing(tmp_path):
    assert settings_of(tmp_path, "").instances == {}


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigurationError, match="predator init"):
        load_settings(tmp_path / "nowhere.yaml", {})


def test_a_variable_overrides_the_file(tmp_path):
    settings = settings_of(
        tmp_path, SMALL, PREDATOR__INSTANCES__LIVE_1__CAPITAL="250.5", PREDATOR__RISK__MAX_LEVERAGE="9"
    )

    assert settings.instances["live-1"].capital == Decimal("250.5")
    assert settings.risk.max_leverage == 9


def test_a_wrong_variable_is_named(tmp_path):
    text = error_of(tmp_path, SMALL, PREDATOR__INSTANCES__LIVE_1__CAPITOL="5")

    assert "environment variable PREDATOR__INSTANCES__LIVE_1__CAPITOL" in text
    assert "did you mean 'capital'?" in text


def test_other_variables_of_predator_are_left_alone(tmp_path):
    assert settings_of(tmp_path, SMALL, PREDATOR_HOME="/somewhere").instances


def test_every_threshold_of_the_breaker_can_be_set_and_reaches_the_instance(tmp_path):
    settings = settings_of(tmp_path, SMALL + "breaker: {refusals_red: 7, host: {disk_free_mb_red: 5}}\n")

    limits = limits_of(settings, settings.instances["live-1"])

    assert (limits.refusals_red, limits.host.disk_free_mb_red, limits.host.memory_red) == (7, 5, 0.98)
    assert limits.refusals_yellow == Limits().refusals_yellow


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("breaker: {refusals_red: 1}", "refusals_yellow must be reached before refusals_red"),
        ("breaker: {host: {disk_free_mb_red: 5000}}", "disk_free_mb_yellow must be reached before disk_free_mb_red"),
        ("breaker: {host: {memory_rot: 1}}", "unknown key"),
        ("breaker: {quiet_ms: 0}", "greater than 0"),
    ],
)
def test_thresholds_that_cannot_be_meant_are_refused(tmp_path, text, told):
    assert told in error_of(tmp_path, SMALL + text + "\n")
