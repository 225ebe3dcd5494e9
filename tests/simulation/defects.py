"""Deliberate bugs, each a few words of wrong code put in the place of one right function.

`python -m tests.simulation.defects [--seeds N] [NAME …]` prints for each how many worlds it took until a law spoke.
A defect that no law finds means that a law is missing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from engine.errors import InvariantViolated
from tests.simulation.bugs import OF_BOOKKEEPING
from tests.simulation.bugs_of_judgement import OF_JUDGEMENT
from tests.simulation.bugs_of_telling import OF_TELLING
from tests.simulation.laws import Broken
from tests.simulation.story import law_of, live_through

DEFECTS = {**OF_BOOKKEEPING, **OF_JUDGEMENT, **OF_TELLING}
LAWS = (Broken, InvariantViolated)  # a law of the simulator, or a machine that noticed by itself


@dataclass(frozen=True, slots=True)
class Caught:
    """`seeds` worlds were needed; `law` spoke in the last of them. Not caught: no law."""

    seeds: int
    law: str = ""


def hunt(name: str, most_seeds: int, first: int = 0) -> Caught:
    """Lives through worlds with the defect in the code until a law speaks."""
    with defect(name):
        for seed in range(first, first + most_seeds):
            story = live_through(seed)
            if isinstance(story.broken, LAWS):
                return Caught(seed - first + 1, law_of(story))
            if story.broken is not None:
                raise story.broken  # of the deliberate code itself: that proves nothing
    return Caught(most_seeds)


@contextmanager
def defect(name: str) -> Iterator[None]:
    """The code with one bug in it."""
    with ExitStack() as stack:
        for one in DEFECTS[name]():
            stack.enter_context(one)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.defects", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="at most so many worlds for each")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("names", nargs="*", default=list(DEFECTS))
    given = parser.parse_args()
    sys.stdout.write("| defect | worlds needed | law that spoke |\n|---|---|---|\n")
    missed = 0
    for name in given.names:
        caught = hunt(name, given.seeds, given.first_seed)
        missed += not caught.law
        sys.stdout.write(f"| {name} | {caught.seeds} | {caught.law or 'NOT CAUGHT'} |\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
