"""Strain: what the market, the exchange's speed and our own results say against trading on.

Unlike outcomes that are counted (`engine.safety.alarms`), each of these is a value of now: over its limit or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from math import fsum, sqrt

from engine.book.state import Book
from engine.safety.breaker import Alarm, Level
from engine.safety.limits import Limits

MS = 1_000_000
LEAST_CHANGES = 10  # fewer closes say nothing about volatility


def slow_exchange(took_ns: int, limits: Limits) -> Alarm | None:
    """The exchange answers, but so late that its answers are of the past."""
    if took_ns < limits.slow_answers_ms * MS:
        return None
    text = f"reading the account took {took_ns // MS} ms; the limit is {limits.slow_answers_ms} ms"
    return Alarm(level=Level.YELLOW, cause="slow exchange", text=text)


def volatility(closes: Sequence[float], limits: Limits) -> Alarm | None:
    """The market moves more from bar to bar than any stop of ours was made for."""
    return _volatility(tuple(closes), limits.max_volatility)


@lru_cache(maxsize=64)  # the closes are others once a bar, and this is asked ten times a second
def _volatility(closes: tuple[float, ...], limit: Decimal) -> Alarm | None:
    changes = [after / before - 1 for before, after in pairwise(closes) if before > 0]
    if len(changes) < LEAST_CHANGES or (found := _deviation(changes)) < limit:
        return None
    text = f"closes change by {found:.2%} a bar (one deviation); the limit is {limit:.2%}"
    return Alarm(level=Level.YELLOW, cause="volatility", text=text)


def position_size(book: Book, limits: Limits, mark: Decimal | None) -> Alarm | None:
    """No entry may be so large, but the market can make it so, and so can a defect."""
    held = abs(book.position_quantity)
    if not held:
        return None
    price = mark if mark is not None else book.ledger.position.entry_price or Decimal(0)
    times = held * price / limits.max_notional
    if times < limits.position_excess_yellow:
        return None
    is_red = times >= limits.position_excess_red
    limit = limits.position_excess_red if is_red else limits.position_excess_yellow
    text = f"a position of {held * price:.2f} is {times:.2f} times the largest allowed; the limit is {limit}"
    return Alarm(level=Level.RED if is_red else Level.YELLOW, cause="position size", text=text)


def poor_results(profits: Sequence[Decimal], limits: Limits) -> str | None:
    """A warning, no halt: the newest trades lose with a steadiness that is no bad luck. None when they do not."""
    if len(profits) < limits.sharpe_trades:
        return None
    newest = [float(one) for one in profits[-limits.sharpe_trades :]]
    deviation = _deviation(newest)
    ratio = fsum(newest) / len(newest) / deviation if deviation else 0.0
    if ratio >= limits.least_sharpe:
        return None
    return f"the last {len(newest)} trades have a Sharpe ratio of {ratio:.2f} a trade; {limits.least_sharpe} warns"


def _deviation(values: Sequence[float]) -> float:
    """Of the whole, not of a sample, in plain floats."""
    mean = fsum(values) / len(values)
    return sqrt(fsum((value - mean) ** 2 for value in values) / len(values))
