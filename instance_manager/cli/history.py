"""Which candles a command works on: stored ones, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError, DataError
from instance_manager.cli import console
from instance_manager.cli.desk import Desk
from instance_manager.timerange import parse_timerange

if TYPE_CHECKING:
    from adapters.candles.store import CandleStore
    from engine.candles import Candles
    from engine.errors import DataError
    from plays.schema import Play

TimerangeOption = Annotated[
    str | None,
    typer.Option("--timerange", help="20240101-20240601, UTC days, the second excluded.", show_default=False),
]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="Whose stored candles to use.")]
CandlesOption = Annotated[
    Path | None,
    typer.Option("--candles", help="A .parquet or .csv file instead of stored candles.", show_default=False),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    timerange: TimerangeOption = None
    exchange: ExchangeOption = "local"
    candles: CandlesOption = None


def stored_candles(desk: Desk, play: Play, given: HistoryOptions, timeframe: str | None = None) -> Candles:
    """The candles of a play's symbol and its timeframe (or another), in one unbroken stretch.

    Raises DataError with the remedy.
    """
    if len(play.symbols) > 1:
        raise ConfigurationError(
            f"{play.name} trades {len(play.symbols)} instruments on one account, which only `predator backtest` does: "
            "name a play with one symbol"
        )
    start_ns, end_ns = parse_timerange(given.timerange)
    timeframe = timeframe or play.timeframe
    if given.candles is not None:
        from adapters.candles.files import read_candle_file

        return read_candle_file(given.candles, play.symbol, timeframe)[0].between(start_ns, end_ns)
    from adapters.candles.store import CandleStore

    store = CandleStore(desk.workspace.candles)
    history = store.load(given.exchange, play.symbol, timeframe, start_ns, end_ns)
    if history.first_gap() is not None:
        raise gap_error(store, given.exchange, play.symbol, timeframe)
    return history


def gap_error(store: CandleStore, exchange: str, symbol: str, timeframe: str) -> DataError:
    """What to say of candles that are not one unbroken stretch."""
    stretches = "; ".join(
        f"{console.time_text(one.first_open_time_ns)} to {console.time_text(one.last_open_time_ns)}"
        for one in store.coverage(exchange, symbol, timeframe)
    )
    return DataError(
        f"the candles of {symbol} {timeframe} have gaps between these stretches: {stretches}. "
        "Choose one with --timerange, import what is missing, or predator fill-gaps"
    )
