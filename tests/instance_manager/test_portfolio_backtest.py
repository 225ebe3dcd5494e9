"""`predator backtest` of a play in several instruments on one account: the whole report, and what is refused."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
import typer
from pyarrow import parquet
from typer.testing import CliRunner

from instance_manager.cli import data, research
from instance_manager.cli.boundary import Boundary

app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)
app.callback()(lambda: None)
research.register(app)
data.register(app)

BOTH = "BTC/USDT:USDT,ETH/USDT:USDT"
PLAY = """
name: both
why: It exists to be traded in two.
symbols: [BTC/USDT:USDT, ETH/USDT:USDT]
max_open_trades: 1
entry: {long: ema(3) crosses above ema(20)}
exit: {long: ema(3) crosses below ema(20)}
sizing: {percent_of_equity: 50}
protection: {stoploss: 0.02}
"""


@pytest.fixture
def predator(tmp_path):
    """Runs a command in a workspace of its own: BTC of four days, ETH of three that begin a day later."""

    def run(*words):
        done = CliRunner().invoke(app, [*words], env={"PREDATOR_HOME": str(tmp_path / "home"), "COLUMNS": "200"})
        return done.exit_code, done.stdout, done.stderr

    assert run("generate-data", "--days", "4")[0] == 0
    late = ("--symbol", "ETH/USDT:USDT", "--seed", "8", "--days", "3", "--start", "20240102")
    assert run("generate-data", *late)[0] == 0
    return run


@pytest.fixture
def both(tmp_path):
    file = tmp_path / "both.yml"
    file.write_text(PLAY)
    return str(file)


def test_several_instruments_share_an_account_in_every_kind_of_report(predator, both, tmp_path):
    files = ("--html", str(tmp_path / "run.html"), "--export", str(tmp_path / "run.parquet"))
    code, out, _ = predator("backtest", both, "--json", *files)
    report = json.loads(out)

    assert code == 0
    assert [line["symbol"] for line in report["by_symbol"]] == BOTH.split(",")
    assert [line["bars"] for line in report["by_symbol"]] == [5_760, 4_320]
    assert report["bars"] == 5_760
    assert report["crowded_entries"] > 0  # there is one place for two
    spans = sorted((trade["entry_time_ns"], trade["exit_time_ns"]) for trade in report["trades"])
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    open_pnl = sum(Decimal(line["open_trade"]["pnl"]) for line in report["by_symbol"] if line["open_trade"])
    earned = sum(Decimal(trade["pnl"]) for trade in report["trades"])
    assert Decimal(report["starting_equity"]) + earned + open_pnl == Decimal(report["final_equity"])
    rows = parquet.read_table(tmp_path / "run.parquet").to_pylist()
    assert [(row["symbol"], row["pnl"]) for row in rows] == [
        (trade["symbol"], Decimal(trade["pnl"])) for trade in report["trades"]
    ]
    equity = parquet.read_table(tmp_path / "run.equity.parquet")
    assert equity.column("equity")[-1].as_py() == pytest.approx(float(report["final_equity"]))
    page = (tmp_path / "run.html").read_text()
    assert "one account" in page
    assert report["trades_hash"] in page


def test_the_terminal_says_what_each_instrument_did(predator, both):
    code, out, _ = predator("backtest", both, "--trades")

    assert code == 0
    assert "by instrument" in out
    assert "at most 1" in out
    assert "entries without a free place" in out


def test_symbols_may_be_named_at_the_command_and_are_the_same_run(predator, both):
    alone = both.replace("both.yml", "alone.yml")
    with open(alone, "w") as file:
        file.write(PLAY.replace("symbols: [BTC/USDT:USDT, ETH/USDT:USDT]", "symbol: BTC/USDT:USDT").replace(
            "max_open_trades: 1\n", ""))  # fmt: skip

    told = json.loads(predator("backtest", alone, "--symbols", BOTH, "--max-open-trades", "1", "--json")[1])
    said = json.loads(predator("backtest", both, "--json")[1])
    single = json.loads(predator("backtest", both, "--symbols", "BTC/USDT:USDT", "--json")[1])

    assert told["trades_hash"] == said["trades_hash"]
    assert single["symbol"] == "BTC/USDT:USDT"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--symbols", "BTC/USDT:USDT,XRP/USDT:USDT"], 1, "no candles of XRP/USDT:USDT 1m"),
        (["--symbols", "BTC"], 2, "'BTC' is no symbol"),
        (["--symbols", "BTC/USDT:USDT,BTC/USDT:USDT"], 2, "is there twice"),
        (["--symbols", "BTC/USDT:USDT", "--max-open-trades", "2"], 2, "is for several instruments"),
        (["--candles", "some.csv"], 2, "is of one instrument"),
        (["--timerange", "20240101-20240102"], 1, "no candles of ETH/USDT:USDT"),
    ],
)
def test_what_cannot_be_one_account_is_refused_with_the_remedy(predator, both, words, code, said):
    done = predator("backtest", both, *words)

    assert done[0] == code
    assert said in done[2]


def test_a_gap_in_one_of_them_names_its_stretches(predator, both):
    gap = ("--symbol", "ETH/USDT:USDT", "--seed", "9", "--days", "1", "--start", "20240110")
    assert predator("generate-data", *gap)[0] == 0

    code, _, said = predator("backtest", both)

    assert code == 1
    assert "the candles of ETH/USDT:USDT 1m have gaps between these stretches" in said


def test_other_commands_say_that_they_take_one_instrument(predator, both):
    code, _, said = predator("parity", both)

    assert code == 2
    assert "which only `predator backtest` does" in said
