"""`python -m tests.proofs [NAME …]`: promises shown on real processes, each against the exchange's own log.

python -m tests.proofs                       all of them, about half an hour
python -m tests.proofs same-signal           one
python -m tests.proofs kill-matrix --every 8 each eighth case of the matrix
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.proofs import bad_input, kill_matrix, nonsense, same_signal, slow_exchange, trouble
from tests.proofs.slow_exchange import DEAF, SILENT, SLOW
from venue.nonsense import WAYS

ENDURED_S, NONSENSE_S = 60.0, 20.0
Rows = Iterator[tuple[str, bool]]  # what was seen, and whether it is as promised


def main() -> int:
    given = _arguments().parse_args()
    broken = 0
    for name in given.names or PROOFS:
        say(f"== {name}")
        with tempfile.TemporaryDirectory(prefix="predator-proof-") as folder:
            for text, holds in PROOFS[name](Path(folder), given.every):
                say(text if holds else f"{text}   <-- BROKEN")
                broken += not holds
    say(f"broken promises: {broken}")
    return 1 if broken else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.proofs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *PROOFS], help=", ".join(PROOFS))
    parser.add_argument("--every", type=int, default=1, help="kill-matrix: play each N-th case only")
    return parser


def _same_signal(folder: Path, _: int) -> Rows:
    for name, fault in (("", None), (", the first answer lost", {"kind": "lose_response"})):
        shown = same_signal.show(folder / f"same{bool(name)}", 1_000, fault)
        holds = (shown.entries, shown.exits, shown.trades, shown.messages) == (
            1,
            1,
            1,
            1,
        ) and not shown.found.violations
        yield f"1,000 equal signals at once, twice{name}: {shown}", holds


def _slow_exchange(folder: Path, _: int) -> Rows:
    for name, fault in (("answers after 15 s", SLOW), ("executes, no answer", SILENT), ("hears nothing", DEAF)):
        shown = slow_exchange.endure(folder / fault["kind"], name, fault, ENDURED_S)
        yield f"{ENDURED_S:.0f} s of an exchange that {name}: {shown}", not shown.found.violations


def _nonsense(folder: Path, _: int) -> Rows:
    for way in ("", *WAYS):
        shown = nonsense.endure(folder / f"nonsense-{way}", way, NONSENSE_S)
        yield f"{NONSENSE_S:.0f} s of nonsense ({way or 'each way in turn'}): {shown}", shown.holds


def _slippage(folder: Path, _: int) -> Rows:
    for share, level in ((0.008, "YELLOW"), (0.05, "RED")):
        seen = slow_exchange.slip(folder / level, share)
        yield f"an entry filled {share:.1%} worse than decided: {seen}", seen == (level, "slippage")


def _kill_matrix(folder: Path, every: int) -> Rows:
    cells = kill_matrix.all_cells()[::every]
    for number, cell in enumerate(cells, 1):
        kill_matrix.play(folder / str(number), cell)
        yield f"{number}/{len(cells)} {kill_matrix.told(cell)}", not cell.trouble
    yield from ((line, True) for line in kill_matrix.table(cells))


def _trouble(folder: Path, _: int) -> Rows:
    yield from trouble.show(folder)


def _bad_input(folder: Path, _: int) -> Rows:
    yield from bad_input.show_stores(folder / "stores")
    yield from bad_input.show_clock(folder / "clock")


PROOFS: Mapping[str, Callable[[Path, int], Rows]] = {
    "same-signal": _same_signal,
    "slow-exchange": _slow_exchange,
    "nonsense": _nonsense,
    "slippage": _slippage,
    "trouble": _trouble,
    "bad-input": _bad_input,
    "kill-matrix": _kill_matrix,
}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
