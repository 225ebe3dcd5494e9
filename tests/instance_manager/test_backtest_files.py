"""What a backtest leaves behind: Parquet, HTML, and the verdict on the play's own requirements."""

import json
import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest
import typer
from pyarrow import parquet
from typer.testing import CliRunner

from instance_manager.charts import round_values
from instance_manager.cli import data, research
from instance_manager.cli.boundary import Boundary

app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)
app.callback()(lambda: None)
research.register(app)
data.register(app)

REQUIRING = """
name: requiring
why: It exists to be judged.
symbol: BTC/USDT:USDT
entry: {{long: ema(3) crosses above ema(20)}}
exit: {{long: ema(3) crosses below ema(20)}}
sizing: {{notional: 1000}}
required: {required}
"""


@pytest.fixture
def predator(tmp_path):
    """Runs a command in a workspace of its own with four days of candles; gives (exit code, output, errors)."""

    def run(*words):
        done = CliRunner().invoke(app, [*words], env={"PREDATOR_HOME": str(tmp_path / "home"), "COLUMNS": "200"})
        return done.exit_code, done.stdout, done.stderr

    assert run("generate-data", "--days", "4")[0] == 0
    return run


@pytest.fixture
def requiring(predator, tmp_path):
    """A function that backtests a play that requires this."""

    def run(required, *options):
        (tmp_path / "home" / "plays" / "requiring.yml").write_text(REQUIRING.format(required=required))
        return predator("backtest", "requiring", *options)

    return run


def test_trades_and_equity_are_exported_exactly(predator, tmp_path):
    code, out, err = predator("backtest", "ma_cross", "--export", str(tmp_path / "run.parquet"), "--json")
    report = json.loads(out)
    trades = parquet.read_table(tmp_path / "run.parquet")
    equity = parquet.read_table(tmp_path / "run.equity.parquet")

    assert code == 0
    assert "run.equity.parquet" in err
    assert [row["pnl"] for row in trades.to_pylist()] == [Decimal(one["pnl"]) for one in report["trades"]]
    assert trades.column_names[:4] == ["side", "quantity", "entry_time", "exit_time"]
    assert trades.schema.metadata[b"final_equity"].decode() == report["final_equity"]
    assert equity.num_rows == report["bars"]
    assert equity["equity"][-1].as_py() == pytest.approx(float(report["final_equity"]))
    assert max(equity["drawdown_percent"].to_pylist()) == pytest.approx(report["metrics"]["max_drawdown_percent"])
    assert list(tmp_path.glob(".*")) == []


def test_another_ending_than_parquet_is_refused(predator, tmp_path):
    code, out, err = predator("backtest", "ma_cross", "--export", str(tmp_path / "run.csv"))

    assert (code, out) == (2, "")
    assert "must end in .parquet" in err


class Tags(HTMLParser):
    """Checks that what opens is closed, and counts."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_html_report_is_whole_and_needs_no_network(predator, tmp_path):
    code, _, _ = predator("backtest", "ma_cross", "--html", str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    tags = Tags()
    tags.feed(text)

    assert code == 0
    assert tags.open == []
    assert tags.seen.count("svg") == 3
    assert tags.seen.count("title") > 20
    assert not re.search(r"https?:|<script|url\(|@import|\bsrc=", text)
    assert all(
        part in text for part in ("By month", "By exit reason", "Drawdown", "prefers-color-scheme:dark", "2024-01")
    )


def test_what_a_play_says_is_escaped_in_html(requiring, tmp_path):
    path = tmp_path / "home" / "plays" / "requiring.yml"
    requiring("{trades: 1}")
    path.write_text(path.read_text().replace("It exists to be judged.", "<b>less</b> & more, said so"))

    from adapters.candles.generator import generate_candles
    from instance_manager.html_report import html_report
    from plays.backtest import Backtest
    from plays.loading import load_play
    from plays.terms import terms_for

    candles = generate_candles("BTC/USDT:USDT", "1m", 0, 9_000)
    play = load_play(path)
    text = html_report(Backtest(play, candles, terms_for(play.symbol, candles), Decimal(10_000)).run(), [])

    assert "&lt;b&gt;less&lt;/b&gt; &amp; more" in text
    assert text.count("L") < 30_000


def test_a_required_score_is_judged_and_what_is_missing_is_named(requiring):
    code, out, _ = requiring("{trades: 5, profit_factor: 90, max_drawdown_percent: 99}", "--json")
    found = json.loads(out)["required"]

    assert (code, found["passed"]) == (0, False)
    assert [(one["figure"], one["met"]) for one in found["figures"]] == [
        ("trades", True), ("profit_factor", False), ("max_drawdown_percent", True),
    ]  # fmt: skip
    assert "profit_factor" in requiring("{profit_factor: 90}")[1].split("missing")[1]


@pytest.mark.parametrize(
    ("required", "options", "code", "said"),
    [
        ("{trades: 5}", ("--require",), 0, "required score: passed"),
        ("{trades: 50000}", ("--require",), 1, "at least 50000"),
        ("{max_drawdown_percent: 0.00001}", (), 0, "at most 1e-05"),
        ("{}", ("--require",), 0, "by month"),
    ],
)
def test_require_turns_a_missed_score_into_an_exit_code(requiring, required, options, code, said):
    found, out, _ = requiring(required, *options)

    assert found == code
    assert said in out


@pytest.mark.parametrize(
    ("required", "said"),
    [("{profit_faktor: 1}", "did you mean 'profit_factor'"), ("{trades: 0}", "required.trades"), ("7", "required")],
)
def test_a_wrong_requirement_is_named_with_its_line(requiring, required, said):
    code, _, err = requiring(required)

    assert code == 2
    assert said in err
    assert "requiring.yml:8:" in err


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(8_398.0, 10_064.0, [8_500, 9_000, 9_500, 10_000]), (-16.2, 0.0, [-15, -10, -5, 0]), (0.101, 0.1032, None)],
)
def test_the_axis_of_a_chart_has_round_values_within_it(low, high, expected):
    values = round_values(low, high)

    assert 3 <= len(values) <= 9
    assert low <= values[0] < values[-1] <= high
    assert expected is None or values == expected
