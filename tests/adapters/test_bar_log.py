"""The bars an instance received."""

from __future__ import annotations

import pytest
from adapter_builders import a_bar

from adapters.candles.bar_log import BarLog
from engine.errors import StoreError
from engine.market import MINUTE_NS


@pytest.fixture
def log(tmp_path):
    log = BarLog(tmp_path / "live-1" / "bars.sqlite", is_writer=True)
    yield log
    log.close()


def test_an_empty_log_has_no_ends(log):
    assert log.first_open_time_ns() is None
    assert log.last_open_time_ns() is None
    assert log.read() == ()


def test_bars_come_back_bit_by_bit_and_in_order(log):
    odd = a_bar(2, close=0.1 + 0.2)
    log.append([a_bar(3), odd, a_bar(1)])

    assert log.read() == (a_bar(1), odd, a_bar(3))
    assert log.read(2 * MINUTE_NS, 3 * MINUTE_NS) == (odd,)
    assert (log.first_open_time_ns(), log.last_open_time_ns()) == (MINUTE_NS, 3 * MINUTE_NS)


def test_the_same_bar_again_changes_nothing_and_the_first_word_stands(log):
    log.append([a_bar(1)])
    log.append([a_bar(1), a_bar(1, close=99.5), a_bar(2)])

    assert log.read() == (a_bar(1), a_bar(2))


def test_one_writer_any_readers(log):
    with pytest.raises(StoreError, match="already open for writing"):
        BarLog(log.path, is_writer=True)

    reader = BarLog(log.path)
    log.append([a_bar(1)])
    assert reader.read() == (a_bar(1),)
    with pytest.raises(StoreError, match="opened for reading"):
        reader.append([a_bar(2)])
    reader.close()


def test_a_reader_of_nothing_is_told(tmp_path):
    with pytest.raises(StoreError, match="the instance never ran"):
        BarLog(tmp_path / "bars.sqlite")
