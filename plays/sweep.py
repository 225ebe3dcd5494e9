"""Many runs of one play with other parameters over the same candles: what they share is computed once.

Runs are spread over threads: the compiled parts let go of Python's lock. Nothing here is random, so a sweep gives the
same numbers however many threads it has and in whatever order they finish.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal

from engine.candles import Candles
from engine.errors import ConfigurationError
from engine.instrument import Instrument
from plays.backtest import Backtest, Fees
from plays.batch import SharedColumns
from plays.schema import Play
from plays.search_space import MOST_RUNS, Values, space_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One run: its parameters, closed trades and the exact equity at the end."""

    values: Values
    play_hash: str
    trades: int
    final_equity: Decimal


def grid(play: Play) -> tuple[Values, ...]:
    """Every combination of the play's parameters that have a range, in steps.

    Raises ConfigurationError when there is none, or more than MOST_RUNS (it says how many).
    """
    space = space_of(play)
    if space.size > MOST_RUNS:
        raise ConfigurationError(f"{space.text} are more than {MOST_RUNS}: narrow the ranges or widen a step")
    return tuple(space.every())


def sweep(
    play: Play, candles: Candles, instrument: Instrument, starting_equity: Decimal, parameter_sets: Sequence[Values],
    fees: Fees | None = None, threads: int = 1,
) -> Iterator[SweepRow]:  # fmt: skip
    """One row for each set of parameters, in their order, as they are done."""
    shared = SharedColumns(candles)

    def run(values: Values) -> SweepRow:
        variant = play.with_parameters(values)
        result = Backtest(variant, candles, instrument, starting_equity, fees, shared=shared).run()
        return SweepRow(
            values=values, play_hash=variant.hash, trades=result.run.trade_count, final_equity=result.final_equity
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(run, parameter_sets)
