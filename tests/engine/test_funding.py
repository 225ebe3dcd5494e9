from decimal import Decimal

import numpy as np
import pytest

from engine.errors import DataError
from engine.funding import EVERY_NS, FundingRates, constant_by_bar

HOUR_NS = EVERY_NS // 8
START_NS = 1_577_836_800_000_000_000  # a midnight


def hours(count, first=0):
    return START_NS + HOUR_NS * np.arange(first, first + count, dtype=np.int64)


def test_one_rate_is_due_at_midnight_eight_and_sixteen():
    due = constant_by_bar(Decimal("0.0001"), hours(25, first=-1))

    assert {hour - 1: rate for hour, rate in enumerate(due.tolist()) if rate} == {0: 100_000, 8: 100_000, 16: 100_000}


def test_nobody_came_into_the_first_bar():
    assert constant_by_bar(Decimal("0.0001"), hours(3)).tolist() == [0, 0, 0]


def test_a_long_bar_has_the_instants_since_the_open_before():
    days = START_NS + 3 * EVERY_NS * np.arange(3, dtype=np.int64)

    assert constant_by_bar(Decimal("0.0001"), days).tolist() == [0, 300_000, 300_000]


def test_a_record_is_due_at_the_first_open_from_its_instant_on():
    instants = START_NS + np.array([0, EVERY_NS + 5, 2 * EVERY_NS, 3 * EVERY_NS], np.int64)
    record = FundingRates(time_ns=instants, rate=np.array([5, 7, -3, 1], np.int64))

    due = record.by_bar(hours(24))

    # five nanoseconds after 08:00: the next open is 09:00
    assert {hour: rate for hour, rate in enumerate(due.tolist()) if rate} == {9: 7, 16: -3}


def test_a_record_with_a_hole_is_refused_with_its_place():
    instants = START_NS + EVERY_NS * np.array([0, 1, 2, 6, 7], np.int64)
    record = FundingRates(time_ns=instants, rate=np.ones(5, np.int64))

    with pytest.raises(DataError, match="no funding rates between 2020-01-01 16:00 UTC and 2020-01-03 00:00 UTC"):
        record.by_bar(hours(56))
    with pytest.raises(DataError, match="no funding rates between"):
        record.by_bar(hours(56, first=100))
    assert record.by_bar(hours(16)).sum() == 1
