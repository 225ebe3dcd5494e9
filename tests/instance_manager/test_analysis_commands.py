"""`optimize`, `walk-forward` and `monte-carlo`, run as a user runs them."""

import json
import subprocess
import sys
import time

import psutil
import pytest
import typer
from pyarrow import parquet
from typer.testing import CliRunner

from instance_manager.cli import data, research
from instance_manager.cli.boundary import Boundary
from instance_manager.cli.search_options import duration_text
from tests.desk_builders import environment

app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)
app.callback()(lambda: None)
research.register(app)
data.register(app)

SEARCHED = """
name: searched
why: It exists to be searched through.
symbol: BTC/USDT:USDT
parameters: {fast: {value: 5, low: 3, high: 9, step: 2}, slow: {value: 20, low: 10, high: 40, step: 10}}
entry: {long: ema(fast) crosses above ema(slow)}
exit: {long: ema(fast) crosses below ema(slow)}
sizing: {percent_of_equity: 50}
required: {trades: 20, return_percent: -99}
"""


@pytest.fixture
def predator(tmp_path):
    """Runs a command in a workspace of its own with six days of candles; gives (exit code, output, errors)."""

    def run(*words):
        done = CliRunner().invoke(app, [*words], env={"PREDATOR_HOME": str(tmp_path / "home"), "COLUMNS": "200"})
        return done.exit_code, done.stdout, done.stderr

    assert run("generate-data", "--days", "6")[0] == 0
    (tmp_path / "home" / "plays" / "searched.yml").write_text(SEARCHED)
    return run


@pytest.mark.parametrize("method", ["grid", "random", "optuna"])
def test_a_search_with_a_study_says_the_same_when_asked_again(predator, tmp_path, method):
    words = ("optimize", "searched", "--method", method, "--runs", "10", "--study", str(tmp_path / "one.study"))
    words = (*words, "--score", "sharpe", "--json")

    once, again = predator(*words), predator(*words)

    found = json.loads(once[1])
    assert (once[0], again[0]) == (0, 0)
    assert once[1] == again[1]
    assert found["runs"] == {"grid": 16, "random": 10}.get(method, found["runs"])
    assert "runs already" in again[2]
    assert [row["score"] for row in found["best"]] == sorted((row["score"] for row in found["best"]), reverse=True)


def test_the_table_of_a_search_is_short_for_people(predator):
    code, out, _ = predator("optimize", "searched", "--best", "2")

    assert code == 0
    assert "the best of 16 runs by return_percent" in out
    assert "max drawdown percent" in out
    assert (
        max(len(word.split(".")[1]) for word in out.split() if word.replace(".", "", 1).isdigit() and "." in word) == 2
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("optimize", "searched", "--score", "sharp"), "did you mean 'sharpe'"),
        (("optimize", "searched", "--study", "."), "Is a directory"),
        (("walk-forward", "searched"), "there are 8640"),
        (("monte-carlo", "searched", "--timerange", "20240101-20240102", "--fee", "9"), "--fee"),
    ],
)
def test_what_cannot_be_analysed_is_said_with_the_remedy(predator, words, said):
    code, out, err = predator(*words)

    assert code in (1, 2)
    assert out == ""
    assert said in err


def test_a_walk_forward_reports_each_window_and_the_stitched_whole(predator, tmp_path):
    words = ("walk-forward", "searched", "--train", "2", "--test", "1", "--export", str(tmp_path / "walk.parquet"))

    code, out, _ = predator(*words, "--json")
    found = json.loads(out)

    assert (code, len(found["windows"])) == (0, 4)
    assert found["metrics"]["trades"] == sum(one["trades"] for one in found["windows"])
    assert found["windows"][0]["tried_from"] == "2024-01-03 00:00:00"
    table = parquet.read_table(tmp_path / "walk.parquet")
    assert table.num_rows == 4 * 1_440
    assert table["equity"][-1].as_py() == pytest.approx(float(found["final_equity"]))
    code, out, _ = predator(*words, "--require")
    assert code == 0
    assert all(part in out for part in ("4 windows", "stitched", "required score: passed", "efficiency"))


def test_a_monte_carlo_shows_percentiles_and_is_seeded(predator):
    words = ("monte-carlo", "searched", "--runs", "500", "--ruin", "5")

    once, again = predator(*words, "--json"), predator(*words, "--json")
    code, out, _ = predator(*words)

    result = json.loads(once[1])["result"]
    assert once == again
    assert [one["method"] for one in result["distributions"]] == ["shuffled", "bootstrapped"]
    assert list(result["distributions"][0]["final_equity"]) == ["1", "5", "25", "50", "75", "95", "99"]
    assert code == 0
    assert "drawdown of 5 % or more" in out
    assert "as it happened" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("optimize", "wide"), "runs (fast: 700001 x slow: 4) are more than 100000; at"),
        (("walk-forward", "wide", "--train", "2", "--test", "1", "--method", "random", "--runs", "90000"),
         "90000 runs in each of 4 windows are more than 100000; at"),
    ],
)  # fmt: skip
def test_a_search_too_large_is_refused_with_its_size_and_time(predator, tmp_path, words, said):
    text = SEARCHED.replace("low: 3, high: 9, step: 2", "low: 3, high: 703, step: 0.001").replace("searched", "wide", 1)
    (tmp_path / "home" / "plays" / "wide.yml").write_text(text)

    code, out, err = predator(*words)

    assert (code, out) == (2, "")
    assert said in err
    assert "cores they take about" in err


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5.0 seconds"), (90, "1.5 minutes"), (7_200, "2.0 hours"), (1e9, "31.7 years")]
)
def test_durations_are_in_the_unit_people_use(seconds, text):
    assert duration_text(seconds) == text


def test_a_cluster_without_ray_says_how_to_get_it(predator, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)

    code, out, errors = predator("optimize", "searched", "--cluster", "127.0.0.1:6379")

    assert (code, out) == (2, "")
    assert "python -m pip install 'predator[ray]'" in errors


def test_a_search_killed_with_all_its_might_leaves_nothing_and_is_continued(predator, tmp_path):
    """kill -9 of the command while its processes work."""
    home, study = tmp_path / "home", tmp_path / "one.study"
    assert predator("generate-data", "--days", "60", "--start", "20250101")[0] == 0
    words = ("optimize", "ma_cross", "--timerange", "20250101-", "--method", "random", "--runs", "300", "--json")
    begun = subprocess.Popen(
        [sys.executable, "-c", "from instance_manager.cli.main import main; main()", *words, "--study", str(study)],
        env=environment(PREDATOR_HOME=str(home)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    processes = wait_for_processes(begun.pid, study)

    begun.kill()
    begun.wait(10)
    psutil.wait_procs(processes, timeout=30)
    kept = study.read_bytes().count(b"\n") - 1
    continued, whole = predator(*words, "--study", str(study)), predator(*words)

    assert [one for one in processes if one.is_running()] == []
    assert 0 < kept < 300
    assert f"has {kept} runs already" in continued[2]
    assert continued[1] == whole[1]


def wait_for_processes(pid, study):
    """The processes of a search that has rows of theirs."""
    for _ in range(3_000):
        found = [one for one in psutil.Process(pid).children() if "spawn_main" in " ".join(one.cmdline())]
        if found and study.exists() and study.read_bytes().count(b"\n") > 30:
            return found
        time.sleep(0.02)
    raise AssertionError("no process was begun")
