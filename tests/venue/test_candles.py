"""Candles: what is refused, how longer bars are folded, how pages are cut, and the way prices take within a minute."""

from decimal import Decimal

import pytest

from tests.venue.builders import candle_rows, write_candles
from venue.build import build
from venue.candles import MINUTE_MS, Candle, CandleError, CandleFile, History
from venue.core.instrument import instrument
from venue.generator import KINDS, Generator
from venue.market import path
from venue.settings import SettingsError, read_settings

D = Decimal
BTC = instrument("BTCUSDT")


def broken(rows, index, column, value):
    row = list(rows[index])
    row[column] = value
    return [*rows[:index], tuple(row), *rows[index + 1 :]]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda rows: rows[:5] + rows[6:], "row 5: open_time_ms 1640995560000 where 1640995500000 must follow"),
        (lambda rows: rows[:5] + rows[4:], "row 5"),
        (lambda rows: rows[::-1], "row 1"),
        (lambda rows: broken(rows, 3, 0, rows[3][0] + 1), "not a whole minute"),
        (lambda rows: broken(rows, 3, 4, float("nan")), "row 3: not a number"),
        (lambda rows: broken(rows, 3, 2, 1.0), "row 3: open"),
        (lambda rows: broken(rows, 3, 3, -1.0), "is not positive"),
        (lambda rows: [], "no rows"),
    ],
)
def test_a_bad_file_is_refused_with_its_row_and_reason(tmp_path, change, text):
    file = write_candles(tmp_path / "candles.parquet", change(candle_rows()))

    with pytest.raises(CandleError, match=r"candles\.parquet") as caught:
        CandleFile(file, BTC)

    assert text in str(caught.value)


def test_a_missing_or_strange_file_is_refused(tmp_path):
    strange = tmp_path / "strange.parquet"
    strange.write_text("not parquet")

    for file in (tmp_path / "none.parquet", strange):
        with pytest.raises(CandleError, match=file.name):
            CandleFile(file, BTC)


def test_prices_are_rounded_to_the_tick_and_volumes_are_kept(tmp_path):
    rows = [(1_640_995_200_000, 23140.48, 23150.77, 23128.52, 23142.36, 2.131777)]

    candle = CandleFile(write_candles(tmp_path / "c.parquet", rows), BTC).candle(0)

    assert (candle.open, candle.high, candle.low, candle.close) == (
        D("23140.5"),
        D("23150.8"),
        D("23128.5"),
        D("23142.4"),
    )
    assert candle.volume == D("2.131777")


def minute(index: int, price: int = 100) -> Candle:
    return Candle(
        open_time_ms=index * MINUTE_MS,
        open=D(price),
        high=D(price + 2),
        low=D(price - 2),
        close=D(price + 1),
        volume=D(1),
    )


def test_longer_bars_are_folded_and_a_bar_that_began_before_history_is_not_shown():
    history = History()
    for index in range(3, 17):
        history.close_minute(minute(index, 100 + index))

    closed = history.series("5m").closed

    assert [c.open_time_ms // MINUTE_MS for c in closed] == [5, 10]
    assert (closed[0].open, closed[0].close, closed[0].high, closed[0].volume) == (D(105), D(110), D(111), D(5))
    assert [(bar.open_time_ms // MINUTE_MS, done) for bar, done in history.bars("5m", None, None, 2)] == [
        (10, True),
        (15, False),
    ]


def test_pages_go_forward_from_a_start_and_are_the_newest_without():
    history = History()
    for index in range(10):
        history.close_minute(minute(index))

    def opens(start=None, end=None, limit=3):
        bars = history.bars("1m", start, end, limit)
        return [bar.open_time_ms // MINUTE_MS for bar, _ in bars]

    assert opens() == [7, 8, 9]
    assert opens(start=2 * MINUTE_MS) == [2, 3, 4]
    assert opens(start=2 * MINUTE_MS + 1) == [3, 4, 5]
    assert opens(end=5 * MINUTE_MS) == [3, 4, 5]
    assert opens(start=2 * MINUTE_MS, end=3 * MINUTE_MS) == [2, 3]
    assert opens(start=20 * MINUTE_MS) == []


def test_within_a_minute_the_extreme_against_its_direction_comes_first():
    up = Candle(open_time_ms=0, open=D(100), high=D(110), low=D(95), close=D(105), volume=D(1))
    down = Candle(open_time_ms=0, open=D(105), high=D(110), low=D(95), close=D(100), volume=D(1))

    assert path(up, 4) == [D(100), D(95), D(110), D(105)]
    assert path(down, 4) == [D(105), D(110), D(95), D(100)]
    assert {min(path(up, 61)), max(path(up, 61))} == {D(95), D(110)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_generator_repeats_itself_from_its_seed_and_makes_believable_bars(kind):
    def candles(seed):
        source = Generator(kind, seed, BTC)
        return [source.candle(i) for i in range(800)]

    made = candles(5)

    assert made == candles(5)
    assert made != candles(6)
    assert all(c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in made)


def played(arguments: list[str], minutes: int) -> list[tuple[int, Decimal]]:
    venue = build(read_settings(arguments))
    for _ in range(minutes):
        venue.market.finish_minute()
    return [(c.open_time_ms, c.close) for c in venue.market.lanes["BTCUSDT"].history.minutes]


def test_the_same_seed_plays_the_same_market():
    assert played(["--seed", "9", "--history", "5"], 50) == played(["--seed", "9", "--history", "5"], 50)
    assert played(["--seed", "9", "--history", "5"], 50) != played(["--seed", "8", "--history", "5"], 50)


def test_a_file_that_loops_goes_on_in_time_and_one_that_holds_ends(tmp_path):
    file = str(write_candles(tmp_path / "c.parquet", candle_rows(10)))
    shown = played(["--candles", file, "--history", "4", "--at-end", "loop"], 16)

    times = [time for time, _ in shown]
    assert times == list(range(times[0], times[0] + 20 * MINUTE_MS, MINUTE_MS))
    assert [c for _, c in shown[:10]] == [c for _, c in shown[10:]]
    holding = build(read_settings(["--candles", file, "--history", "4"]))
    for _ in range(6):
        holding.market.finish_minute()
    assert holding.market.is_over


def test_a_history_longer_than_the_file_is_refused(tmp_path):
    file = str(write_candles(tmp_path / "c.parquet", candle_rows(10)))

    with pytest.raises(CandleError, match="--history 10"):
        build(read_settings(["--candles", file, "--history", "10"]))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--symbol", "btc/usdt"], "--symbol"),
        (["--speed", "-1"], "--speed"),
        (["--history", "0"], "--history"),
        (["--port", "70000"], "--port"),
        (["--tick", "ETHUSDT=0.1"], "--tick"),
        (["--tick", "BTCUSDT=x"], "--tick"),
        (["--account", "mykey"], "KEY:SECRET:BALANCE"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, text):
    with pytest.raises(SettingsError, match=text) as caught:
        read_settings(arguments)

    assert "mykey" not in str(caught.value)
