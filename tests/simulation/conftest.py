"""`pytest tests/simulation --seeds N [--first-seed K]`: how many worlds to live through, and what struck in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from actors.simulator import Faults
from tests.simulation.disasters import KINDS

ENOUGH_TO_MEET_ALL = 30  # seeds after which a kind that never struck is a kind that is not tested


@dataclass(slots=True)
class Met:
    """What struck in the worlds lived through in this process."""

    worlds: int = 0
    times: Counter[str] = field(default_factory=Counter)

    def add(self, times: Counter[str]) -> None:
        self.worlds += 1
        self.times += times

    @property
    def never(self) -> set[str]:
        return {*Faults.kinds(), *KINDS} - self.times.keys()


MET: pytest.StashKey[Met] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=60, help="how many simulated worlds")
    parser.addoption("--first-seed", type=int, default=0, help="the first of them; one seed replays one story")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-seed")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--seeds")))


@pytest.fixture(scope="session")
def met(pytestconfig: pytest.Config) -> Met:
    """How often each kind of fault struck in all worlds so far."""
    return pytestconfig.stash.setdefault(MET, Met())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    met = config.stash.get(MET, None)
    if met is not None:
        told = ", ".join(f"{kind} {times}" for kind, times in sorted(met.times.items()))
        terminalreporter.write_line(f"faults that struck in {met.worlds} worlds: {told}")
