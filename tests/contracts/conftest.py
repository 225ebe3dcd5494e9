"""What every exchange contract test is given: an exchange, an adapter of a fresh account, and what was pushed."""

from __future__ import annotations

import pytest
from local_exchange import LocalExchange
from loguru import logger
from simulated_subject import SIMULATED, SimulatedSubject
from subjects import FACES, Subject

logger.remove()  # every request would be shown beside a failing test


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """One local exchange for all tests; time stands still unless a test lets it go."""
    exchange = LocalExchange(tmp_path_factory.mktemp("exchange"), "--weight-limit", "0", "--order-limit", "0")
    exchange.control("POST", "pause")
    yield exchange
    exchange.stop()


@pytest.fixture
def healed(running):
    yield running
    running.heal()


def pytest_generate_tests(metafunc):
    """Every test runs once for each exchange we speak, and for the simulated one where its module says so.

    A test that says itself for which faces it holds is left alone; one marked `over_a_network` is about what the
    simulated exchange lacks (`simulated_subject` names it).
    """
    said = any("face" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "face" in metafunc.fixturenames and not said:
        too = getattr(metafunc.module, "SIMULATED_TOO", False)
        is_for_it = too and metafunc.definition.get_closest_marker("over_a_network") is None
        metafunc.parametrize("face", [*FACES, *([SIMULATED.exchange] if is_for_it else [])], indirect=True)


@pytest.fixture
def face(request):
    """How the exchange under test says things."""
    return {**FACES, SIMULATED.exchange: SIMULATED}[request.param]


@pytest.fixture
def venue(request, face):
    """The local exchange behind an adapter, or the simulated exchange's market; healed afterwards."""
    if face is SIMULATED:
        return request.getfixturevalue("subject").venue
    return request.getfixturevalue("healed")


@pytest.fixture
async def subject(request, face):
    """An adapter of a fresh account, or the simulated exchange itself."""
    if face is SIMULATED:
        yield SimulatedSubject()
        return
    made = Subject(request.getfixturevalue("healed"), face)
    yield await made.prepared()
    await made.exchange.close()
