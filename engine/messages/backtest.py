"""A backtest instance's words. Bars never travel: actors tell each other in which folder arrays lie (memory-mapped)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.messages.base import Message
from engine.messages.events import TradeClosed


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlesWanted(Message):
    """Batch strategy to history: where are the candles?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareCandles(Message):
    """Port `candles`: lay out this run's candles as arrays. Answer: `CandlesPrepared` or `RunFailed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlesPrepared(Message):
    """They lie in `folder`, contiguous, from the first to the last open time."""

    folder: str
    bars: int
    first_open_time_ns: int
    last_open_time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsWanted(Message):
    """Kernel executor to batch strategy: where are the signals?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeSignals(Message):
    """Port `signals`: work on for one slice. Answer: `SignalsComputed` or `RunFailed`."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsComputed(Message):
    """`is_done`: they lie beside the candles, and their hash is `signals_hash`."""

    folder: str
    is_done: bool
    signals_hash: str
    signals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSlice(Message):
    """Port `kernel`: trade over up to `most_bars` more. Answer: `SliceDone` or `RunFailed`."""

    folder: str
    most_bars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceDone(Message):
    """Trades closed in this slice; balance and fees up to now, final equity once `is_done`."""

    bars_done: int
    bars_total: int
    trades: tuple[TradeClosed, ...]
    balance: Decimal
    final_equity: Decimal
    open_profit: Decimal
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(Message):
    """The run cannot go on; the text names the remedy."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Message):
    """Kernel executor to result reconciler: is the money all there?"""

    starting_equity: Decimal
    profits: tuple[Decimal, ...]
    open_profit: Decimal
    final_equity: Decimal
