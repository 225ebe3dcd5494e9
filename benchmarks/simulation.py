"""How fast simulated worlds go by: `python -m benchmarks.simulation [--seeds N]`. One table out."""

from __future__ import annotations

import argparse
import sys
import time

from actors.simulator import Faults
from tests.simulation.story import BAD_S, HOSTILE, KIND_S, STILL_S, live_through

WORLD_S = BAD_S + KIND_S + STILL_S


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    sys.stdout.write("| world | seconds of one instance for each CPU second | broken |\n|---|---|---|\n")
    for name, faults in (("kind", Faults()), ("hostile", HOSTILE)):
        speed, broken = measure(seeds, faults)
        sys.stdout.write(f"| {name} | {speed:.0f} | {broken} |\n")


def measure(seeds: int, faults: Faults) -> tuple[float, int]:
    """Laws included."""
    began, lived, broken = time.process_time(), 0, 0
    for seed in range(seeds):
        story = live_through(seed, faults)
        lived += len(story.simulation.instances) * WORLD_S
        broken += story.broken is not None
    return lived / (time.process_time() - began), broken


if __name__ == "__main__":
    main()
