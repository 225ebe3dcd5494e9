"""What a run earned and what it risked: equity curve, drawdown, ratios, and where the profit came from.

Everything is derived from closed trades and the marks of each bar. Money is in the settlement currency as float:
reports are not ledgers. Ratios are of daily returns (UTC days), scaled to a year of 365; 0 with fewer than two days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from math import log, sqrt
from typing import TYPE_CHECKING, Any

from engine.compiled import compile_with
from engine.market import MINUTE_NS
from engine.protection import ExitReason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

DAY_NS = 24 * 60 * MINUTE_NS
DAYS_PER_YEAR = 365
# points of a curve from which on its drawdown is computed by compiled code
WORTH_COMPILING = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedTrade:
    """One round trip. `pnl` is net of `fees` and of `funding` (positive when paid); times are those of the bars' opens
    (UTC). Of one that was left in parts, the exit is the last and its price the average."""

    side: str
    quantity: Decimal
    entry_time_ns: int
    exit_time_ns: int
    entry_price: Decimal
    exit_price: Decimal
    fees: Decimal
    pnl: Decimal
    exit_reason: ExitReason
    funding: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonLine:
    """The trades that closed for one reason."""

    exit_reason: str
    trades: int
    wins: int
    pnl: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLine:
    """The trades that closed in one month, and the change of equity over it."""

    month: str
    trades: int
    pnl: float
    return_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """The figures of a run. Percentages are percent; `exposure_percent` is the share of bars with a position."""

    starting_equity: float
    final_equity: float
    return_percent: float
    trades: int
    wins: int
    losses: int
    win_rate_percent: float
    profit_factor: float
    expectancy: float
    average_win: float
    average_loss: float
    best_trade: float
    worst_trade: float
    fees: float
    max_drawdown_percent: float
    max_drawdown: float
    max_drawdown_bars: int
    sharpe: float
    sortino: float
    calmar: float
    exposure_percent: float
    average_bars_held: float
    buy_and_hold_percent: float
    by_reason: tuple[ReasonLine, ...]
    by_month: tuple[MonthLine, ...]


def performance_of(
    trades: Sequence[ClosedTrade], equity: Floats, open_time_ns: Integers, close: Floats, bars_held: Integers,
    starting_equity: float,
) -> Performance:  # fmt: skip
    """The figures. `equity` is marked at each bar's close; `bars_held` is that of every trade, an open one included."""
    return figures_of(
        [float(trade.pnl) for trade in trades], float(sum(trade.fees for trade in trades)), equity, open_time_ns, close,
        bars_held, starting_equity, by_reason(trades), by_month(trades, equity, open_time_ns, starting_equity),
    )  # fmt: skip


def figures_of(
    pnls: Sequence[float], fees: float, equity: Floats, open_time_ns: Integers, close: Floats, bars_held: Integers,
    starting_equity: float, reasons: tuple[ReasonLine, ...] = (), months: tuple[MonthLine, ...] = (),
) -> Performance:  # fmt: skip
    """As `performance_of`, from the profits of the trades alone: searches make thousands of these."""
    wins = [pnl for pnl in pnls if pnl > 0]
    losses = [pnl for pnl in pnls if pnl <= 0]
    fall, fall_share, fall_bars = drawdown(equity, starting_equity)
    daily = daily_returns(equity, open_time_ns, starting_equity)
    final = float(equity[-1]) if len(equity) else starting_equity
    total = final / starting_equity - 1
    return Performance(
        starting_equity=starting_equity, final_equity=final, return_percent=total * 100, trades=len(pnls),
        wins=len(wins), losses=len(losses), win_rate_percent=_ratio(len(wins) * 100, len(pnls)),
        profit_factor=_ratio(sum(wins), -sum(losses)), expectancy=_ratio(sum(wins) + sum(losses), len(pnls)),
        average_win=_ratio(sum(wins), len(wins)), average_loss=_ratio(sum(losses), len(losses)),
        best_trade=max(wins + losses, default=0.0), worst_trade=min(wins + losses, default=0.0),
        fees=fees, max_drawdown_percent=fall_share * 100, max_drawdown=fall,
        max_drawdown_bars=fall_bars, sharpe=sharpe(daily), sortino=sortino(daily),
        calmar=_ratio(annual(total, open_time_ns), fall_share),
        exposure_percent=_ratio(float(bars_held.sum()) * 100, len(equity)),
        average_bars_held=_ratio(float(bars_held.sum()), len(bars_held)),
        buy_and_hold_percent=_ratio(float(close[-1] - close[0]) * 100, float(close[0])) if len(close) else 0.0,
        by_reason=reasons, by_month=months,
    )  # fmt: skip


def drawdown(equity: Floats, starting_equity: float) -> tuple[float, float, int]:
    """(deepest fall from a peak in money, in share of that peak, longest time below a peak in bars)."""
    import numpy as np

    if len(equity) == 0:
        return 0.0, 0.0, 0
    if len(equity) < WORTH_COMPILING:
        return deepest_falls(equity.tolist(), starting_equity)
    fall, share, longest = compiled_falls()(np.ascontiguousarray(equity), float(starting_equity))
    return float(fall), float(share), int(longest)


@cache
def compiled_falls() -> Any:
    """`deepest_falls`, compiled."""
    return compile_with(deepest_falls, (), allocates=False)


def deepest_falls(equity: Any, starting_equity: float) -> tuple[float, float, int]:
    """See `drawdown`: as it stands for the few points of what was traded, compiled for the bars of a backtest."""
    peak, deepest, largest, longest, below = starting_equity, 0.0, 0.0, 0, 0
    for bar in range(len(equity)):
        value = equity[bar]
        if value >= peak:
            peak, below = value, 0
            continue
        below += 1
        deepest, largest = max(deepest, peak - value), max(largest, (peak - value) / peak)
        longest = max(longest, below)
    return deepest, largest, longest


def drawdown_curve(equity: Floats, starting_equity: float) -> Floats:
    """How far below its highest so far the equity is, as a share of that peak."""
    peaks = _peaks(equity, starting_equity)
    shares: Floats = (peaks - equity) / peaks
    return shares


def _peaks(equity: Floats, starting_equity: float) -> Floats:
    import numpy as np

    peaks: Floats = np.maximum.accumulate(np.maximum(equity, starting_equity))
    return peaks


def daily_returns(equity: Floats, open_time_ns: Integers, starting_equity: float) -> Floats:
    """The return of each UTC day, from the equity at its last bar."""
    import numpy as np

    last = last_of_days(open_time_ns)
    marks = np.concatenate(([starting_equity], equity[last]))
    returns = np.zeros(len(last))
    np.divide(np.diff(marks), marks[:-1], out=returns, where=marks[:-1] > 0)  # nothing is earned on nothing
    return returns


def last_of_days(open_time_ns: Integers) -> Integers:
    """The positions of the last bar of each UTC day that has one."""
    import numpy as np

    if len(open_time_ns) == 0:
        return np.zeros(0, np.int64)
    first, last = int(open_time_ns[0]) // DAY_NS, int(open_time_ns[-1]) // DAY_NS
    ends = np.searchsorted(open_time_ns, np.arange(first + 1, last + 2, dtype=np.int64) * DAY_NS) - 1
    return np.unique(ends).astype(np.int64, copy=False)


def sharpe(daily: Floats) -> float:
    """Mean over spread of daily returns, a year's worth."""
    if len(daily) < 2:
        return 0.0
    return _ratio(float(daily.mean()), float(daily.std(ddof=1))) * sqrt(DAYS_PER_YEAR)


def sortino(daily: Floats) -> float:
    """As Sharpe, but only days below 0 count as spread."""
    if len(daily) < 2:
        return 0.0
    falls = daily.clip(max=0.0)
    return _ratio(float(daily.mean()), sqrt(float((falls * falls).mean()))) * sqrt(DAYS_PER_YEAR)


def annual(total_return: float, open_time_ns: Integers) -> float:
    """`total_return` over the time of the run, as compound growth per year; capped where a short run would explode."""
    if len(open_time_ns) < 2 or total_return <= -1:
        return 0.0
    years = float(open_time_ns[-1] - open_time_ns[0]) / (DAYS_PER_YEAR * DAY_NS)
    if years < 1 / DAYS_PER_YEAR:
        return float(total_return)
    exponent = min(1 / years, 365.0)
    growth = (1 + total_return) ** min(exponent, 700 / max(1e-9, abs(_log(1 + total_return))))
    return float(growth - 1)


def by_reason(trades: Sequence[ClosedTrade]) -> tuple[ReasonLine, ...]:
    """One line per exit reason that occurred, in the order of `ExitReason`."""
    lines = []
    for reason in ExitReason:
        chosen = [trade for trade in trades if trade.exit_reason is reason]
        if chosen:
            lines.append(ReasonLine(
                exit_reason=reason.value, trades=len(chosen), wins=sum(trade.pnl > 0 for trade in chosen),
                pnl=float(sum(trade.pnl for trade in chosen)),
            ))  # fmt: skip
    return tuple(lines)


def by_month(
    trades: Sequence[ClosedTrade], equity: Floats, open_time_ns: Integers, starting_equity: float
) -> tuple[MonthLine, ...]:
    """One line per calendar month (UTC) of the run."""
    import numpy as np

    months = open_time_ns.astype("datetime64[ns]").astype("datetime64[M]")
    last = np.flatnonzero(np.append(months[1:] != months[:-1], True)) if len(months) else np.array([], np.int64)
    marks = [starting_equity, *equity[last].tolist()]
    closed = [month_of(trade.exit_time_ns) for trade in trades]
    lines = []
    for number, position in enumerate(last.tolist()):
        month = str(months[position])
        before, after = marks[number], marks[number + 1]
        lines.append(MonthLine(month=month, trades=closed.count(month), pnl=after - before,
                               return_percent=_ratio((after - before) * 100, before)))  # fmt: skip
    return tuple(lines)


def month_of(time_ns: int) -> str:
    """2026-11 for a time in November 2026 (UTC)."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m")


def _ratio(part: float, whole: float) -> float:
    """`part / whole`; 0 when there is nothing to divide by."""
    return float(part / whole) if whole else 0.0


def _log(value: float) -> float:
    return log(value)
