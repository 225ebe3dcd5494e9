import pickle
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from play_builders import INSTRUMENT, START_NS, a_play, made

from engine.errors import ConfigurationError
from engine.funding import FundingRates
from instance_manager.search_pool import SearchPool, WorkerLost
from instance_manager.study_file import Study, identity_of
from plays.backtest import Backtest, Fees
from plays.method import Method
from plays.score import HIGHEST, figure_of, judged, missing, passed, require_figure, score_of
from plays.search import Runner, SearchSetting, Task, ranked, searched
from plays.search_methods import by_chance, proposer_for
from plays.search_space import space_of

CASH = Decimal(100_000)
BARS = 3_000


def searched_play(fast="{value: 3, low: 2, high: 9, step: 1}", **parts):
    return a_play(
        parameters=f"{{fast: {fast}, slow: {{value: 10, low: 10, high: 30, step: 2}}}}",
        entry="{long: ema(fast) crosses above ema(slow)}", exit="{long: ema(fast) crosses below ema(slow)}", **parts,
    )  # fmt: skip


def setting_of(play=None, figure="return_percent", seed=7):
    return SearchSetting(
        play=play or searched_play(), candles=made(BARS, seed), instrument=INSTRUMENT, starting_equity=CASH,
        fees=Fees(taker=Decimal("0.0002")), figure=figure,
    )  # fmt: skip


def search(setting, method=Method.OPTUNA, *, runs=20, seed=1, study=None, run_all=None):
    run_all = run_all or SearchPool(setting, 1).run_all
    with_study = study.through(run_all) if study else run_all
    return list(searched(proposer_for(method, space_of(setting.play), runs, seed), with_study, 0, BARS))


def test_a_record_of_funding_is_paid_in_every_run():
    times = START_NS + np.arange(20, dtype=np.int64) * 8 * 3_600_000_000_000
    record = FundingRates(time_ns=times, rate=np.full(20, 3_000_000, np.int64))
    free, paid = setting_of(), replace(setting_of(), funding=record)
    task = Task(values={"fast": 4.0, "slow": 12.0}, first=0, last=BARS)

    row = SearchPool(paid, 1).run_all([task])

    play = paid.play.with_parameters(task.values)
    alone = Backtest(play, paid.candles, INSTRUMENT, CASH, paid.fees, funding=record).run()
    assert next(row).final_equity == alone.final_equity != Runner(free).run(task).final_equity
    assert identity_of(free) != identity_of(paid)


def test_a_row_says_what_a_single_backtest_says():
    setting, values = setting_of(), {"fast": 4.0, "slow": 12.0}

    row = Runner(setting).run(Task(values=values, first=500, last=2_500))

    alone = Backtest(
        setting.play.with_parameters(values), setting.candles.rows(500, 2_500), INSTRUMENT, CASH, setting.fees
    ).run()
    assert (row.trades, row.final_equity) == (len(alone.trades), alone.final_equity)
    assert row.score == alone.metrics.return_percent
    assert row.figures["max_drawdown_percent"] == alone.metrics.max_drawdown_percent


@pytest.mark.parametrize("method", list(Method))
def test_a_search_is_the_same_search_again_and_tries_nothing_twice(method):
    setting = setting_of()

    once, again = search(setting, method), search(setting, method)

    assert once == again
    assert len({tuple(row.values.items()) for row in once}) == len(once)
    assert len(once) == {Method.GRID: 88, Method.RANDOM: 20}.get(method, len(once))


def test_another_seed_searches_elsewhere():
    space = space_of(searched_play())

    assert by_chance(space, 20, 1) != by_chance(space, 20, 2)
    assert by_chance(space, 1_000, 1) == tuple(space.every())


def test_processes_give_the_rows_of_one():
    setting = setting_of()

    with SearchPool(setting, 2, worth_s=0.0) as pool:
        spread = search(setting, run_all=pool.run_all)

    assert spread == search(setting)


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("kept_bytes", [0.001, 0.3, 0.98])
def test_a_killed_search_continued_gives_the_same_and_runs_only_what_is_missing(tmp_path, method, kept_bytes):
    setting, file = setting_of(), tmp_path / "one.study"
    with Study(file, setting) as study:
        whole = search(setting, method, study=study)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept_bytes)])
    made_now = []

    def counted(tasks):
        for row in SearchPool(setting, 1).run_all(tasks):
            made_now.append(row)
            yield row

    with Study(file, setting) as study:
        kept = study.kept
        continued = search(setting, method, study=study, run_all=counted)

    assert continued == whole
    assert len(made_now) == len(whole) - kept > 0
    assert file.read_bytes() == content


def test_a_study_of_other_runs_or_no_study_is_refused_and_left_alone(tmp_path):
    file, other = tmp_path / "one.study", tmp_path / "notes.txt"
    with Study(file, setting_of()):
        pass
    other.write_text("my notes\n")

    for wrong in (
        setting_of(seed=8),
        setting_of(figure="sharpe"),
        setting_of(searched_play(sizing="{notional: 5000}")),
    ):
        with pytest.raises(ConfigurationError, match="is of another play, other candles"), Study(file, wrong):
            pass
    with pytest.raises(ConfigurationError, match="no study"), Study(other, setting_of()):
        pass
    assert other.read_text() == "my notes\n"


def test_two_searches_do_not_write_one_study(tmp_path):
    file = tmp_path / "one.study"

    with (
        Study(file, setting_of()),
        pytest.raises(ConfigurationError, match="another search"),
        Study(file, setting_of()),
    ):
        pass


def kill_one_process(pool):
    import os
    import signal

    os.kill(next(iter(pool._pool._processes)), signal.SIGKILL)


def test_a_killed_process_changes_no_row():
    setting = setting_of()
    tasks = [Task(values=values, first=0, last=BARS) for values in space_of(setting.play).every()]

    with SearchPool(setting, 2, worth_s=0.0) as pool:
        rows = pool._spread(tasks)
        first = next(rows)
        kill_one_process(pool)
        found = [first, *rows]

    assert found == [Runner(setting).run(task) for task in tasks]


def test_processes_killed_again_and_again_are_an_error_that_says_how_to_go_on():
    setting = setting_of()
    tasks = [Task(values=values, first=0, last=BARS) for values in space_of(setting.play).every()]

    with SearchPool(setting, 1, worth_s=0.0) as pool:
        rows = pool._spread(tasks)
        next(rows)
        kill_one_process(pool)

        with pytest.raises(WorkerLost, match="--study"):
            list(rows)


def test_combinations_that_cannot_be_run_are_rows_that_say_so():
    rows = search(setting_of(searched_play("{value: 3, low: 0, high: 3, step: 3}")), Method.GRID)

    assert {row.values["fast"] for row in rows if row.refused} == {0.0}
    assert all(row.score is not None for row in ranked(rows))
    with pytest.raises(ConfigurationError, match="no combination can be run"):
        ranked([row for row in rows if row.refused])


def test_runs_that_reach_what_is_required_come_first():
    rows = search(setting_of(searched_play(required="{trades: 120}")), Method.GRID)

    best = ranked(rows)

    flags = [row.is_passed for row in best]
    assert flags == sorted(flags, reverse=True)
    assert len(set(flags)) == 2
    assert all((row.trades >= 120) == row.is_passed for row in best)


def test_a_space_knows_its_size_without_being_built():
    space = space_of(searched_play("{value: 3, low: 2, high: 900, step: 0.0000000001}"))

    assert space.size == 8_980_000_000_001 * 11
    assert "fast: 8980000000001 x slow: 11" in space.text


def test_plays_travel_to_other_processes():
    play = searched_play()

    assert pickle.loads(pickle.dumps(play)).hash == play.hash


# --- the score -------------------------------------------------------------------------------------------------------


def metrics_of(**parts):
    return Backtest(searched_play(**parts), made(BARS), INSTRUMENT, CASH).run().metrics


def test_a_profit_factor_without_losses_is_better_than_any():
    from dataclasses import replace

    winning = replace(metrics_of(), wins=3, losses=0, average_loss=0.0, profit_factor=0.0)
    play = searched_play(required="{profit_factor: 5}")

    assert figure_of(winning, "profit_factor") == float("inf")
    assert score_of(winning, "profit_factor") == HIGHEST
    assert passed(judged(play.required, winning))


def test_less_drawdown_scores_higher_and_its_requirement_is_a_ceiling():
    from dataclasses import replace

    metrics = metrics_of()
    calm, wild = (replace(metrics, max_drawdown_percent=fall) for fall in (5.0, 50.0))
    required = searched_play(required="{max_drawdown_percent: 20}").required

    assert score_of(calm, "max_drawdown_percent") > score_of(wild, "max_drawdown_percent")
    assert passed(judged(required, calm))
    assert missing(judged(required, wild)) == "max_drawdown_percent 50 (at most 20)"


def test_the_fast_figures_are_those_of_the_report():
    from dataclasses import replace

    run = Backtest(searched_play(), made(BARS), INSTRUMENT, CASH).run()

    assert run.figures == replace(run.metrics, by_reason=(), by_month=())


def test_an_unknown_figure_is_refused_with_the_near_ones():
    with pytest.raises(ConfigurationError, match="did you mean 'sharpe'"):
        require_figure("sharp")


def test_what_is_required_does_not_change_what_a_play_is():
    assert searched_play(required="{trades: 30}").hash == searched_play().hash
