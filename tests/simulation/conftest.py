"""`pytest tests/simulation --seeds N [--first-seed K]`: how many worlds to live through."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=40, help="how many simulated worlds")
    parser.addoption("--first-seed", type=int, default=0, help="the first of them; one seed replays one story")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-seed")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--seeds")))
