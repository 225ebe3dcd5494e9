"""A venue whose market moves, without limits, for whichever client this environment has."""

from collections.abc import Iterator

import pytest

from tests.venue.processes import VenueProcess, start


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    folder = tmp_path_factory.mktemp("venue")
    made = start(folder, "--speed", "120", "--weight-limit", "0", "--order-limit", "0")
    yield made
    made.stop()
