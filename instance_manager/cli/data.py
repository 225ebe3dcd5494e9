"""`predator import-data | generate-data | fill-gaps | list-data`: candles into the store, and what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from engine.market import TIMEFRAME_MINUTES, timeframe_ns
from instance_manager.cli import console
from instance_manager.cli.desk import open_desk
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.timerange import parse_timerange

if TYPE_CHECKING:
    from adapters.candles.store import CandleStore, Coverage

SymbolOption = Annotated[str, typer.Option("--symbol", "-p", help="As ccxt writes it.")]
TimeframeOption = Annotated[str, typer.Option("--timeframe", "-t", help="Length of the bars.")]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="Whose candles these are, by the settings' name.")]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Overwrite stored bars that have other values.")]
DAY_NS = 86_400_000_000_000
MOST_BARS = 20_000_000


def register(app: typer.Typer) -> None:
    app.command("import-data")(import_data)
    app.command("generate-data")(generate_data)
    app.command("fill-gaps")(fill_gaps)
    app.command("list-data")(list_data)


def import_data(
    file: Annotated[Path, typer.Argument(help="A .parquet or .csv file.", show_default=False)],
    symbol: SymbolOption = "BTC/USDT:USDT",
    timeframe: TimeframeOption = "1m",
    exchange: ExchangeOption = "local",
    fill_gaps: Annotated[bool, typer.Option("--fill-gaps", help="Fill missing bars: flat, without volume.")] = False,
    replace: ReplaceOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import candles from a file: open_time_ms, open, high, low, close, volume.

    The file is checked first; when a row is wrong it is named, and nothing is stored.

    Example: predator import-data BTCUSDT-2024.parquet --symbol BTC/USDT:USDT
    """
    from adapters.candles.store import import_candles

    _check(symbol, timeframe)
    store = _store(home, to_write=True)
    done = import_candles(store, file, exchange, symbol, timeframe, fill_gaps=fill_gaps, replace=replace)
    if as_json:
        console.print_json({
            "rows": done.rows, "added": done.added, "filled": done.filled,
            "stored": [_line(one) for one in done.coverage],
        })  # fmt: skip
        return
    console.say(
        f"{done.rows} rows read, {done.filled} bars filled in, {done.added} new bars of {symbol} {timeframe} stored"
    )
    _print_coverage(done.coverage)


def generate_data(
    days: Annotated[float, typer.Option("--days", min=0.001, help="How many days of bars.")] = 30.0,
    start: Annotated[str, typer.Option("--start", help="First day (UTC), as 20240101.")] = "20240101",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed makes the same market.")] = 7,
    symbol: SymbolOption = "BTC/USDT:USDT",
    timeframe: TimeframeOption = "1m",
    exchange: ExchangeOption = "local",
    replace: ReplaceOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make up candles from a seed (a random walk): to try things out where there is no data.

    Example: predator generate-data --days 90 --seed 1
    """
    from adapters.candles.generator import generate_candles

    _check(symbol, timeframe)
    start_ns, _ = parse_timerange(f"{start}-")
    bars = int(days * DAY_NS // timeframe_ns(timeframe))
    if not 0 < bars <= MOST_BARS:
        raise ConfigurationError(f"--days {days:g} are {bars} bars of {timeframe}: choose from 1 to {MOST_BARS} bars")
    store = _store(home, to_write=True)
    candles = generate_candles(symbol, timeframe, start_ns or 0, bars, seed)
    added = store.append(exchange, candles, replace=replace)
    coverage = store.coverage(exchange, symbol, timeframe)
    if as_json:
        console.print_json({"bars": bars, "added": added, "stored": [_line(one) for one in coverage]})
        return
    console.say(f"{bars} bars of {symbol} {timeframe} made from seed {seed}, {added} new ones stored")
    _print_coverage(coverage)


def fill_gaps(
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="Leave gaps of more bars alone.")] = 60,
    symbol: SymbolOption = "BTC/USDT:USDT",
    timeframe: TimeframeOption = "1m",
    exchange: ExchangeOption = "local",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fill short gaps in stored candles with flat bars without volume: for hours in which an exchange stood still.

    Example: predator fill-gaps --symbol BTC/USDT:USDT --most 30
    """
    from adapters.candles import gaps as candle_gaps

    _check(symbol, timeframe)
    store = _store(home, to_write=True)
    gaps, bars = candle_gaps.fill_gaps(store, exchange, symbol, timeframe, most)
    coverage = store.coverage(exchange, symbol, timeframe)
    if as_json:
        console.print_json({"gaps": gaps, "filled": bars, "stored": [_line(one) for one in coverage]})
        return
    console.say(f"{gaps} gaps of up to {most} bars filled with {bars} flat ones of {symbol} {timeframe}")
    _print_coverage(coverage)


def list_data(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """What candles are stored: one line for each unbroken stretch.

    Example: predator list-data
    """
    coverage = _store(home).list()
    if as_json:
        console.print_json([_line(one) for one in coverage])
    elif coverage:
        _print_coverage(coverage)
    else:
        console.say("no candles are stored; predator import-data, download-data or generate-data adds some")


def _check(symbol: str, timeframe: str) -> None:
    """Refuses a symbol or timeframe that nothing else would understand."""
    if not re.fullmatch(r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+", symbol):
        raise ConfigurationError(f"--symbol {symbol!r}: write it as ccxt does, BTC/USDT:USDT")
    if timeframe not in TIMEFRAME_MINUTES:
        raise ConfigurationError(f"--timeframe {timeframe!r} is unknown; known are {', '.join(TIMEFRAME_MINUTES)}")


def _store(home: Path | None, *, to_write: bool = False) -> CandleStore:
    from adapters.candles.store import CandleStore

    return CandleStore(open_desk(home, to_write=to_write).workspace.candles)


def _line(one: Coverage) -> dict[str, object]:
    return {
        "exchange": one.exchange, "symbol": one.symbol, "timeframe": one.timeframe,
        "from": console.time_text(one.first_open_time_ns), "to": console.time_text(one.last_open_time_ns),
        "bars": one.bars,
    }  # fmt: skip


def _print_coverage(coverage: tuple[Coverage, ...]) -> None:
    columns = ("exchange", "symbol", "timeframe", "from", "to", "bars")
    console.print_table("stored candles", columns, [tuple(_line(one).values()) for one in coverage])
