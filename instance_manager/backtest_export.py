"""A backtest as Parquet: exact trades in the file that was named, the equity of every bar in one beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.performance import ClosedTrade
    from plays.backtest_result import BacktestResult
    from plays.portfolio_result import PortfolioResult
    from plays.search import SearchSetting
    from plays.walk_forward import Tried

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

# enough for every amount of the ledger: 20 digits before the point, 18 after
DIGITS, DECIMALS = 38, 18


def export(result: BacktestResult, file: Path) -> tuple[Path, Path]:
    """Writes both files, each whole or not at all; returns their names. Raises ConfigurationError for other endings."""
    require_parquet(file)
    equity_file, about = file.with_suffix(".equity.parquet"), _about(result)
    equity = equity_columns(result.candles.open_time_ns, result.equity_curve, float(result.starting_equity))
    write_columns(trade_columns(result.trades), about, file)
    write_columns({"open_time": equity.pop("open_time"), "close": result.candles.close, **equity}, about, equity_file)
    return file, equity_file


def export_portfolio(result: PortfolioResult, file: Path) -> tuple[Path, Path]:
    """The same of several instruments on one account: each trade says its symbol, the equity is that of the account."""
    require_parquet(file)
    equity_file, about = file.with_suffix(".equity.parquet"), _about(result)
    about |= {"symbols": " ".join(one.symbol for one in result.instruments)}
    symbols = {"symbol": [one.symbol for one in result.trades]}
    write_columns(symbols | trade_columns([one.trade for one in result.trades]), about, file)
    times = result.timeline.open_time_ns
    write_columns(equity_columns(times, result.equity_curve, float(result.starting_equity)), about, equity_file)
    return file, equity_file


def export_stitched(setting: SearchSetting, parts: Sequence[Tried], file: Path) -> None:
    """Writes the stitched equity of a walk-forward, a row for each bar with the number of its window."""
    import numpy as np
    import pyarrow as pa

    from plays.walk_forward import stitched_equity

    require_parquet(file)
    times = setting.candles.open_time_ns[parts[0].window.test_first : parts[-1].window.test_last]
    columns = {
        "open_time": pa.array(times, pa.timestamp("ns", tz="UTC")),
        "window": np.repeat(np.arange(1, len(parts) + 1), [len(part.equity) for part in parts]),
        "equity": stitched_equity(parts),
    }  # fmt: skip
    _write(pa.table(columns), file)


def require_parquet(file: Path) -> None:
    """Raises ConfigurationError for a file of another ending."""
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


def write_columns(columns: Mapping[str, Any], about: Mapping[str, str], file: Path) -> None:
    """These columns as Parquet, with what they are about in the file's metadata."""
    import pyarrow as pa

    _write(pa.table(dict(columns)).replace_schema_metadata(dict(about)), file)


def trade_columns(trades: Sequence[ClosedTrade]) -> dict[str, Any]:
    """A row for each trade, amounts as exact decimals."""
    import pyarrow as pa

    money, time = pa.decimal128(DIGITS, DECIMALS), pa.timestamp("ns", tz="UTC")
    types = {
        "side": pa.string(), "quantity": money, "entry_time_ns": time, "exit_time_ns": time, "entry_price": money,
        "exit_price": money, "fees": money, "funding": money, "pnl": money,
        "exit_reason": pa.string(),
    }  # fmt: skip
    return {
        name.removesuffix("_ns"): pa.array([_cell(trade, name) for trade in trades], kind)
        for name, kind in types.items()
    }


def _cell(trade: ClosedTrade, name: str) -> Any:
    value = getattr(trade, name)
    if isinstance(value, Decimal):
        return value.quantize(Decimal(1).scaleb(-DECIMALS))
    return value.value if name == "exit_reason" else value


def equity_columns(times: Integers, equity: Floats, starting_equity: float) -> dict[str, Any]:
    """A row for each bar."""
    import pyarrow as pa

    from engine.performance import drawdown_curve

    return {
        "open_time": pa.array(times, pa.timestamp("ns", tz="UTC")), "equity": equity,
        "drawdown_percent": drawdown_curve(equity, starting_equity) * 100,
    }  # fmt: skip


def _about(result: BacktestResult | PortfolioResult) -> dict[str, str]:
    """What was run, in the file's own words."""
    return {
        "play": result.play.name, "play_hash": result.play.hash, "symbol": result.play.symbol,
        "timeframe": result.play.timeframe, "starting_equity": str(result.starting_equity),
        "final_equity": format(result.final_equity, "f"), "signals_hash": result.signals_hash,
        "trades_hash": result.trades_hash,
    }  # fmt: skip
