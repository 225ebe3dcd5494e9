"""How fast simulated worlds go by: `python -m benchmarks.simulation [--seeds N]`. One table out."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from actors.simulator import BEGIN_NS, Faults
from tests.simulation.story import HOSTILE, live_through

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Lived:
    """`seconds` of virtual time, of each instance of a world; and whether a law was broken in it."""

    seconds: float
    is_broken: bool


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(parser.parse_args().seeds)
    sys.stdout.write("| worlds | seconds of one instance | in a second | broken |\n|---|---|---|---|\n")
    for name, faults in (("kind", Faults()), ("hostile", HOSTILE)):
        began = time.process_time()
        lived = [live(seed, faults) for seed in seeds]
        write(f"{name}, one process", lived, time.process_time() - began, "of the CPU")
    cores = os.cpu_count() or 1
    with workers(cores) as pool:
        began = time.monotonic()
        lived = list(pool.map(partial(live, faults=HOSTILE), seeds))
        write(f"hostile, {cores} processes", lived, time.monotonic() - began, "of the clock")


def live(seed: int, faults: Faults) -> Lived:
    """One world, laws included."""
    story = live_through(seed, faults)
    seconds = (story.simulation.now_ns - BEGIN_NS) / SECOND_NS
    return Lived(len(story.simulation.instances) * seconds, story.broken is not None)


@contextmanager
def workers(cores: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes that have begun: their start is not timed."""
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(partial(live, faults=Faults()), range(cores)))
        yield pool


def write(name: str, lived: Iterable[Lived], took_s: float, of: str) -> None:
    lived = list(lived)
    seconds, broken = sum(one.seconds for one in lived), sum(one.is_broken for one in lived)
    sys.stdout.write(f"| {name} | {seconds:.0f} | {seconds / took_s:.0f} {of} | {broken} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
