"""Which changes of limits bind less; every limit that bounds trading has a direction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.safety.host import HostLimits
from engine.safety.limits import Limits
from engine.safety.loosening import (
    ANY_IS_LOOSER,
    BINDS_NOTHING,
    GREATER_IS_LOOSER,
    LESS_IS_LOOSER,
    PAIR,
    as_text,
    loosened,
)
from tests.builders import D

BEFORE = as_text(Limits())


@pytest.mark.parametrize(
    ("looser", "tighter"),
    [
        ({"max_notional": D(90_000)}, {"max_notional": D(10_000)}),
        ({"max_leverage": 6}, {"max_leverage": 4}),
        ({"max_daily_loss": D(2_001)}, {"max_daily_loss": D(1_999)}),
        ({"refusals_red": 11}, {"refusals_red": 9}),
        ({"most_entry_failures": 11}, {"most_entry_failures": 9}),
        ({"alarm_window_ms": 1}, {"alarm_window_ms": 90_000}),
        ({"trigger_stuck_ms": 60_000}, {"trigger_stuck_ms": 1_000}),
        ({"entry_settles_ms": 9_000}, {"entry_settles_ms": 1}),
        ({"not_found_needed": 1}, {"not_found_needed": 5}),
        ({"least_sharpe": D(-5)}, {"least_sharpe": D(0)}),
        ({"host": HostLimits(memory_red=0.99)}, {"host": HostLimits(memory_red=0.97)}),
        ({"host": HostLimits(disk_free_mb_red=1)}, {"host": HostLimits(disk_free_mb_red=200)}),
    ],
)
def test_looser_is_told_and_tighter_is_not(looser, tighter):
    name = next(iter(looser))

    (told,) = loosened(BEFORE, as_text(replace(Limits(), **looser)))

    assert told.removeprefix("host.").startswith(name if name != "host" else ("memory", "disk"))
    assert loosened(BEFORE, as_text(replace(Limits(), **tighter))) == ()


@pytest.mark.parametrize(
    "changed", [{"day_zone": "Asia/Tokyo"}, {"volatility_bars": 300}, {"volatility_bars": 3}, {"sharpe_trades": 3_000}]
)
def test_what_may_bind_less_either_way_is_told(changed):
    assert len(loosened(BEFORE, as_text(replace(Limits(), **changed)))) == 1


@pytest.mark.parametrize("name", BEFORE)
def test_every_limit_has_a_direction(name):
    has_one = name.startswith((*GREATER_IS_LOOSER, *LESS_IS_LOOSER)) or name.endswith(PAIR)

    assert has_one + (name in ANY_IS_LOOSER) + (name in BINDS_NOTHING) == 1, f"say which way {name} is looser"


def test_what_was_not_known_before_is_not_loosened():
    assert loosened({}, BEFORE) == ()
    assert loosened(BEFORE, BEFORE) == ()
