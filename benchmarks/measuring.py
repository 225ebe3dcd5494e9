"""What every engine measured has in common: the workload's numbers, the candles, and one line of JSON. numpy only.

Each engine runs in a process of its own: `python FILE WORKLOAD FOLDER`, with the candles of the run as FOLDER/SEED.npy.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CASH, NOTIONAL, LOT, STOP, TARGET, FEE, WARM_UP = 1_000_000.0, 10_000.0, 1e-6, 0.02, 0.04, 0.00055, 200
FAST, SLOW = 20, 50
PAIRS = [(fast, slow) for fast in range(5, 25) for slow in range(30, 76, 5)]
SEEDS = range(7, 17)
START_NS = 1_577_836_800_000_000_000


def columns(folder: Path, seed: int = 7) -> tuple[Any, Any, Any, Any, Any]:
    """open, high, low, close and volume of the candles of a seed, float64, contiguous."""
    rows = np.load(folder / f"{seed}.npy")
    return rows[0], rows[1], rows[2], rows[3], rows[4]


def timed(action: Callable[[], Any], times: int, *, warm: bool = True) -> tuple[Any, dict[str, float]]:
    """(last result, median seconds of wall and of this process's CPU time)."""
    cpu, wall, result = [], [], action() if warm else None
    for _ in range(times):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        result = action()
        cpu.append(time.process_time() - cpu_begun)
        wall.append(time.perf_counter() - begun)
    return result, {"wall_s": statistics.median(wall), "cpu_s": statistics.median(cpu)}


def peak_mb() -> float:
    """The most memory this process ever held, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def tell(engine: str, bars: int, seconds: dict[str, float], **more: object) -> None:
    """One measurement, for the table."""
    rounded = {name: round(value, 6) for name, value in seconds.items()}
    line = {"engine": engine, "bars": bars, **rounded, **more, "peak_mb": peak_mb()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(workloads: dict[str, Callable[[Path], None]]) -> None:
    """Runs what the command line names."""
    workloads[sys.argv[1]](Path(sys.argv[2]))
