import threading

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from adapters.candles.files import CandleError, read_candle_file
from adapters.candles.gaps import fill_gaps
from adapters.candles.generator import generate_candles
from adapters.candles.store import CandleStore, folder_name, import_candles, symbol_of

SYMBOL = "BTC/USDT:USDT"
MINUTE_NS = 60_000_000_000
NEAR_MONTH_END_NS = 1_706_745_000_000_000_000  # 2024-01-31 23:50


def made(bars=30, seed=7, start_ns=NEAR_MONTH_END_NS):
    return generate_candles(SYMBOL, "1m", start_ns, bars, seed)


def table_of(candles):
    columns = {name: getattr(candles, name) for name in ("open", "high", "low", "close", "volume")}
    return pa.table({"open_time_ms": candles.open_time_ns // 1_000_000, **columns})


@pytest.fixture
def store(tmp_path):
    return CandleStore(tmp_path / "candles")


@pytest.fixture
def write(tmp_path):
    def write(table, name="source.parquet"):
        path = tmp_path / name
        (csv.write_csv if path.suffix == ".csv" else parquet.write_table)(table, path)
        return path

    return write


def same(one, other):
    names = ("open_time_ns", "open", "high", "low", "close", "volume")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.mark.parametrize("name", ["source.parquet", "source.csv"])
def test_what_is_imported_is_what_is_loaded_to_the_last_bit(store, write, name):
    candles = made()

    done = import_candles(store, write(table_of(candles), name), "local", SYMBOL, "1m")

    assert (done.rows, done.added, done.filled, len(done.coverage)) == (30, 30, 0, 1)
    assert same(store.load("local", SYMBOL, "1m"), candles)


def test_files_are_by_month_and_nothing_else_is_left(store):
    store.append("local", made())

    files = sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*.p*"))
    assert files == [f"local/BTC-USDT_USDT/1m/2024-{month}.parquet" for month in ("01", "02")]


def test_a_part_is_loaded_by_time_start_included_end_not(store):
    candles = made()
    store.append("local", candles)

    part = store.load("local", SYMBOL, "1m", NEAR_MONTH_END_NS + 5 * MINUTE_NS, NEAR_MONTH_END_NS + 15 * MINUTE_NS)

    assert same(part, candles.rows(5, 15))


def test_importing_again_adds_nothing_and_other_values_are_refused_unless_replaced(store, write):
    path, other = write(table_of(made())), write(table_of(made(seed=8)), "other.parquet")
    import_candles(store, path, "local", SYMBOL, "1m")

    assert import_candles(store, path, "local", SYMBOL, "1m").added == 0
    with pytest.raises(CandleError, match=r"2024-01-31 23:50 UTC is stored with other values.*--replace"):
        import_candles(store, other, "local", SYMBOL, "1m")
    assert same(store.load("local", SYMBOL, "1m"), made())
    import_candles(store, other, "local", SYMBOL, "1m", replace=True)
    assert same(store.load("local", SYMBOL, "1m"), made(seed=8))


def test_a_conflict_in_a_later_month_changes_no_earlier_one(store):
    store.append("local", made().rows(12, 30))

    changed = made(seed=8)
    with pytest.raises(CandleError):
        store.append("local", changed)

    assert store.coverage("local", SYMBOL, "1m")[0].bars == 18


def test_stretches_are_told_apart_and_joined_when_the_gap_is_filled(store):
    candles = made(60)
    store.append("local", candles.rows(0, 20))
    store.append("local", candles.rows(40, 60))
    apart = store.coverage("local", SYMBOL, "1m")
    store.append("local", candles.rows(15, 45))

    assert [one.bars for one in apart] == [20, 20]
    assert [one.bars for one in store.list()] == [60]
    assert same(store.load("local", SYMBOL, "1m"), candles)


def with_column(name, row, value):
    table = table_of(made())
    values = table.column(name).to_pylist()
    values[row] = value
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def rows(*positions):
    return table_of(made()).take(pa.array(positions))


GIVEN_BAD = [
    (table_of(made()).drop_columns(["volume"]), r"column volume missing .it has open_time_ms, open.*rename"),
    (rows(0, 2, 1), r"row 3 .2024-01-31 23:51 UTC. is earlier than|row 3 .*earlier than the row before: sort"),
    (rows(0, 1, 1, 2), r"row 3 .*the same time as the row before: remove one"),
    (rows(0, 1, 3), r"1 bar is missing before row 3 .2024-01-31 23:53 UTC.*--fill-gaps"),
    (rows(0, 1, 9), r"7 bars are missing before row 3"),
    (with_column("close", 4, float("nan")), r"row 5 .2024-01-31 23:54 UTC.: close is not a number"),
    (with_column("open", 4, float("inf")), r"row 5 .*open is not a number"),
    (with_column("volume", 4, -1.0), r"row 5 .*volume is negative .-1."),
    (with_column("low", 4, -1.0), r"row 5 .*low is not above 0"),
    (with_column("high", 4, 1.0), r"row 5 .*high is below open or close"),
    (with_column("low", 4, 99_999.0), r"row 5 .*low is above open or close"),
    (with_column("close", 4, None), r"row 5: close is empty"),
    (with_column("open_time_ms", 0, 1), r"row 1 .1 ms. does not open a 1m bar"),
    (table_of(made()).slice(0, 0), r"there is no row in it"),
    (
        pa.table({**{name: ["x"] for name in table_of(made()).column_names}}),
        r"column open_time_ms is not made of numbers",
    ),
]


@pytest.mark.parametrize(("table", "said"), GIVEN_BAD, ids=[said[:30] for _, said in GIVEN_BAD])
def test_bad_candles_are_refused_with_row_time_and_remedy_and_nothing_is_stored(store, write, table, said):
    with pytest.raises(CandleError, match=said):
        import_candles(store, write(table), "local", SYMBOL, "1m")

    assert store.list() == ()


def test_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    (tmp_path / "notes.txt").write_text("hello")

    for name, said in (
        ("broken.parquet", "not a readable parquet"),
        ("notes.txt", "unknown kind"),
        ("no.csv", "no such"),
    ):
        with pytest.raises(CandleError, match=said):
            read_candle_file(tmp_path / name, SYMBOL, "1m")


def test_gaps_are_filled_flat_and_without_volume_when_asked(store, write):
    done = import_candles(store, write(rows(0, 1, 4, 5)), "local", SYMBOL, "1m", fill_gaps=True)

    loaded, source = store.load("local", SYMBOL, "1m"), made()
    assert (done.rows, done.filled, len(loaded)) == (4, 2, 6)
    for bar in (2, 3):
        assert {loaded.open[bar], loaded.high[bar], loaded.low[bar], loaded.close[bar]} == {source.close[1]}
        assert loaded.volume[bar] == 0
    assert same(loaded.take(np.array([0, 1, 4, 5])), source.take(np.array([0, 1, 4, 5])))


def test_what_is_not_there_is_said_with_what_is(store):
    store.append("local", made())

    with pytest.raises(
        CandleError, match=r"no candles of ETH/USDT:USDT 1m of local .*stored are BTC/USDT:USDT 1m of local"
    ):
        store.load("local", "ETH/USDT:USDT", "1m")
    with pytest.raises(CandleError, match="from 1970-01-01"):
        store.load("local", SYMBOL, "1m", 0, 1_000)


def test_duckdb_reads_the_same_candles_and_an_empty_store(store):
    empty = store.query().sql("select count(*) from candles").fetchall()
    store.append("local", made())

    found = store.query().sql("select exchange, symbol, timeframe, count(*), sum(volume) from candles group by all")

    assert empty == [(0,)]
    assert found.fetchall() == [("local", SYMBOL, "1m", 30, pytest.approx(made().volume.sum()))]


def test_writers_take_turns_and_readers_never_see_half(store):
    candles = made(600)
    store.append("local", candles.rows(0, 1))
    seen = []

    def write(part):
        store.append("local", candles.rows(part * 100, part * 100 + 100))

    def read():
        for _ in range(30):
            seen.append(same(store.load("local", SYMBOL, "1m").rows(0, 1), candles.rows(0, 1)))

    threads = [threading.Thread(target=write, args=(part,)) for part in range(6)] + [threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(seen)
    assert len(seen) == 30
    assert same(store.load("local", SYMBOL, "1m"), candles)


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "1000PEPE/USDT:USDT", "ETH/BTC:BTC"])
def test_a_symbol_is_a_folder_and_back(symbol):
    assert symbol_of(folder_name(symbol)) == symbol


def test_the_same_seed_is_the_same_market():
    assert same(made(200), made(200))
    assert not same(made(200), made(200, seed=8))


def test_short_gaps_in_the_store_are_filled_and_long_ones_left(store):
    whole = made(60)
    store.append("local", whole.take(np.r_[0:10, 13:30, 50:60]))

    done = fill_gaps(store, "local", SYMBOL, "1m", 5)

    stored = store.load("local", SYMBOL, "1m")
    filled = stored.rows(10, 13)
    assert done == (1, 3)
    assert [one.bars for one in store.coverage("local", SYMBOL, "1m")] == [30, 10]
    assert set(filled.open) == set(filled.high) == set(filled.low) == set(filled.close) == {whole.close[9]}
    assert not filled.volume.any()
    assert fill_gaps(store, "local", SYMBOL, "1m", 5) == (0, 0)
