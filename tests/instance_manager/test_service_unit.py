"""The systemd unit that the runbooks give away says what `predator run` keeps."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

from instance_manager.cli.exit_codes import ExitCode
from instance_manager.launcher import STOP_LIMIT_S

UNIT = Path(__file__).resolve().parents[2] / "runbooks" / "predator@.service"


def test_the_unit_starts_the_instance_in_its_name_and_waits_as_long_as_an_end_may_take():
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = unit["Service"]

    assert service["ExecStart"].endswith("predator run --instance %i")
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert service["KillMode"] == "mixed", "SIGTERM to every actor at once would end them before an orderly stop"
    assert float(service["WatchdogSec"]) >= 10
    assert float(service["TimeoutStopSec"]) > STOP_LIMIT_S
    kept = {ExitCode.USAGE, ExitCode.REFUSED, ExitCode.ALREADY_RUNNING}
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == kept
