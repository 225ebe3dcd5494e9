"""`predator download-data`: candles of an exchange into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import ConfigurationError
from engine.market import TIMEFRAME_MINUTES, timeframe_ns
from instance_manager.cli import console
from instance_manager.cli.desk import Desk, open_desk
from instance_manager.cli.options import HomeOption, JsonOption
from instance_manager.errors import did_you_mean
from instance_manager.timerange import parse_timerange

if TYPE_CHECKING:
    from instance_manager.download import Wish
    from instance_manager.settings import Exchange

DAY_NS = 86_400_000_000_000


def register(app: typer.Typer) -> None:
    app.command("download-data")(download_data)


def download_data(
    exchange: Annotated[str, typer.Option("--exchange", help="An exchange of the settings.")] = "local",
    symbol: Annotated[str, typer.Option("--symbol", "-p", help="As ccxt writes it.")] = "BTC/USDT:USDT",
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="Length of the bars.")] = "1m",
    timerange: Annotated[
        str | None,
        typer.Option("--timerange", help="20240101-20240601, UTC days, the second excluded.", show_default=False),
    ] = None,
    days: Annotated[float, typer.Option("--days", min=0.01, help="Without --timerange: the newest days.")] = 30.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download candles of an exchange. What is stored already is left as it is.

    Example: predator download-data --exchange binance --symbol BTC/USDT:USDT --timeframe 1h --days 365
    """
    from loguru import logger

    from adapters.candles.store import CandleStore
    from instance_manager.download import download

    logger.remove()  # the adapter's log of every request is for instances; here the result counts
    desk = open_desk(home, to_write=True)
    settings = _exchange(desk, exchange)
    wish = _wish(symbol, timeframe, timerange, days)
    store = CandleStore(desk.workspace.candles)
    added = download(store, exchange, settings, wish, lambda bars: console.warn(f"{bars} bars …"))
    if as_json:
        console.print_json({"exchange": exchange, "symbol": symbol, "timeframe": timeframe, "added": added})
    else:
        console.say(f"{added} new bars of {symbol} {timeframe} from {exchange} stored; `predator list-data` shows all")


def _exchange(desk: Desk, name: str) -> Exchange:
    known = desk.settings.exchanges
    if name not in known:
        raise ConfigurationError(
            f"{name!r} is not under `exchanges` of {desk.workspace.settings_file}{did_you_mean(name, known)}; "
            f"known: {', '.join(sorted(known)) or 'none'}"
        )
    return known[name]


def _wish(symbol: str, timeframe: str, timerange: str | None, days: float) -> Wish:
    from instance_manager.download import Wish

    if timeframe not in TIMEFRAME_MINUTES:
        raise ConfigurationError(f"--timeframe {timeframe!r} is unknown; known are {', '.join(TIMEFRAME_MINUTES)}")
    start_ns, end_ns = parse_timerange(timerange)
    bars = int(days * DAY_NS // timeframe_ns(timeframe))
    return Wish(symbol=symbol, timeframe=timeframe, from_ns=start_ns, until_ns=end_ns, bars=max(1, bars))
