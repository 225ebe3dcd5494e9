"""The values a search may try: the play's parameters with low, high and step. How many there are is known unbuilt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from engine.errors import ConfigurationError
from plays.schema import Parameter, Play

Values = Mapping[str, float]
# a search of this many runs is hours on one machine; more is a mistake in a range far more often than a wish
MOST_RUNS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One parameter: `count` values from `low` on, `step` apart."""

    name: str
    low: float
    step: float
    count: int

    def value(self, number: int) -> float:
        return self.low + self.step * number


@dataclass(frozen=True, slots=True)
class Space:
    """All combinations of the dimensions."""

    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int:
        return prod(dimension.count for dimension in self.dimensions)

    @property
    def text(self) -> str:
        """`4608 runs (fast: 36 x slow: 128)`."""
        counts = " x ".join(f"{dimension.name}: {dimension.count}" for dimension in self.dimensions)
        return f"{self.size} runs ({counts})"

    def at(self, numbers: Sequence[int]) -> Values:
        """The combination of the so-manyth value of each dimension."""
        return {one.name: one.value(number) for one, number in zip(self.dimensions, numbers, strict=True)}

    def every(self) -> Iterator[Values]:
        """All combinations, the last dimension turning fastest."""
        return map(self.at, product(*(range(dimension.count) for dimension in self.dimensions)))


def space_of(play: Play) -> Space:
    """What there is to search in a play. Raises ConfigurationError when no parameter has a range with steps."""
    found = [
        Dimension(name=name, low=one.low, step=one.step, count=int((one.high - one.low) / one.step + 1e-9) + 1)
        for name, one in play.parameters.items()
        if isinstance(one, Parameter) and one.low is not None and one.high is not None and one.step is not None
    ]
    dimensions = tuple(one for one in found if one.count > 1)
    if not dimensions:
        raise ConfigurationError(f"{play.name} has no parameter with low, high and step: there is nothing to search")
    return Space(dimensions)
