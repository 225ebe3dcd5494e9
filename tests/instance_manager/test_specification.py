"""From settings to what the actors are told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import ConfigurationError
from instance_manager.settings_file import load_settings
from instance_manager.specification import Order, environment_of, specify
from instance_manager.workspace import default_settings
from plays.errors import PlayError
from tests.desk_builders import workspace_with


@pytest.fixture
def specified(tmp_path):
    """`specified(name, (old, new)…)`: the specification of an instance of the changed default settings."""

    def make(name: str, *changes: tuple[str, str]):
        text = default_settings()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        workspace = workspace_with(tmp_path / "home", text)
        return specify(workspace, load_settings(workspace.settings_file, {}), Order(instance=name), {})

    return make


def test_a_live_instance_on_the_local_exchange(specified, tmp_path):
    spec = specified("live-1")

    assert (spec.mode, spec.symbol, spec.timeframe) == ("live", "BTC/USDT:USDT", "1m")
    assert spec.access is not None
    assert spec.access.redirect_to == "http://127.0.0.1:18080"
    assert spec.capital == Decimal(10_000)
    assert spec.play_file.stem == "quickstart"
    assert len(spec.play_hash) == 12
    assert spec.notify == (f"file:{tmp_path / 'home' / 'instances' / 'live-1' / 'notifications.jsonl'}",)


def test_a_play_of_the_workspace_goes_before_one_that_ships(specified, tmp_path):
    shipped = specified("live-1")
    own = tmp_path / "home" / "plays" / "quickstart.yml"
    own.write_text(shipped.play_file.read_text().replace("ema(3)", "ema(4)"))

    spec = specified("live-1")

    assert spec.play_file == own
    assert spec.play_hash != shipped.play_hash


def test_a_backtest_has_bounds_and_no_access(specified):
    spec = specified("backtest-1", ("# timerange: 20240101-20240601", "timerange: 20240101-20240102"))

    assert spec.access is None
    assert (spec.from_ms, spec.until_ms) == (1_704_067_200_000, 1_704_153_600_000)
    assert spec.candle_source == "local"


def test_a_symbol_in_the_settings_goes_before_the_plays(specified):
    spec = specified(
        "live-1",
        ("    capital: 10000\n  demo-1", "    symbol: ETH/USDT:USDT\n  demo-1"),
        ("symbols: [BTC/USDT:USDT]", "symbols: [BTC/USDT:USDT, ETH/USDT:USDT]"),
    )

    assert spec.symbol == "ETH/USDT:USDT"


def test_a_symbol_the_local_exchange_does_not_list_is_refused(specified):
    with pytest.raises(ConfigurationError, match=r"does not list XRP/USDT:USDT.*symbols"):
        specified("live-1", ("    capital: 10000\n  demo-1", "    symbol: XRP/USDT:USDT\n  demo-1"))


def test_a_play_without_a_stop_may_be_tested_but_not_traded(specified, tmp_path):
    shipped = specified("live-1").play_file.read_text()
    own = tmp_path / "home" / "plays" / "quickstart.yml"
    own.write_text(shipped[: shipped.index("protection:")])

    assert specified("backtest-1").play_file == own
    with pytest.raises(ConfigurationError, match="no stoploss"):
        specified("live-1")


def test_a_play_on_longer_bars_may_be_tested_and_is_told_how_to_trade(specified, tmp_path):
    shipped = specified("live-1").play_file.read_text()
    (tmp_path / "home" / "plays" / "quickstart.yml").write_text(shipped.replace("timeframe: 1m", "timeframe: 5m"))

    assert specified("backtest-1").timeframe == "5m"
    with pytest.raises(ConfigurationError, match="on 5m"):
        specified("live-1")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("sizing:", "entry_order: {limit: {long: close - 1, short: close + 1}}\n\nsizing:", "entry_order"),
        ("  time_exit: 60", "  partial_exits: {0.01: 0.5}", "partial_exits"),
        ("  time_exit: 60", "  take_profit_order: limit", "take_profit_order"),
    ],
)
def test_a_play_that_only_backtests_can_do_is_refused_wherever_it_would_be_done_otherwise(
    specified, tmp_path, old, new, word
):
    shipped = specified("live-1").play_file.read_text()
    (tmp_path / "home" / "plays" / "quickstart.yml").write_text(shipped.replace(old, new))

    assert specified("backtest-1").play_file.parent.name == "plays"
    for instance in ("live-1", "shadow-1"):
        with pytest.raises(ConfigurationError, match=rf"says {word}, which only backtests know"):
            specified(instance, ("play: ma_cross", "play: quickstart"))


@pytest.mark.parametrize(("leverage", "reason"), [("50", "risk.max_leverage 5"), ("1.5", "whole numbers")])
def test_a_play_with_a_leverage_nobody_grants_is_refused(specified, tmp_path, leverage, reason):
    shipped = specified("live-1").play_file.read_text()
    own = tmp_path / "home" / "plays" / "quickstart.yml"
    own.write_text(shipped.replace("sizing:", f"leverage: {leverage}\n\nsizing:"))

    with pytest.raises(ConfigurationError, match=reason):
        specified("live-1")


def test_telegram_without_a_token_is_refused(specified):
    with pytest.raises(ConfigurationError, match="PREDATOR_TELEGRAM_TOKEN"):
        specified("live-1", ("notify: []", 'notify: ["telegram:42"]'))


def test_limits_of_the_instance_go_before_those_of_all(specified):
    spec = specified("live-1", ("    capital: 10000\n  demo-1", "    risk: {max_notional: 77}\n  demo-1"))

    assert spec.limits.max_notional == Decimal(77)
    assert specified("demo-1").limits.max_notional == Decimal(50_000)


def test_two_instances_that_trade_on_one_account_do_not_own_its_wallet(specified):
    assert specified("live-1").owns_wallet
    assert not specified("live-1", ("account: local-demo", "account: local-live")).owns_wallet


def test_a_shadow_beside_it_leaves_the_wallet_owned(specified):
    assert specified("live-1", ("account: local-shadow", "account: local-live")).owns_wallet


@pytest.mark.parametrize("timerange", ["20240230-20240301", "20240201-20240101"])
def test_impossible_days_are_refused(specified, timerange):
    with pytest.raises(ConfigurationError, match="timerange"):
        specified("backtest-1", ("# timerange: 20240101-20240601", f"timerange: {timerange}"))


def test_an_unknown_indicator_in_a_play_is_refused_with_its_line(specified, tmp_path):
    shipped = specified("live-1").play_file.read_text()
    (tmp_path / "home" / "plays" / "quickstart.yml").write_text(shipped.replace("ema(3)", "emma(3)"))

    with pytest.raises(PlayError, match=r"quickstart\.yml:\d+:\d+.*emma"):
        specified("live-1")


def test_keys_of_the_local_exchange_fill_the_environment_but_never_replace(tmp_path):
    workspace = workspace_with(tmp_path / "home")
    settings = load_settings(workspace.settings_file, {})

    filled = environment_of(settings, "live-1", {"PREDATOR_LOCAL_LIVE_KEY": "mine"})

    assert filled == {"PREDATOR_LOCAL_LIVE_KEY": "mine", "PREDATOR_LOCAL_LIVE_SECRET": "predator-local-secret"}


def test_a_play_of_several_instruments_needs_one_of_them_named_to_be_an_instance(specified, tmp_path):
    shipped = specified("live-1").play_file.read_text()
    several = shipped.replace("symbol: BTC/USDT:USDT", "symbols: [BTC/USDT:USDT, ETH/USDT:USDT]")
    (tmp_path / "home" / "plays" / "quickstart.yml").write_text(several)

    for name in ("live-1", "backtest-1"):
        with pytest.raises(ConfigurationError, match=r"trades 2 instruments on one account, an instance trades one"):
            specified(name)
