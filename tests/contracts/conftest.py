"""What every exchange contract test is given: an exchange, an adapter of a fresh account, and what was pushed."""

from __future__ import annotations

import pytest
from local_exchange import LocalExchange
from loguru import logger
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
def venue(running):
    yield running
    running.heal()


@pytest.fixture(params=FACES)
def face(request):
    """Every test that uses an adapter runs once for each exchange we speak."""
    return FACES[request.param]


@pytest.fixture
async def subject(venue, face):
    made = Subject(venue, face)
    yield await made.prepared()
    await made.exchange.close()
