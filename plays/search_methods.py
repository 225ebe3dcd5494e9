"""How a search chooses what to try next: everything (grid), by chance (random), or learning from scores (Optuna).

Each proposes batches and is told their scores. What it proposes depends on its seed and those scores alone, never on
how many processes there are or when they finish: a search that was killed and is continued takes the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Protocol

from engine.errors import ConfigurationError
from plays.method import Method
from plays.search_space import MOST_RUNS, Space, Values

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

# Optuna learns after this many runs: a fixed number, not that of the processes, so that every machine finds the same
BATCH = 8
# worse than every score: what was refused must not be tried again
WORST = -1e9


class Proposer(Protocol):
    """Chooses parameters. `total` is how many runs it will propose at most."""

    total: int

    def propose(self) -> Sequence[Values]:
        """What to try next; nothing when the search is over."""
        ...

    def learn(self, scores: Sequence[float | None]) -> None:
        """The scores of what was proposed last, in its order; None for what was refused."""
        ...


def proposer_for(method: Method, space: Space, runs: int, seed: int) -> Proposer:
    """A search of `space`. Raises ConfigurationError when Optuna is wanted and is not installed."""
    if method is Method.GRID:
        return Listed(tuple(space.every()))
    if method is Method.RANDOM:
        return Listed(by_chance(space, runs, seed))
    return OptunaProposer(space, runs, seed)


class Listed:
    """A search whose runs are known at once."""

    def __init__(self, sets: Sequence[Values]) -> None:
        assert len(sets) <= MOST_RUNS, len(sets)
        self.total = len(sets)
        self._waiting = sets

    def propose(self) -> Sequence[Values]:
        batch, self._waiting = self._waiting, ()
        return batch

    def learn(self, scores: Sequence[float | None]) -> None:
        """Nothing is learned."""


def by_chance(space: Space, runs: int, seed: int) -> tuple[Values, ...]:
    """`runs` different combinations; all of them, when there are no more."""
    if runs >= space.size:
        return tuple(space.every())
    chance, chosen = Random(seed), dict[tuple[int, ...], None]()
    while len(chosen) < runs:
        chosen[tuple(chance.randrange(dimension.count) for dimension in space.dimensions)] = None
    return tuple(space.at(numbers) for numbers in chosen)


class OptunaProposer:
    """Optuna's tree-structured Parzen estimator, asked for BATCH runs at a time."""

    def __init__(self, space: Space, runs: int, seed: int) -> None:
        self.total = runs
        self._space, self._left = space, runs
        self._study = _study(seed)
        self._asked: list[Trial] = []

    def propose(self) -> Sequence[Values]:
        from optuna.distributions import IntDistribution

        assert not self._asked, "tell the scores of the last batch first"
        count = min(BATCH, self._left)
        self._left -= count
        numbers = {one.name: IntDistribution(0, one.count - 1) for one in self._space.dimensions}
        self._asked = [self._study.ask(dict(numbers)) for _ in range(count)]
        return [self._space.at([trial.params[name] for name in numbers]) for trial in self._asked]

    def learn(self, scores: Sequence[float | None]) -> None:
        for trial, score in zip(self._asked, scores, strict=True):
            self._study.tell(trial, WORST if score is None else score)
        self._asked = []


def _study(seed: int) -> Study:
    try:
        import optuna
    except ImportError:
        raise ConfigurationError(
            "--method optuna needs Optuna: python -m pip install 'predator[optimize]', or use --method random"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="maximize")
