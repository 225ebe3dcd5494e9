"""Records of funding rates: Parquet or CSV with the columns time_ms (UTC) and rate (a share of notional, as 0.0001)."""

from __future__ import annotations

from pathlib import Path

from adapters.candles.files import MS_NS, CandleError, columns_of
from adapters.candles.store import CandleStore
from engine.funding import RATE_SCALE, FundingRates

COLUMNS = ("time_ms", "rate")


def stored_funding(store: CandleStore, exchange: str, symbol: str) -> FundingRates | None:
    """The record that lies beside an instrument's stored candles; None when there is none. Raises CandleError."""
    file = store.funding_file(exchange, symbol)
    return read_funding_file(file) if file.is_file() else None


def read_funding_file(path: Path) -> FundingRates:
    """The record in a file. Raises CandleError at what is wrong, with row and remedy."""
    import numpy as np

    columns = columns_of(path, COLUMNS)
    times, rates = columns["time_ms"], columns["rate"]
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if len(wrong):
        raise CandleError(f"{path}: row {int(wrong[0]) + 2}: not after the row before: sort by time_ms, each time once")
    wrong = np.flatnonzero(~(np.abs(rates) < 1))
    if len(wrong):
        raise CandleError(f"{path}: row {int(wrong[0]) + 1}: rate {rates[wrong[0]]} is not a share between -1 and 1")
    return FundingRates(time_ns=times * MS_NS, rate=np.rint(rates * RATE_SCALE).astype(np.int64))
