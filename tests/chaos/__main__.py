"""`python -m tests.chaos --minutes N --seed S`: chaos on real processes of their own, one table at the end."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.play import Outcome, perform


def main() -> int:
    given = _arguments().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended then too
    folder = Path(tempfile.mkdtemp(prefix="predator-chaos-"))
    outcome = perform(folder, given.minutes * 60, given.seed, _say)
    _say(table(outcome))
    if outcome.violations or given.keep:
        _say(f"kept for inspection: {folder}")
        return 1 if outcome.violations else 0
    shutil.rmtree(folder)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1, help="the same seed harms in the same order")
    parser.add_argument("--keep", action="store_true", help="keep the workspace, violations or not")
    return parser


def table(outcome: Outcome) -> str:
    """For people."""
    found = outcome.reckoning
    rows = [
        ("seed, seconds", f"{outcome.seed}, {outcome.seconds:.0f}"),
        ("harm done", ", ".join(f"{kind} {times}" for kind, times in outcome.harms.most_common())),
        (
            "seconds to healthy",
            f"p50 {at(outcome.healthy_after_s, 0.5):.2f}, p99 {at(outcome.healthy_after_s, 0.99):.2f}",
        ),
        ("halted with a report, then reset by a person", f"{len(outcome.resets)} {', '.join(outcome.resets)}"),
        ("orders, fills, trades", f"{found.orders}, {found.fills}, {found.trades}" if found else "not compared"),
        ("longest without a stop", f"{found.longest_naked_s:.2f} s" if found else "not compared"),
        ("violations", str(len(outcome.violations))),
    ]
    return "\n".join([*(f"| {name} | {value} |" for name, value in rows), *outcome.slow, *outcome.violations])


def at(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
