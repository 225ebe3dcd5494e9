"""Who gives a command is known, if only by number."""

from __future__ import annotations

import getpass
import os

import pytest

from instance_manager.person import who_commands


def test_it_is_the_login_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "anna")

    assert who_commands() == "anna"


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_number_without_a_name_will_do(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def nameless() -> str:
        raise error("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)

    assert who_commands() == f"uid {os.getuid()}"
