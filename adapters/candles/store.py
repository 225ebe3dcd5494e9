"""The candle store: immutable Parquet files by exchange / instrument / timeframe / month under one folder.

A file is written under a temporary name and renamed, so a reader sees the old month or the new one, never half of it.
Any number of processes may read; writers of the same candles take turns by a lock on their folder. DuckDB reads the
same files.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.candles.files import COLUMNS, MS_NS, CandleError, read_candle_file
from engine.candles import Candles, utc
from engine.market import timeframe_ns

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One unbroken stretch of stored candles. Times are those of the first and the last bar's open (UTC)."""

    exchange: str
    symbol: str
    timeframe: str
    first_open_time_ns: int
    last_open_time_ns: int
    bars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did. `added` bars are new; the others were stored already, equal to the last digit."""

    rows: int
    added: int
    filled: int
    coverage: tuple[Coverage, ...]


class CandleStore:
    """The candles under `root`. Opening one reads and writes nothing."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def load(
        self, exchange: str, symbol: str, timeframe: str, start_ns: int | None = None, end_ns: int | None = None
    ) -> Candles:
        """The stored candles that opened in [start, end), in order; gaps between imports stay gaps.

        Raises CandleError when there is none, naming what there is.
        """
        files = [file for file in self._files(exchange, symbol, timeframe) if _may_hold(file, start_ns, end_ns)]
        candles = _read(files, symbol, timeframe).between(start_ns, end_ns) if files else None
        if candles is None or len(candles) == 0:
            raise self._nothing(exchange, symbol, timeframe, start_ns, end_ns)
        return candles

    def append(self, exchange: str, candles: Candles, *, replace: bool = False) -> int:
        """Adds candles; returns how many are new. Bars already stored must be equal, unless `replace` overwrites them.

        Raises CandleError at the first that differs; then nothing was changed.
        """
        folder = self._folder(exchange, candles.symbol, candles.timeframe)
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(folder):
            months = [_month_with(folder / f"{month}.parquet", part, replace) for month, part in _by_month(candles)]
            for month in months:
                _write(month)
        return sum(month.added for month in months)

    def coverage(self, exchange: str, symbol: str, timeframe: str) -> tuple[Coverage, ...]:
        """The unbroken stretches stored, oldest first."""
        files = self._files(exchange, symbol, timeframe)
        return tuple(_stretches(exchange, symbol, timeframe, _times(files))) if files else ()

    def list(self) -> tuple[Coverage, ...]:
        """All that is stored."""
        folders = sorted(path for path in self.root.glob("*/*/*") if path.is_dir())
        return tuple(
            stretch
            for folder in folders
            for stretch in self.coverage(folder.parts[-3], symbol_of(folder.parts[-2]), folder.parts[-1])
        )

    def query(self) -> duckdb.DuckDBPyConnection:
        """An in-memory DuckDB with a view `candles`: exchange, symbol, timeframe and the columns of the files."""
        import duckdb

        connection = duckdb.connect(":memory:")
        pattern = str(self.root / "*" / "*" / "*" / "*.parquet").replace("'", "''")
        source = f"read_parquet('{pattern}', filename = true)" if any(self.root.glob("*/*/*/*.parquet")) else _EMPTY
        connection.execute(
            f"""create view candles as select
                split_part(filename, '/', -4) as exchange,
                replace(replace(split_part(filename, '/', -3), '-', '/'), '_', ':') as symbol,
                split_part(filename, '/', -2) as timeframe,
                epoch_ms(open_time_ms) as open_time, {", ".join(COLUMNS)} from {source}"""
        )
        return connection

    def funding_file(self, exchange: str, symbol: str) -> Path:
        """Where a record of an instrument's funding rates lies, if there is one: beside the candles."""
        return self.root / exchange / folder_name(symbol) / "funding.parquet"

    def _folder(self, exchange: str, symbol: str, timeframe: str) -> Path:
        return self.root / exchange / folder_name(symbol) / timeframe

    def _files(self, exchange: str, symbol: str, timeframe: str) -> Sequence[Path]:
        return sorted(self._folder(exchange, symbol, timeframe).glob("*.parquet"))

    def _nothing(
        self, exchange: str, symbol: str, timeframe: str, start_ns: int | None, end_ns: int | None
    ) -> CandleError:
        asked = f"{symbol} {timeframe} of {exchange}"
        if start_ns is not None or end_ns is not None:
            asked += f" from {utc(start_ns) if start_ns is not None else 'the first'} to "
            asked += utc(end_ns) if end_ns is not None else "the last"
        stored = ", ".join(
            f"{item.symbol} {item.timeframe} of {item.exchange} {utc(item.first_open_time_ns)} to "
            f"{utc(item.last_open_time_ns)}"
            for item in self.list()[:5]
        )
        return CandleError(
            f"no candles of {asked} in {self.root}: stored are {stored or 'none'}; "
            "use import-data, download-data or generate-data"
        )


def import_candles(
    store: CandleStore, source: str | Path, exchange: str, symbol: str, timeframe: str, *, fill_gaps: bool = False,
    replace: bool = False,
) -> Imported:  # fmt: skip
    """Checks the candles of a Parquet or CSV file and stores them. Raises CandleError; then nothing was stored."""
    candles, filled = read_candle_file(Path(source), symbol, timeframe, fill_gaps=fill_gaps)
    added = store.append(exchange, candles, replace=replace)
    return Imported(
        rows=len(candles) - filled, added=added, filled=filled, coverage=store.coverage(exchange, symbol, timeframe)
    )


def folder_name(symbol: str) -> str:
    """`BTC/USDT:USDT` as a folder: `BTC-USDT_USDT`."""
    return symbol.replace("/", "-").replace(":", "_")


def symbol_of(folder: str) -> str:
    """The symbol of a folder."""
    return folder.replace("-", "/", 1).replace("_", ":", 1)


# --- files -----------------------------------------------------------------------------------------------------------

_EMPTY = (
    "(select '' as filename, 0::bigint as open_time_ms, 0.0 as open, 0.0 as high, 0.0 as low, 0.0 as close, "
    "0.0 as volume where false)"
)


def _may_hold(file: Path, start_ns: int | None, end_ns: int | None) -> bool:
    """Whether the month of a file overlaps [start, end)."""
    return (start_ns is None or file.stem >= _month(start_ns)) and (end_ns is None or file.stem <= _month(end_ns))


def _month(time_ns: int) -> str:
    return utc(time_ns)[:7]


def _read(files: Sequence[Path], symbol: str, timeframe: str) -> Candles:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.concat_tables([parquet.ParquetFile(file).read() for file in files])
    columns = {name: table.column(name).to_numpy() for name in COLUMNS}
    return Candles(
        symbol=symbol, timeframe=timeframe, open_time_ns=columns.pop("open_time_ms") * MS_NS, **columns
    )  # fmt: skip


def _times(files: Sequence[Path]) -> Array:
    import numpy as np
    from pyarrow import parquet

    parts = [parquet.ParquetFile(file).read(columns=["open_time_ms"]).column(0).to_numpy() for file in files]
    times: Array = np.concatenate(parts) * MS_NS
    return times


def _stretches(exchange: str, symbol: str, timeframe: str, times: Any) -> Iterator[Coverage]:
    import numpy as np

    breaks = np.flatnonzero(np.diff(times) != timeframe_ns(timeframe)) + 1
    for part in np.split(times, breaks):
        yield Coverage(
            exchange=exchange, symbol=symbol, timeframe=timeframe, first_open_time_ns=int(part[0]),
            last_open_time_ns=int(part[-1]), bars=len(part),
        )  # fmt: skip


def _by_month(candles: Candles) -> Iterator[tuple[str, Candles]]:
    import numpy as np

    months = candles.open_time_ns.astype("datetime64[ns]").astype("datetime64[M]")
    edges = [0, *(np.flatnonzero(months[1:] != months[:-1]) + 1).tolist(), len(candles)]
    for first, last in pairwise(edges):
        if last > first:
            yield str(months[first]), candles.rows(first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Month:
    """What a month's file is to hold; `is_changed` says whether it holds that already."""

    file: Path
    candles: Candles
    added: int
    is_changed: bool


def _month_with(file: Path, new: Candles, replace: bool) -> _Month:
    """The month's file with `new` merged in. Raises CandleError where a stored bar differs, unless `replace`."""
    import numpy as np

    if not file.exists():
        return _Month(file=file, candles=new, added=len(new), is_changed=True)
    old = _read([file], new.symbol, new.timeframe)
    _, in_old, in_new = np.intersect1d(old.open_time_ns, new.open_time_ns, assume_unique=True, return_indices=True)
    differing = _differing(old.take(in_old), new.take(in_new))
    if len(differing) and not replace:
        time = utc(int(new.open_time_ns[in_new[differing[0]]]))
        raise CandleError(
            f"{file}: the bar of {time} is stored with other values: check the source, or import with --replace"
        )
    added = len(new) - len(in_new)
    kept = old.take(np.setdiff1d(np.arange(len(old)), in_old, assume_unique=True))
    return _Month(file=file, candles=_together(kept, new), added=added, is_changed=bool(added or len(differing)))


def _differing(old: Candles, new: Candles) -> Array:
    """Positions at which two runs of the same bars differ."""
    import numpy as np

    differs = np.zeros(len(old), bool)
    for name in COLUMNS[1:]:
        differs |= getattr(old, name) != getattr(new, name)
    return np.flatnonzero(differs)


def _together(one: Candles, other: Candles) -> Candles:
    """The bars of both, in order of time."""
    import numpy as np

    times = np.concatenate([one.open_time_ns, other.open_time_ns])
    columns = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in COLUMNS[1:]}
    both = Candles(symbol=one.symbol, timeframe=one.timeframe, open_time_ns=times, **columns)
    return both.take(np.argsort(times, kind="stable"))


def _write(month: _Month) -> None:
    """Writes beside and renames: whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    if not month.is_changed:
        return
    candles, file = month.candles, month.file
    columns = {"open_time_ms": candles.open_time_ns // MS_NS} | {name: getattr(candles, name) for name in COLUMNS[1:]}
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        parquet.write_table(pa.table(columns), draft)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Waits until no other process writes into `folder`."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
