"""What a backtest charges and on what it settles its bars, said on the command line, run as a user runs it."""

import json

import pytest
import typer
from typer.testing import CliRunner

from adapters.candles.files import CandleError
from adapters.candles.funding_file import read_funding_file
from instance_manager.cli import data, research
from instance_manager.cli.boundary import Boundary

app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)
app.callback()(lambda: None)
research.register(app)
data.register(app)
START_MS = 1_704_067_200_000  # 2024-01-01, where made-up candles begin
EIGHT_HOURS_MS = 28_800_000
DIP = """\
name: dip
why: It exists to be tested.
symbol: BTC/USDT:USDT
timeframe: 15m
entry: {long: rsi(14) < 50}
exit: {long: rsi(14) > 60}
entry_order: {limit: {long: close - 0.2 * atr(14)}, bars: 4}
sizing: {volatility_percent: 0.3, volatility: atr(14)}
protection: {stoploss: 0.01, take_profit: 0.012, partial_exits: {0.004: 0.5}}
costs: {taker_fee: 0.0007, funding_rate: 0.0002}
"""


@pytest.fixture
def predator(tmp_path):
    """Runs a command in a workspace with four days of candles and the play `dip`."""

    def run(*words):
        done = CliRunner().invoke(app, [*words], env={"PREDATOR_HOME": str(tmp_path / "home"), "COLUMNS": "200"})
        return done.exit_code, done.stdout, done.stderr

    assert run("generate-data", "--days", "4")[0] == 0
    (tmp_path / "dip.yml").write_text(DIP)
    return run


@pytest.fixture
def dip(tmp_path):
    return str(tmp_path / "dip.yml")


def report_of(predator, *words):
    code, out, err = predator(*words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_bars_are_made_of_finer_candles_and_settled_on_them(predator, dip):
    code, _, err = predator("backtest", dip)
    assert code != 0
    assert "15m" in err  # none are stored

    fine = report_of(predator, "backtest", dip, "--timeframe-detail", "1m")

    assert fine["bars"] == 4 * 96
    assert len(fine["trades"]) > 10
    assert {"stop_loss", "take_profit"} <= {trade["exit_reason"] for trade in fine["trades"]}


@pytest.mark.parametrize(("play", "detail"), [("dip", "7m"), ("dip", "15m"), ("dip", "1h"), ("ma_cross", "1m")])
def test_a_timeframe_that_bars_cannot_be_made_of_is_refused(predator, dip, play, detail):
    code, _, err = predator("backtest", dip if play == "dip" else play, "--timeframe-detail", detail)

    assert code == 2
    assert f"--timeframe-detail {detail}" in err
    assert ("1m, 3m, 5m" if play == "dip" else "no finer ones") in err


def test_the_plays_costs_are_charged_unless_options_say_otherwise(predator, dip):
    own = report_of(predator, "backtest", dip, "--timeframe-detail", "1m")
    dear, free, none, record = (
        report_of(predator, "backtest", dip, "--timeframe-detail", "1m", *words)
        for words in (("--fee", "0.002"), ("--fee", "0"), ("--funding", "0"), ("--funding", "0.001"))
    )

    assert float(dear["metrics"]["fees"]) > float(own["metrics"]["fees"]) > 0 == float(free["metrics"]["fees"])
    assert float(none["funding"]) == 0 != float(own["funding"])
    assert abs(float(record["funding"])) > abs(float(own["funding"]))
    assert float(own["funding"]) == pytest.approx(sum(float(trade["funding"]) for trade in own["trades"]))


def funding_text(count, rate="0.0003"):
    return "time_ms,rate\n" + "".join(f"{START_MS + EIGHT_HOURS_MS * number},{rate}\n" for number in range(count))


def test_a_record_of_funding_is_read_from_a_file_or_from_beside_the_candles(predator, dip, tmp_path):
    from pyarrow import csv, parquet

    file = tmp_path / "rates.csv"
    file.write_text(funding_text(12))
    words = ("backtest", dip, "--timeframe-detail", "1m")
    named, constant = (report_of(predator, *words, "--funding", text) for text in (str(file), "0.0003"))
    folder = tmp_path / "home" / "candles" / "local" / "BTC-USDT_USDT"
    parquet.write_table(csv.read_csv(file), folder / "funding.parquet")
    beside = report_of(predator, *words)

    assert named["funding"] == constant["funding"] == beside["funding"] != "0"
    assert report_of(predator, "list-data")[0]["bars"] == 5_760

    file.write_text(funding_text(5))
    code, _, err = predator(*words, "--funding", str(file))
    assert code != 0
    assert "no funding rates between 2024-01-02 08:00 UTC" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_ms,rates\n1,1\n", "column rate missing"),
        ("time_ms,rate\n5,0.1\n5,0.1\n", "row 2: not after the row before"),
        ("time_ms,rate\n5,0.1\n6,1.5\n", "row 2: rate 1.5 is not a share"),
        ("time_ms,rate\n5,\n", "row 1: rate is empty"),
        ("time_ms,rate\n5,nan\n", "row 1: rate"),
        ("time_ms,rate\n", "no row"),
    ],
)
def test_a_record_that_cannot_be_used_is_refused_with_its_row(tmp_path, text, said):
    file = tmp_path / "rates.csv"
    file.write_text(text)

    with pytest.raises(CandleError, match=said):
        read_funding_file(file)


def test_check_play_says_what_only_backtests_know(predator, dip):
    code, out, err = predator("check-play", dip)
    assert code == 0
    assert "only backtests know entry_order, partial_exits" in err
    assert "entry_order.limit.long" in out

    checked = report_of(predator, "check-play", dip)
    assert checked["only_in_backtests"] == ["entry_order", "partial_exits"]
    assert checked["entries_with"]["sizing.volatility"] == "atr(14)"


def test_the_schema_knows_every_word(predator):
    schema = report_of_schema(predator)

    assert {"entry_order", "costs", "required"} <= set(schema["properties"])
    assert {"partial_exits", "take_profit_order"} <= set(schema["$defs"]["Protection"]["properties"])
    assert {"volatility_percent", "volatility"} <= set(schema["$defs"]["SizingSection"]["properties"])


def report_of_schema(predator):
    code, out, _ = predator("play-schema")
    assert code == 0
    return json.loads(out)


def test_a_play_of_all_words_is_exported_and_shown(predator, dip, tmp_path):
    import duckdb

    code, out, err = predator(
        "backtest", dip, "--timeframe-detail", "1m", "--trades", "--export", str(tmp_path / "run.parquet"), "--html",
        str(tmp_path / "run.html"),
    )  # fmt: skip

    assert code == 0, err
    assert "funding" in out
    ((count, funding),) = duckdb.sql(f"select count(*), sum(funding) from '{tmp_path / 'run.parquet'}'").fetchall()
    assert count > 10
    assert funding != 0
    assert "funding" in (tmp_path / "run.html").read_text()
