"""Without the account system (limiter, leases, panic) nothing starts: the error names what is in its way."""

from __future__ import annotations

import pytest

from tests.desk_builders import predator, predator_json, workspace_with
from tests.watching import eventually, kill_all, processes_in

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]


def test_an_instance_does_not_start_when_its_limiter_cannot(tmp_path):
    home = workspace_with(tmp_path / "home").home
    in_the_way = home / "run" / "account"
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("a file where a folder should be")
    try:
        done = predator("start", "--instance", "live-1", home=home)

        assert done.returncode == 1
        assert str(in_the_way) in done.stderr
        assert predator_json("status", "--instance", "live-1", home=home)["instances"][0]["state"] == "STOPPED"
        assert predator("venue", "stop", home=home).returncode in (0, 3)
        eventually(lambda: not processes_in(home), 10, "no process is left")
    finally:
        kill_all(processes_in(home))
