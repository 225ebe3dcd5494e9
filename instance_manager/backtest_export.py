"""A backtest as Parquet: exact trades in the file that was named, the equity of every bar in one beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigurationError

if TYPE_CHECKING:
    from engine.performance import ClosedTrade
    from plays.backtest_result import BacktestResult
    from plays.search import SearchSetting
    from plays.walk_forward import Tried

# enough for every amount of the ledger: 20 digits before the point, 18 after
DIGITS, DECIMALS = 38, 18


def export(result: BacktestResult, file: Path) -> tuple[Path, Path]:
    """Writes both files, each whole or not at all; returns their names. Raises ConfigurationError for other endings."""
    _require_parquet(file)
    equity_file = file.with_suffix(".equity.parquet")
    _write(_trades_table(result), file)
    _write(_equity_table(result), equity_file)
    return file, equity_file


def export_stitched(setting: SearchSetting, parts: Sequence[Tried], file: Path) -> None:
    """Writes the stitched equity of a walk-forward, a row for each bar with the number of its window."""
    import numpy as np
    import pyarrow as pa

    from plays.walk_forward import stitched_equity

    _require_parquet(file)
    times = setting.candles.open_time_ns[parts[0].window.test_first : parts[-1].window.test_last]
    columns = {
        "open_time": pa.array(times, pa.timestamp("ns", tz="UTC")),
        "window": np.repeat(np.arange(1, len(parts) + 1), [len(part.equity) for part in parts]),
        "equity": stitched_equity(parts),
    }  # fmt: skip
    _write(pa.table(columns), file)


def _require_parquet(file: Path) -> None:
    if file.suffix != ".parquet":
        raise ConfigurationError(f"--export {file}: the file's name must end in .parquet")


def write_whole(file: Path, content: bytes) -> None:
    """The file has all of `content`, or is as it was before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _write(table: Any, file: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    write_whole(file, sink.getvalue().to_pybytes())


def _trades_table(result: BacktestResult) -> Any:
    import pyarrow as pa

    money, time = pa.decimal128(DIGITS, DECIMALS), pa.timestamp("ns", tz="UTC")
    types = {
        "side": pa.string(), "quantity": money, "entry_time_ns": time, "exit_time_ns": time, "entry_price": money,
        "exit_price": money, "fees": money, "funding": money, "pnl": money,
        "exit_reason": pa.string(),
    }  # fmt: skip
    columns = {
        name.removesuffix("_ns"): pa.array([_cell(trade, name) for trade in result.trades], kind)
        for name, kind in types.items()
    }
    return pa.table(columns).replace_schema_metadata(_about(result))


def _cell(trade: ClosedTrade, name: str) -> Any:
    value = getattr(trade, name)
    if isinstance(value, Decimal):
        return value.quantize(Decimal(1).scaleb(-DECIMALS))
    return value.value if name == "exit_reason" else value


def _equity_table(result: BacktestResult) -> Any:
    import pyarrow as pa

    from engine.performance import drawdown_curve

    columns = {
        "open_time": pa.array(result.candles.open_time_ns, pa.timestamp("ns", tz="UTC")),
        "close": result.candles.close, "equity": result.equity_curve,
        "drawdown_percent": drawdown_curve(result.equity_curve, float(result.starting_equity)) * 100,
    }  # fmt: skip
    return pa.table(columns).replace_schema_metadata(_about(result))


def _about(result: BacktestResult) -> dict[str, str]:
    """What was run, in the file's own words."""
    return {
        "play": result.play.name, "play_hash": result.play.hash, "symbol": result.play.symbol,
        "timeframe": result.play.timeframe, "starting_equity": str(result.starting_equity),
        "final_equity": format(result.final_equity, "f"), "signals_hash": result.signals_hash,
        "trades_hash": result.trades_hash,
    }  # fmt: skip
