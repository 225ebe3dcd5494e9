"""Comparison: equal is equal to the last bit, and every kind of difference is found and named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.candles.bar_log import BarLog
from adapters.candles.generator import generate_candles
from adapters.journal.archive import archive
from adapters.journal.sqlite_journal import SqliteJournal
from engine.errors import StoreError
from engine.messages.events import AnchorRecorded, SignalReceived
from engine.signal import Intent
from instance_manager.comparison import compare
from instance_manager.workspace import Workspace
from plays.evaluator import Evaluator
from plays.loading import find_play, load_play
from tests.adapters.archive_builders import sql
from tests.desk_builders import workspace_with

NAME = "live-1"
BARS, LIVE_FROM = 300, 60


@pytest.fixture
def lived(tmp_path):
    """`lived(change)`: compares an instance whose journal holds what its play said, after `change`."""

    def make(change=lambda signals: signals, *, is_archived=False):
        workspace = workspace_with(tmp_path / "home")
        play = load_play(find_play("quickstart"))
        bars = list(generate_candles(play.symbol, "1m", 0, BARS, 5).bars())
        evaluator = Evaluator(play)
        said = [signal for bar in bars if (signal := evaluator.step(bar)) and signal.intent is not Intent.NONE]
        live = [signal for signal in said if signal.bar_open_time_ns >= bars[LIVE_FROM].open_time_ns]
        log = BarLog(workspace.bars_file(NAME), is_writer=True)
        log.append(bars)
        log.close()
        journal = SqliteJournal(workspace.journal_file(NAME))
        anchor = AnchorRecorded(open_time_ns=bars[0].open_time_ns, live_from_ns=bars[LIVE_FROM].open_time_ns)
        journal.append([anchor, *(SignalReceived(signal=one) for one in change(live))], [], None, 1)
        journal.close()
        if is_archived:
            assert archive(workspace.journal_file(NAME), 2).messages
        return compare(workspace, NAME, play, bars[-1].open_time_ns)

    return make


def test_an_instance_that_said_what_its_play_says_is_equal(lived):
    found = lived()

    assert found.holds
    assert found.live_signals == found.batch_signals == found.identical > 10
    assert found.bars == BARS


def test_an_archive_takes_nothing_away_from_it(lived):
    found = lived(is_archived=True)

    assert found.holds
    assert found.live_signals == found.batch_signals == found.identical > 10
    assert found.bars == BARS


def test_a_signal_that_is_missing_is_found(lived):
    found = lived(lambda signals: signals[1:])

    assert not found.holds
    assert "the instance said nothing" in found.differences[0]


def test_the_last_signal_missing_is_found(lived):
    assert lived(lambda signals: signals[:-1]).difference_count == 1


def test_a_signal_too_many_is_found(lived):
    def twice(signals):
        extra = replace(signals[0], bar_open_time_ns=signals[0].bar_open_time_ns + 60_000_000_000)
        return [signals[0], extra, *signals[1:]]

    assert lived(twice).difference_count == 1


def test_one_bit_of_one_feature_is_found(lived):
    def nudged(signals):
        (name, value), *others = signals[3].features
        signals[3] = replace(signals[3], features=((name, value * (1 + 2**-52)), *others))
        return signals

    found = lived(nudged)

    assert found.difference_count == 1
    assert found.identical == found.batch_signals - 1


def test_an_anchor_that_an_older_program_archived_comes_back_at_the_next_start(lived, tmp_path):
    lived(is_archived=True)
    file = Workspace(tmp_path / "home").journal_file(NAME)
    sql(file, "UPDATE archives SET seal = NULL, staying = 'SignalReceived TradeClosed'")
    sql(file, "DELETE FROM messages WHERE name = 'AnchorRecorded'")
    play = load_play(find_play("quickstart"))

    with pytest.raises(StoreError, match="next start brings it back"):
        compare(Workspace(tmp_path / "home"), NAME, play, None)

    SqliteJournal(file).close()
    assert compare(Workspace(tmp_path / "home"), NAME, play, None).live_signals > 10


def test_signals_of_an_earlier_play_are_counted_apart(lived):
    found = lived(lambda signals: [replace(signals[0], play_hash="another"), *signals])

    assert found.holds
    assert found.other_play_signals == 1


def test_an_instance_that_never_ran_cannot_be_compared(tmp_path):
    workspace = workspace_with(tmp_path / "home")

    with pytest.raises(StoreError, match="never ran"):
        compare(workspace, NAME, load_play(find_play("quickstart")), None)
