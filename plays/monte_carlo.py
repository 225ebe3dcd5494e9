"""Monte Carlo: what the same trades could have done in another order (shuffled), or ones like them (bootstrapped).

Equity moves at the close of each trade: drawdowns within a trade are not seen. Where the size follows the equity a
trade counts as a share of it, else as money. Seeded: equal seeds give equal numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ConfigurationError
from plays.backtest_result import BacktestResult

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
# fewer say nothing, however often they are mixed
LEAST_TRADES = 10
# numbers held at once (16 MB a matrix), and numbers drawn in all (a minute or so)
MOST_AT_ONCE, MOST_DRAWN = 2_000_000, 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What came out of many runs: values at PERCENTILES, and how many runs in a hundred lost money or were ruined."""

    method: str
    final_equity: dict[int, float]
    max_drawdown_percent: dict[int, float]
    lost_percent: float
    ruined_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarlo:
    """`worse_orders_percent` of the shuffled orders had a deeper drawdown than the one that happened."""

    trades: int
    runs: int
    is_compounding: bool
    ruin_percent: float
    final_equity: float
    max_drawdown_percent: float
    worse_orders_percent: float
    distributions: tuple[Distribution, ...]


def monte_carlo(result: BacktestResult, runs: int, seed: int, ruin_percent: float) -> MonteCarlo:
    """The trades of a backtest, mixed `runs` times each way. Raises ConfigurationError for too few or too many."""
    import numpy as np

    moves, is_compounding = moves_of(result)
    if len(moves) * runs > MOST_DRAWN:
        raise ConfigurationError(
            f"{runs} runs of {len(moves)} trades are {runs * len(moves)} numbers, more than {MOST_DRAWN}: "
            f"--runs {MOST_DRAWN // len(moves)} at most"
        )
    start = float(result.starting_equity)
    finals, falls = outcomes(moves[None, :], start, is_compounding=is_compounding)
    mixed = {
        method: _mixed(method, moves, start, runs, np.random.default_rng([seed, number]), is_compounding)
        for number, method in enumerate(("shuffled", "bootstrapped"))
    }
    return MonteCarlo(
        trades=len(moves), runs=runs, is_compounding=is_compounding, ruin_percent=ruin_percent,
        final_equity=float(finals[0]), max_drawdown_percent=float(falls[0]),
        worse_orders_percent=float((mixed["shuffled"][1] > falls[0] + 1e-9).mean() * 100),
        distributions=tuple(_distribution(name, *both, start, ruin_percent) for name, both in mixed.items()),
    )  # fmt: skip


def moves_of(result: BacktestResult) -> tuple[Floats, bool]:
    """What each trade did to the equity: shares of it when the size follows it, else money; and which of the two."""
    import numpy as np

    pnls = np.array([float(trade.pnl) for trade in result.trades])
    if len(pnls) < LEAST_TRADES:
        raise ConfigurationError(f"{len(pnls)} trades are too few to mix, {LEAST_TRADES} are the least: more candles")
    if result.play.sizing.notional is not None:
        return pnls, False
    before = float(result.starting_equity) + np.concatenate(([0.0], np.cumsum(pnls)[:-1]))
    return np.divide(pnls, before, out=np.full(len(pnls), -1.0), where=before > 0), True


def outcomes(moves: Floats, start: float, *, is_compounding: bool) -> tuple[Floats, Floats]:
    """Final equity and deepest drawdown in percent of each row of moves. An account at nothing stays there."""
    import numpy as np

    paths: Floats = 1 + moves if is_compounding else moves.copy()
    (np.multiply if is_compounding else np.add).accumulate(paths, axis=1, out=paths)
    paths = start * paths if is_compounding else start + paths
    paths[np.minimum.accumulate(paths, axis=1) <= 0] = 0.0
    peaks = np.maximum(np.maximum.accumulate(paths, axis=1), start)
    falls: Floats = ((peaks - paths) / peaks).max(axis=1) * 100
    return paths[:, -1].copy(), falls


def _mixed(
    method: str, moves: Floats, start: float, runs: int, chance: Generator, is_compounding: bool
) -> tuple[Floats, Floats]:
    import numpy as np

    rows = max(1, MOST_AT_ONCE // len(moves))
    parts = [
        outcomes(_draw(method, moves, min(rows, runs - first), chance), start, is_compounding=is_compounding)
        for first in range(0, runs, rows)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _draw(method: str, moves: Floats, rows: int, chance: Generator) -> Floats:
    import numpy as np

    if method == "bootstrapped":
        drawn: Floats = moves[chance.integers(0, len(moves), (rows, len(moves)))]
        return drawn
    return chance.permuted(np.tile(moves, (rows, 1)), axis=1)


def _distribution(method: str, finals: Floats, falls: Floats, start: float, ruin_percent: float) -> Distribution:
    import numpy as np

    def at(values: Floats) -> dict[int, float]:
        return dict(zip(PERCENTILES, np.percentile(values, PERCENTILES).tolist(), strict=True))

    return Distribution(
        method=method, final_equity=at(finals), max_drawdown_percent=at(falls),
        lost_percent=float((finals < start).mean() * 100), ruined_percent=float((falls >= ruin_percent).mean() * 100),
    )  # fmt: skip
