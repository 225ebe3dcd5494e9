"""Candle files of others: Parquet or CSV in, checked `Candles` out. What is wrong is named by row, time and remedy.

Wanted columns: open_time_ms (UTC), open, high, low, close, volume; others are ignored. Rows count from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.candles import Candles, utc
from engine.errors import DataError
from engine.market import timeframe_ns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Floats = NDArray[np.float64]

PRICES = ("open", "high", "low", "close")
COLUMNS = ("open_time_ms", *PRICES, "volume")
MS_NS = 1_000_000


class CandleError(DataError):
    """Candles that cannot be used. The text names file, row, time and remedy."""


def read_candle_file(path: Path, symbol: str, timeframe: str, *, fill_gaps: bool = False) -> tuple[Candles, int]:
    """The candles of a file, and how many bars were filled in. Raises CandleError at the first thing that is wrong.

    With `fill_gaps`, missing bars become flat ones at the last close with no volume.
    """
    columns = columns_of(path, COLUMNS)
    _check_order(path, columns["open_time_ms"], timeframe)
    _check_values(path, columns)
    candles = Candles(
        symbol=symbol, timeframe=timeframe, open_time_ns=columns["open_time_ms"] * MS_NS,
        **{name: columns[name] for name in (*PRICES, "volume")},
    )  # fmt: skip
    gap = candles.first_gap()
    if gap is None:
        return candles, 0
    if not fill_gaps:
        raise _gap(path, candles, gap)
    filled = without_gaps(candles)
    return filled, len(filled) - len(candles)


def without_gaps(candles: Candles) -> Candles:
    """The same candles with every missing bar filled by a flat one at the last close, without volume."""
    import numpy as np

    step = timeframe_ns(candles.timeframe)
    slots = (candles.open_time_ns - candles.open_time_ns[0]) // step
    size = int(slots[-1]) + 1
    source = np.zeros(size, np.int64)
    source[slots] = np.arange(len(candles))
    source = np.maximum.accumulate(source)
    is_new = np.ones(size, bool)
    is_new[slots] = False
    whole = candles.take(source)
    return replace(
        whole, open_time_ns=candles.open_time_ns[0] + np.arange(size) * step,
        open=np.where(is_new, whole.close, whole.open), high=np.where(is_new, whole.close, whole.high),
        low=np.where(is_new, whole.close, whole.low), volume=np.where(is_new, 0.0, whole.volume),
    )  # fmt: skip


def columns_of(path: Path, wanted: Sequence[str]) -> dict[str, Array]:
    """These columns of a file as numbers, times (`..._ms`) as whole ones. Raises CandleError."""
    import pyarrow as pa

    try:
        table = _table(path)
    except FileNotFoundError as error:
        raise CandleError(f"{path}: no such file") from error
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        raise CandleError(f"{path}: not a readable {path.suffix.lstrip('.')} file: {error}") from error
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        raise CandleError(
            f"{path}: column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing (it has "
            f"{', '.join(table.column_names)}): rename them, wanted are {', '.join(wanted)}"
        )
    if table.num_rows == 0:
        raise CandleError(f"{path}: there is no row in it")
    return {name: _column(path, table, name) for name in wanted}


def _table(path: Path) -> Any:
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.ParquetFile(path).read()
    if path.suffix == ".csv":
        from pyarrow import csv

        return csv.read_csv(path)
    raise CandleError(f"{path}: unknown kind of file: give a .parquet or .csv file")


def _column(path: Path, table: Any, name: str) -> Array:
    import pyarrow as pa
    from pyarrow import compute

    wanted = pa.int64() if name.endswith("_ms") else pa.float64()
    column = table.column(name)
    nulls = compute.is_null(column).to_numpy(zero_copy_only=False).nonzero()[0]
    if len(nulls):
        raise CandleError(f"{path}: row {int(nulls[0]) + 1}: {name} is empty: complete or remove the row")
    try:
        values: Array = column.cast(wanted).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise CandleError(f"{path}: column {name} is not made of numbers: {error}") from error
    return values


def _check_order(path: Path, times_ms: Array, timeframe: str) -> None:
    import numpy as np

    steps = np.diff(times_ms)
    wrong = np.flatnonzero(steps <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        what = "has the same time as the row before" if steps[row - 1] == 0 else "is earlier than the row before"
        remedy = "remove one of the two" if steps[row - 1] == 0 else "sort the file by open_time_ms"
        raise CandleError(f"{path}: row {row + 1} ({_time(times_ms, row)}) {what}: {remedy}")
    stray = np.flatnonzero(times_ms * MS_NS % timeframe_ns(timeframe))
    if len(stray):
        row = int(stray[0])
        raise CandleError(
            f"{path}: row {row + 1} ({int(times_ms[row])} ms) does not open a {timeframe} bar: "
            "give the right --timeframe, times in milliseconds UTC"
        )


def _check_values(path: Path, columns: dict[str, Array]) -> None:
    import numpy as np

    for name in (*PRICES, "volume"):
        _refuse(path, columns, ~np.isfinite(columns[name]), f"{name} is not a number", name)
    for name in PRICES:
        _refuse(path, columns, columns[name] <= 0, f"{name} is not above 0", name)
    _refuse(path, columns, columns["volume"] < 0, "volume is negative", "volume")
    top = np.maximum(columns["open"], columns["close"])
    bottom = np.minimum(columns["open"], columns["close"])
    _refuse(path, columns, columns["high"] < top, "high is below open or close", "high")
    _refuse(path, columns, columns["low"] > bottom, "low is above open or close", "low")


def _refuse(path: Path, columns: dict[str, Array], wrong: Array, what: str, name: str) -> None:
    rows = wrong.nonzero()[0]
    if len(rows):
        row = int(rows[0])
        more = f", and {len(rows) - 1} more such rows" if len(rows) > 1 else ""
        raise CandleError(
            f"{path}: row {row + 1} ({_time(columns['open_time_ms'], row)}): {what} ({columns[name][row]:g}){more}: "
            "correct the row, or remove it and import with --fill-gaps"
        )


def _gap(path: Path, candles: Candles, row: int) -> CandleError:
    times, step = candles.open_time_ns, timeframe_ns(candles.timeframe)
    missing = int(times[row] - times[row - 1]) // step - 1
    bars = "1 bar is" if missing == 1 else f"{missing} bars are"
    return CandleError(
        f"{path}: {bars} missing before row {row + 1} ({utc(int(times[row]))}): complete the file, or import with "
        "--fill-gaps to fill in flat bars without volume"
    )


def _time(times_ms: Array, row: int) -> str:
    return utc(int(times_ms[row]) * MS_NS)
