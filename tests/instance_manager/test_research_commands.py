"""The commands for plays and candles, run as a user runs them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from instance_manager.cli import data, research
from instance_manager.cli.boundary import Boundary

app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)
app.callback()(lambda: None)
research.register(app)
data.register(app)


@pytest.fixture
def predator(tmp_path):
    """Runs a command in a workspace of its own; gives (exit code, standard output, standard error)."""

    def run(*words):
        done = CliRunner().invoke(app, [*words], env={"PREDATOR_HOME": str(tmp_path / "home"), "COLUMNS": "200"})
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def filled(predator):
    assert predator("generate-data", "--days", "4")[0] == 0
    return predator


def test_candles_are_made_listed_and_backtested(filled):
    code, out, _ = filled("list-data", "--json")
    assert (code, json.loads(out)[0]["bars"]) == (0, 5_760)

    code, out, _ = filled("backtest", "ma_cross", "--json")
    report = json.loads(out)

    assert code == 0
    assert report["metrics"]["trades"] == len(report["trades"]) > 20
    assert report["trades"][0]["exit_reason"] in ("exit_signal", "stop_loss", "trailing_stop_loss", "take_profit")
    assert float(report["final_equity"]) == pytest.approx(report["metrics"]["final_equity"])


def test_the_report_for_people_has_all_its_parts(filled):
    code, out, _ = filled("backtest", "breakout", "--timerange", "20240102-20240104", "--trades", "--fee", "0")

    assert code == 0
    assert all(part in out for part in ("2880 bars", "Sharpe", "by exit reason", "by month", "trades", "profit factor"))


def test_parity_and_the_analyses_pass_on_what_ships(filled):
    code, out, _ = filled("parity", "breakout", "--json")
    assert (code, json.loads(out)["identical"]) == (0, True)

    code, out, _ = filled("lookahead-analysis", "ma_cross", "--checks", "20", "--json")
    assert (code, json.loads(out)["sees_the_future"]) == (0, False)

    code, out, _ = filled("recursive-analysis", "ma_cross", "--json")
    lines = json.loads(out)["features"]
    assert code == 0
    assert all(line["difference_percent"][-1] <= line["difference_percent"][0] for line in lines)


def test_plays_are_listed_own_ones_and_broken_ones_too(predator, tmp_path):
    predator("list-plays")
    (tmp_path / "home" / "plays" / "mine.yml").write_text("name: mine\n")

    code, out, _ = predator("list-plays", "--json")

    lines = {line["play"]: line for line in json.loads(out)}
    assert code == 0
    assert (lines["mine"]["own"], lines["ma_cross"]["own"]) == (True, False)
    assert "why is missing" in lines["mine"]["error"]
    assert predator("check-play", "breakout")[0] == 0
    assert json.loads(predator("check-play", "breakout", "--json")[1])["warmup_bars"] == 144


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check-play", "brakout"), 2, "did you mean 'breakout'"),
        (("check-play", "none.yml"), 2, "no such file"),
        (("backtest", "ma_cross"), 1, "use import-data, download-data or generate-data"),
        (("backtest", "ma_cross", "--timerange", "2024"), 2, "write it as 20240101-20240601"),
        (("backtest", "ma_cross", "--timerange", "20240105-20240101"), 2, "ends before it begins"),
        (("import-data", "none.parquet"), 1, "no such file"),
        (("import-data", "none.parquet", "--symbol", "BTCUSDT"), 2, "write it as ccxt does"),
        (("import-data", "none.parquet", "--timeframe", "7m"), 2, "known are 1m"),
        (("generate-data", "--start", "yesterday"), 2, "is no day"),
        (("generate-data", "--days", "99999999"), 2, "choose from 1 to 20000000 bars"),
    ],
)
def test_what_is_wrong_is_said_on_standard_error_with_the_remedy(predator, words, code, said):
    found, out, err = predator(*words)

    assert (found, out) == (code, "")
    assert said in err


@pytest.mark.parametrize(
    ("option", "value"), [("--equity", "much"), ("--equity", "0"), ("--fee", "2"), ("--slippage", "-1")]
)
def test_amounts_out_of_range_are_refused(filled, option, value):
    code, _, err = filled("backtest", "ma_cross", option, value)

    assert code == 2
    assert option in err


def test_stretches_are_named_when_candles_have_a_gap(filled):
    filled("generate-data", "--days", "1", "--start", "20240301")

    code, _, err = filled("backtest", "ma_cross")

    assert code == 1
    assert "2024-01-01 00:00:00 to 2024-01-04 23:59:00; 2024-03-01" in err
    assert "--timerange" in err


def test_a_file_can_be_backtested_without_storing_it(predator, tmp_path):
    from pyarrow import csv, table

    from adapters.candles.generator import generate_candles

    made = generate_candles("BTC/USDT:USDT", "1m", 0, 3_000)
    columns = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    csv.write_csv(table({"open_time_ms": made.open_time_ns // 1_000_000, **columns}), tmp_path / "made.csv")

    code, out, _ = predator("backtest", "quickstart", "--candles", str(tmp_path / "made.csv"), "--json")

    assert (code, json.loads(out)["bars"]) == (0, 3_000)


def test_a_new_play_is_a_copy_and_never_overwrites(predator, tmp_path):
    code, out, _ = predator("new-play", "mine", "--from", "breakout", "--json")

    assert (code, json.loads(out)["file"]) == (0, str(tmp_path / "home" / "plays" / "mine.yml"))
    assert json.loads(predator("check-play", "mine", "--json")[1])["play"] == "mine"
    assert predator("new-play", "mine")[0] == 2
    assert predator("new-play", "Mine!")[0] == 2


def test_the_schema_of_plays_fits_what_ships(predator):
    import yaml

    from plays.loading import library_plays

    schema = json.loads(predator("play-schema")[1])

    for path in library_plays().values():
        assert set(yaml.safe_load(path.read_text())) <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert "5m" in schema["properties"]["timeframe"]["enum"]


SEARCHED = """
name: searched
why: It exists to be searched through.
symbol: BTC/USDT:USDT
parameters: {fast: {value: 5, low: 3, high: 7, step: 2}, slow: {value: 20, low: 10, high: 30, step: 10}, other: 1}
entry: {long: ema(fast) crosses above ema(slow)}
exit: {long: ema(fast) crosses below ema(slow)}
sizing: {notional: 1000}
"""


def test_a_search_tries_every_combination_and_shows_the_best_first(filled, tmp_path):
    (tmp_path / "home" / "plays" / "searched.yml").write_text(SEARCHED)

    code, out, _ = filled("optimize", "searched", "--processes", "2", "--best", "9", "--json")

    found = json.loads(out)
    equities = [float(row["final_equity"]) for row in found["best"]]
    assert (code, found["runs"], len(found["best"])) == (0, 9, 9)
    assert equities == sorted(equities, reverse=True)
    assert {(row["values"]["fast"], row["values"]["slow"]) for row in found["best"]} == {
        (fast, slow) for fast in (3, 5, 7) for slow in (10, 20, 30)
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("low: 3, high: 7, step: 2", "low: 0.0001, high: 700, step: 0.0001", "a run on"),
        ("{fast: {value: 5, low: 3, high: 7, step: 2}, slow: {value: 20, low: 10, high: 30, step: 10}, other: 1}",
         "{fast: 5, slow: 20}", "there is nothing to search"),
    ],
)  # fmt: skip
def test_a_search_that_is_empty_or_absurdly_large_is_refused(filled, tmp_path, old, new, said):
    assert old in SEARCHED
    (tmp_path / "home" / "plays" / "searched.yml").write_text(SEARCHED.replace(old, new))

    code, _, err = filled("optimize", "searched")

    assert code == 2
    assert said in err
