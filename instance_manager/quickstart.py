"""Quickstart: a whole Predator in a workspace of its own, on a free port, that leaves nothing running behind."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from actors.shell.processes import recorded
from actors.shell.tree import ACCOUNT
from engine.errors import ConfigurationError
from instance_manager import lifecycle, preparation, specification, venue_process
from instance_manager.errors import NotRunning
from instance_manager.settings import LocalExchange, Settings
from instance_manager.settings_file import load_settings
from instance_manager.workspace import Workspace, create

INSTANCES = ("live-1", "backtest-1")
EXCHANGE = "local"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where quickstart plays. `is_ours` when the folder was made for this one run and goes with it."""

    workspace: Workspace
    settings: Settings
    is_ours: bool


def set_up(home: Path | None, speed: float, tell: Tell) -> Stage:
    """A new workspace with a local exchange that answers. Nothing is left when this raises."""
    workspace, is_ours = _new_workspace(home)
    try:
        settings = _settings_with(workspace, "speed", f"{speed:g}")
        exchange = settings.exchanges[EXCHANGE]
        assert isinstance(exchange, LocalExchange), exchange
        process = venue_process.start(workspace, EXCHANGE, exchange, port=0, is_on_demand=True)
        tell(f"the local exchange answers at {process.address}: {speed:g} market seconds each second")
        return Stage(
            workspace=workspace, settings=_settings_with(workspace, "port", str(process.port)), is_ours=is_ours
        )
    except BaseException:  # an interrupt too leaves no process and no folder behind
        venue_process.stop(workspace, EXCHANGE)
        _remove(workspace, is_ours=is_ours)
        raise


def start(stage: Stage, name: str, tell: Tell) -> None:
    """Starts one of the instances; returns when it is RUNNING (or, a short backtest, done)."""
    order = specification.Order(instance=name)
    spec = specification.specify(stage.workspace, stage.settings, order, os.environ)
    preparation.prepare(stage.workspace, stage.settings, spec, tell)
    lifecycle.start(spec)


def tear_down(stage: Stage, *, keep: bool) -> list[int]:
    """Ends everything in order; the pids that run all the same (there should be none)."""
    for name in (*INSTANCES, ACCOUNT):
        with suppress(NotRunning):
            lifecycle.stop(stage.workspace.home, name)
    venue_process.stop(stage.workspace, EXCHANGE)
    left = _left(stage.workspace)
    if not left and not keep:
        _remove(stage.workspace, is_ours=stage.is_ours)
    return left


def _left(workspace: Workspace) -> list[int]:
    """Processes of any tree of this workspace that still run."""
    trees = [folder for folder in workspace.run.iterdir() if folder.is_dir()]
    return sorted(process.pid for folder in trees for process in recorded(folder) if process.is_running)


def _new_workspace(home: Path | None) -> tuple[Workspace, bool]:
    """Never the user's own: what runs there must not be disturbed."""
    if home is None:
        workspace = Workspace(Path(tempfile.mkdtemp(prefix="predator-quickstart-")))
    else:
        workspace = Workspace(home.expanduser().absolute())
        if workspace.exists:
            raise ConfigurationError(
                f"{workspace.home} is a workspace already; quickstart makes its own: "
                "name a new folder, or leave --home out"
            )
    create(workspace)
    return workspace, home is None


def _settings_with(workspace: Workspace, key: str, value: str) -> Settings:
    """The settings with one value of the local exchange changed in the file, so that a kept workspace is right."""
    text = workspace.settings_file.read_text(encoding="utf-8")
    changed, count = re.subn(rf"^(    {key}: )\S+", rf"\g<1>{value}", text, count=1, flags=re.MULTILINE)
    assert count == 1, f"the default settings have no {key}"
    workspace.settings_file.write_text(changed, encoding="utf-8")
    return load_settings(workspace.settings_file, {})


def _remove(workspace: Workspace, *, is_ours: bool) -> None:
    if is_ours:
        shutil.rmtree(workspace.home, ignore_errors=True)
