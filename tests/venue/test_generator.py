"""What each generator promises: its shape is there, at its times, whatever the seed."""

from itertools import pairwise

import pytest

from venue.build import build
from venue.core.instrument import instrument
from venue.generator import Generator
from venue.settings import read_settings

SEEDS = (1, 2, 3)


def closes(kind: str, seed: int, count: int = 1000) -> list[float]:
    source = Generator(kind, seed, instrument("BTCUSDT"))
    return [float(source.candle(n).close) for n in range(count)]


def change(prices: list[float], first: int, last: int) -> float:
    return prices[last] / prices[first] - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_wanders_without_leaps(seed):
    made = closes("walk", seed)

    assert max(abs(change(made, n, n + 1)) for n in range(999)) < 0.006
    assert abs(change(made, 0, 999)) < 0.12


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trend_rises_longer_than_it_falls(seed):
    made = closes("trend", seed)

    assert change(made, 0, 239) > 0.02
    assert change(made, 240, 359) < 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pump_is_followed_by_its_dump(seed):
    made = closes("pump", seed)

    assert change(made, 599, 629) > 0.12
    assert change(made, 630, 689) < -0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flash_crash_comes_back(seed):
    made = closes("crash", seed)

    assert change(made, 299, 304) < -0.06
    assert change(made, 304, 314) > 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_gaps_open_away_from_the_close_before(seed):
    source = Generator("gap", seed, instrument("BTCUSDT"))
    made = [source.candle(n) for n in range(1000)]
    leaps = [abs(after.open / before.close - 1) for before, after in pairwise(made)]

    assert 2 <= sum(leap > 0.004 for leap in leaps) <= 25
    assert max(leaps) < 0.021


def test_flat_hardly_moves():
    made = closes("flat", 1)

    assert max(made) / min(made) < 1.005


@pytest.mark.parametrize("seed", SEEDS)
def test_a_halt_stops_trading_and_opens_elsewhere(seed):
    venue = build(read_settings(["--generator", "halt", "--seed", str(seed), "--history", "190"]))
    book, seen = venue.floor.books["BTCUSDT"], []
    for _ in range(40):
        venue.market.finish_minute()
        seen.append((book.status, book.last))
    halted = [price for status, price in seen if status == "HALT"]
    bars = venue.market.lanes["BTCUSDT"].history.minutes[200:220]

    assert [status for status, _ in seen] == ["TRADING"] * 10 + ["HALT"] * 20 + ["TRADING"] * 10
    assert len(set(halted)) == 1
    assert {(bar.volume, bar.high, bar.low) for bar in bars} == {(0, halted[0], halted[0])}
    assert seen[30][1] != halted[0]
