"""`pytest tests/simulation --seeds N [--first-seed K] [-n auto]`: how many worlds to live through, on how many cores,
and what struck in them all. A kind that never struck is a kind that is not tested: that fails the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from actors.simulator import Faults
from tests.simulation.disasters import KINDS

ENOUGH_TO_MEET_ALL = 200  # seeds after which a kind that never struck is a kind that is not tested


@dataclass(slots=True)
class Met:
    """What struck in the worlds lived through, in this process or in its workers."""

    worlds: int = 0
    times: Counter[str] = field(default_factory=Counter)

    def add(self, times: Counter[str], worlds: int = 1) -> None:
        self.worlds += worlds
        self.times += times

    @property
    def untested(self) -> set[str]:
        """Kinds that never struck, once there were worlds enough to meet them all."""
        return {*Faults.kinds(), *KINDS} - self.times.keys() if self.worlds >= ENOUGH_TO_MEET_ALL else set()


MET = pytest.StashKey[Met]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=200, help="how many simulated worlds")
    parser.addoption("--first-seed", type=int, default=0, help="the first of them; one seed replays one story")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-seed")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--seeds")))


@pytest.fixture(scope="session")
def met(pytestconfig: pytest.Config) -> Met:
    """How often each kind of fault struck in all worlds so far."""
    return _met(pytestconfig)


def _met(config: pytest.Config) -> Met:
    return config.stash.setdefault(MET, Met())


# --- of many workers (`-n`), each with worlds of its own --------------------------------------------------------------


class Gathering:
    """Hears of pytest-xdist what its workers met; a plugin of its own, for without xdist there is no such hook."""

    def __init__(self, met: Met) -> None:
        self._met = met

    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {})
        self._met.add(Counter(told.get("met", {})), told.get("worlds", 0))


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(Gathering(_met(config)))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """The last to speak: xdist gathers first."""
    yield
    met = _met(session.config)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput.update(met=dict(met.times), worlds=met.worlds)
    elif met.untested and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    met = _met(config)
    if met.worlds:
        told = ", ".join(f"{kind} {times}" for kind, times in sorted(met.times.items()))
        terminalreporter.write_line(f"faults that struck in {met.worlds} worlds: {told}")
    if met.untested:
        terminalreporter.write_line(f"FAILED: never struck, so not tested: {sorted(met.untested)}", red=True)
